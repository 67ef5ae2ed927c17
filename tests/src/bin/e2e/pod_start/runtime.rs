//! Reads from containerd's log how long pods took to start.

use std::collections::BTreeMap;
use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};
use genie_tests::cluster::ClusterNode;

/// The time from the call that makes a pod's sandbox to the start of its container, by the pod's
/// name.
pub fn starts(node: &ClusterNode) -> Result<BTreeMap<String, Duration>> {
    let log = node.log("containerd");
    let text = fs::read_to_string(&log).with_context(|| log.display().to_string())?;
    // In the log, quotation marks of messages are escaped.
    let text = text.replace("\\\"", "\"");
    let mut pods = BTreeMap::new();
    let mut by_id = BTreeMap::new();
    let mut starts = BTreeMap::new();
    for line in text.lines() {
        let Some(time) = between(line, "time=\"", "Z\"").and_then(seconds) else { continue };
        if let Some(name) = between(line, "RunPodSandbox for &PodSandboxMetadata{Name:", ",") {
            match between(line, "returns sandbox id \"", "\"") {
                Some(sandbox) => _ = by_id.insert(sandbox, name),
                None => _ = pods.insert(name, time),
            }
        } else if let Some(container) = between(line, "returns container id \"", "\"") {
            let sandbox = between(line, "CreateContainer within sandbox \"", "\"");
            if let Some(name) = sandbox.and_then(|sandbox| by_id.get(sandbox)).copied() {
                by_id.insert(container, name);
            }
        } else if line.contains("returns successfully") {
            let container = between(line, "StartContainer for \"", "\"");
            let name = container.and_then(|container| by_id.get(container)).copied();
            if let Some((name, since)) = name.and_then(|name| pods.get_key_value(name)) {
                starts.insert((*name).to_owned(), Duration::from_secs_f64((time - since).rem_euclid(DAY)));
            }
        }
    }
    Ok(starts)
}

const DAY: f64 = 86400.0;

fn between<'a>(line: &'a str, before: &str, after: &str) -> Option<&'a str> {
    let (_, rest) = line.split_once(before)?;
    rest.split_once(after).map(|(found, _)| found)
}

/// The seconds since midnight of a time such as `2026-01-31T23:59:58.123`.
fn seconds(time: &str) -> Option<f64> {
    let (_, clock) = time.split_once('T')?;
    clock.split(':').try_fold(0.0, |sum, part| Some(sum * 60.0 + part.parse::<f64>().ok()?))
}
