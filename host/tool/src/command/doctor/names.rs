//! Names of networks that could mean several networks.

use std::collections::BTreeSet;

use genie_selector::{Network, Request};

use super::super::meant;
use super::finding::{Finding, warn};
use genie_core::network::Installed;

/// A warning for each name that several files could have, by the selectors' rules for names.
pub fn ambiguous(networks: &[Installed]) -> Vec<Finding> {
    let all = request(networks.iter());
    let names: BTreeSet<_> = networks.iter().flat_map(names).collect();
    names.iter().filter_map(|name| told(name, networks, &all)).collect()
}

fn told(name: &str, networks: &[Installed], all: &Request) -> Option<Finding> {
    let meant = &all.find_network(name)?.file;
    // Other networks that have the name, too: it would mean them if they were alone.
    let has = |network: &&Installed| network.file != *meant && means(network, name);
    let others: Vec<_> = networks.iter().filter(has).map(|network| network.file.clone()).collect();
    let other = others.first()?;
    let what = format!("{name:?} means {meant}; {} could be called that, too", others.join(" and "));
    let advice = format!("write {other} where that one is meant, or remove or rename one of the files");
    Some(warn(what, advice))
}

fn means(network: &Installed, name: &str) -> bool {
    let mut alone = request(std::iter::once(network));
    // Networks share no name just because they have a plugin in common.
    alone.networks.iter_mut().for_each(|network| network.plugins.clear());
    alone.find_network(name).is_some()
}

/// The names that people would use: the name in the file, and the file's name without number and
/// extension.
fn names(network: &Installed) -> [String; 2] {
    let stem = network.file.rsplit_once('.').map_or(&*network.file, |(stem, _)| stem);
    let short = match stem.split_once('-') {
        Some((number, rest)) if number.bytes().all(|byte| byte.is_ascii_digit()) => rest,
        _ => stem,
    };
    [network.list.name.clone(), short.to_owned()]
}

fn request<'a>(networks: impl Iterator<Item = &'a Installed>) -> Request {
    let networks = networks.map(|network| Network {
        name: network.list.name.clone(),
        file: network.file.clone(),
        plugins: network.list.types().into_iter().map(ToOwned::to_owned).collect(),
        cni_version: String::new(),
        capabilities: Vec::new(),
    });
    meant::request(networks.collect(), Vec::new())
}
