//! Networks: can they be used, and do their plugins exist?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Map, Value};

use super::finding::{Finding, fail, ok, warn};
use super::names;
use super::site::Site;
use genie_core::cni::{NetworkList, get};
use genie_core::config::{OWN_TYPE, is_draining};
use genie_core::delegate;
use genie_core::network::{Catalogue, Installed};

/// The capabilities by which a runtime hands over what a pod has for its network, above all host
/// ports.
const HANDED_OVER: [&str; 2] = ["portMappings", "bandwidth"];

/// The file where flanneld writes the node's subnet, unless `subnetFile` names another.
const SUBNET_FILE: &str = "/run/flannel/subnet.env";

pub fn check(site: &Site) -> Vec<Finding> {
    let dir = &site.paths.conf_dir;
    let catalogue = match Catalogue::load(dir, &[OWN_TYPE]) {
        Ok(catalogue) => catalogue,
        Err(error) => return vec![fail(error.msg, "let root read it")],
    };
    let mut found = Vec::new();
    for (file, reason) in &catalogue.unusable {
        found.push(warn(format!("{}/{file} is left out: {reason}", dir.display()), "correct or remove it"));
    }
    for (file, reason) in &catalogue.misnamed {
        found.push(warn(format!("{}: {reason}", dir.display()), format!("rename {file}")));
    }
    if catalogue.networks.is_empty() {
        let what = format!("{} holds no network that a pod could get", dir.display());
        found.push(fail(what, "install one, such as 10-flannel.conflist of flannel"));
    }
    found.extend(names::ambiguous(&catalogue.networks));
    for network in &catalogue.networks {
        let doubts = [without_version(dir, network), without_capability(site, network)];
        found.extend(doubts.into_iter().flatten());
        let problems: Vec<_> = problems(&network.list, &site.path)
            .into_iter()
            .map(|(what, advice)| fail(format!("{}: {what}", named(network)), advice))
            .collect();
        if problems.is_empty() {
            let plugins = network.list.types().join(", ");
            found.push(ok(format!("{}: {plugins}", named(network))));
        }
        found.extend(problems);
    }
    found
}

/// A warning for a network without a version: results of the version that is then assumed hold less
/// than plugins could tell.
fn without_version(dir: &Path, network: &Installed) -> Option<Finding> {
    let config: Map<String, Value> = serde_json::from_slice(&fs::read(dir.join(&network.file)).ok()?).ok()?;
    get(&config, "cniVersion").is_none().then(|| {
        let assumed = network.list.cni_version;
        let what = format!("{} has no cniVersion: {assumed} is assumed", named(network));
        warn(what, "write the newest that its plugins speak into it, such as \"cniVersion\": \"1.0.0\"")
    })
}

/// A warning for a capability that the network declares and our configuration does not: the runtime
/// does not hand it over to us, so we cannot hand it on to the network.
fn without_capability(site: &Site, network: &Installed) -> Option<Finding> {
    if site.file.is_none() || is_draining(&site.map) {
        return None;
    }
    let ours = get(&site.map, "capabilities").and_then(Value::as_object);
    let is_ours = |name: &str| ours.and_then(|ours| ours.get(name)?.as_bool()) == Some(true);
    let declared = network.list.capabilities();
    let lacking: Vec<_> = HANDED_OVER.iter().filter(|name| declared.contains(**name) && !is_ours(name)).collect();
    let first = lacking.first()?;
    let names: Vec<_> = lacking.iter().map(|name| format!("{name:?}")).collect();
    let what = format!(
        "{} declares the capability {}, which our configuration does not: the runtime hands none over, and pods go \
         without",
        named(network),
        names.join(" and ")
    );
    Some(warn(what, format!("add \"capabilities\": {{{first:?}: true}} to ours")))
}

fn named(network: &Installed) -> String {
    format!("network {:?} ({})", network.list.name, network.file)
}

/// Problems of a network, each with advice.
fn problems(list: &NetworkList, path: &[std::path::PathBuf]) -> Vec<(String, String)> {
    let mut problems = Vec::new();
    for plugin in &list.plugins {
        for kind in programs(plugin) {
            match delegate::find(&kind, path) {
                Err(error) => problems.push((error.msg, "pods that ask for this network fail until then".into())),
                Ok(program) if !is_executable(&program) => {
                    let program = program.display();
                    problems.push((format!("{program} is not executable"), format!("chmod +x {program}")));
                }
                Ok(program) => problems.extend(delegate::missing(&program).map(|why| {
                    let advice = "pods that ask for this network fail until then";
                    (format!("{} cannot be started: {why}", program.display()), advice.into())
                })),
            }
        }
        if text(plugin, "type") == Some("flannel") {
            problems.extend(subnet(Path::new(text(plugin, "subnetFile").unwrap_or(SUBNET_FILE))));
        }
    }
    problems
}

/// The programs of a plugin: its own, that of its IPAM, and those that flannel calls.
fn programs(plugin: &Map<String, Value>) -> Vec<String> {
    let inner = |key| get(plugin, key).and_then(Value::as_object).and_then(|object| text(object, "type"));
    let mut programs: Vec<_> = text(plugin, "type").into_iter().chain(inner("ipam")).collect();
    if text(plugin, "type") == Some("flannel") {
        programs.extend([inner("delegate").unwrap_or("bridge"), "host-local"]);
    }
    programs.into_iter().filter(|kind| !kind.is_empty()).map(ToOwned::to_owned).collect()
}

fn subnet(file: &Path) -> Option<(String, String)> {
    let shown = file.display();
    let advice = "look at flanneld on this node: it writes that file when it has a subnet";
    match fs::read_to_string(file) {
        Ok(text) if text.lines().any(|line| line.starts_with("FLANNEL_SUBNET=")) => None,
        Ok(_) => Some((format!("{shown} names no FLANNEL_SUBNET"), advice.into())),
        Err(error) => Some((format!("flannel's {shown} cannot be read: {error}"), advice.into())),
    }
}

fn text<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a str> {
    get(object, key).and_then(Value::as_str)
}

fn is_executable(program: &Path) -> bool {
    fs::metadata(program).is_ok_and(|metadata| metadata.permissions().mode() & 0o111 != 0)
}
