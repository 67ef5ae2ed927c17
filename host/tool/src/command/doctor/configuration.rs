//! Our configuration: does the runtime use it, and is it right?

use super::finding::{Finding, fail, ok, some, warn};
use super::site::Site;
use genie_core::cni::{Version, get};
use genie_core::config::{is_draining, unknown_keys};
use genie_core::pod::ANNOTATIONS_CAPABILITY;
use genie_core::sources::PodSource;

/// The advice for what is wrong in the configuration.
pub const CORRECT: &str = "correct it: in the ConfigMap genie-config if the DaemonSet installed it, else in the file";

pub fn check(site: &Site) -> Vec<Finding> {
    let mut found = vec![in_force(site)];
    if site.file.is_none() {
        return found;
    }
    if is_draining(&site.map) {
        let what = "genie is being removed from this node: new pods get the node's own network";
        found.push(warn(what, "nothing; to keep genie, deploy its DaemonSet again"));
        return found;
    }
    match &site.config {
        Err(errors) => found.extend(errors.iter().map(|error| fail(error.to_string(), CORRECT))),
        Ok(config) => found.extend(annotations(site, &config.pods)),
    }
    let unknown = unknown_keys(&site.map);
    if !unknown.is_empty() {
        let what = format!("unknown keys are ignored: {}", some(&unknown));
        found.push(warn(what, "check their spelling, or remove them"));
    }
    found.extend(version(site));
    found
}

/// Whether our configuration is in force. Runtimes take the first file in the order of the names.
fn in_force(site: &Site) -> Finding {
    let dir = site.conf_dir.display();
    let files = match &site.files {
        Ok(files) => files,
        Err(error) => return fail(error.msg.clone(), "let root read it"),
    };
    let unusable = files.unusable.iter().map(|(name, _)| name);
    let all =
        files.networks.iter().map(|network| &network.file).chain(&files.own).chain(&files.loopback).chain(unusable);
    match (&site.file, all.min()) {
        (Some(file), Some(first)) if file == first => ok(format!("{dir}/{file} comes first: the runtime uses it")),
        (Some(file), Some(first)) => fail(
            format!("{dir}/{first} sorts before {file}: the runtime uses it and does not call genie"),
            "rename or remove it, or give ours a name that sorts before it",
        ),
        _ => {
            let reasons: Vec<_> = files.unusable.iter().map(|(name, reason)| format!("{name}: {reason}")).collect();
            let reasons = if reasons.is_empty() { String::new() } else { format!(" ({})", some(&reasons)) };
            fail(
                format!("{dir} holds no usable configuration of type \"genie\"{reasons}"),
                "install one: `genie-host install`; where the DaemonSet runs, /readyz of its pod says what it waits for",
            )
        }
    }
}

fn annotations(site: &Site, sources: &[PodSource]) -> Option<Finding> {
    let declared =
        get(&site.map, "capabilities").and_then(|all| all.get(ANNOTATIONS_CAPABILITY)?.as_bool()) == Some(true);
    if declared || !sources.contains(&PodSource::Runtime) {
        return declared.then(|| ok("the runtime hands pods' annotations over"));
    }
    let what = format!("the capability \"{ANNOTATIONS_CAPABILITY}\" is not declared");
    let advice = format!("add \"capabilities\": {{\"{ANNOTATIONS_CAPABILITY}\": true}}");
    Some(if sources.iter().all(|source| matches!(source, PodSource::Runtime | PodSource::Args)) {
        fail(format!("{what}: the annotations of pods are not seen"), advice)
    } else {
        warn(format!("{what}: annotations have to be asked for, which takes time and may fail"), advice)
    })
}

fn version(site: &Site) -> Option<Finding> {
    let written = get(&site.map, "cniVersion")?.as_str()?;
    // Results with more than one interface came with 0.3.0.
    (Version::parse(written)? < Version::V0_3_0).then(|| {
        let what = format!("cniVersion {written} has no room for more than one interface in a result");
        warn(what, "write \"cniVersion\": \"1.0.0\"")
    })
}
