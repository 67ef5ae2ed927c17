//! Networks: can they be used, and are their plugins there?

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::{Map, Value};

use super::finding::{Finding, fail, ok, warn};
use super::site::Site;
use crate::cni::{NetworkList, get};
use crate::config::OWN_TYPE;
use crate::delegate;
use crate::network::Catalogue;

/// Where flanneld writes the node's subnet, unless `subnetFile` says otherwise.
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
    for network in &catalogue.networks {
        let problems: Vec<_> = problems(&network.list, &site.path)
            .into_iter()
            .map(|(what, advice)| fail(format!("network {:?} ({}): {what}", network.list.name, network.file), advice))
            .collect();
        if problems.is_empty() {
            let plugins = network.list.types().join(", ");
            found.push(ok(format!("network {:?} ({}): {plugins}", network.list.name, network.file)));
        }
        found.extend(problems);
    }
    found
}

/// Each with what to do about it.
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
                Ok(_) => {}
            }
        }
        if text(plugin, "type") == Some("flannel") {
            problems.extend(subnet(Path::new(text(plugin, "subnetFile").unwrap_or(SUBNET_FILE))));
        }
    }
    problems
}

/// The programs of a plugin: its own, its address manager, what flannel calls.
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
