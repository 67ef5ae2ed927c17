//! What users are told.

use anyhow::{Result, ensure};

use super::Group;
use crate::trial::{Pod, Trial};

pub const CASES: Group = &[("malformed-annotation", malformed), ("unknown-network", unknown)];

fn malformed(trial: &Trial) -> Result<()> {
    trial.create([Pod::new("wrong").cni("calico,,=flannel")])?;
    let message = await_event(trial, "wrong", "InvalidNetworkAnnotation")?;
    ensure!(message.contains("cni") && message.contains("calico,,=flannel"), "the event says: {message}");
    heals(trial, "wrong")
}

fn unknown(trial: &Trial) -> Result<()> {
    trial.create([Pod::new("unknown").cni("no-such-network")])?;
    let message = await_event(trial, "unknown", "InvalidNetworkAnnotation")?;
    ensure!(message.contains("no-such-network"), "the event says: {message}");
    heals(trial, "unknown")
}

/// Corrects the annotation. The same pod must then come up.
fn heals(trial: &Trial, pod: &str) -> Result<()> {
    let uid = trial.kubectl.get(&["pod", pod])?["metadata"]["uid"].clone();
    trial.kubectl.run(&["annotate", "pod", pod, "--overwrite", "cni=flannel"])?;
    let healed = trial.await_ready(pod)?;
    ensure!(healed["metadata"]["uid"] == uid, "it is another pod");
    Ok(())
}

/// Waits for an event of ours on a pod and returns its message.
pub fn await_event(trial: &Trial, pod: &str, reason: &str) -> Result<String> {
    let selector = format!("--field-selector=involvedObject.name={pod},reason={reason}");
    let events = trial.kubectl.await_object(&["events", &selector], |events| {
        let none = events["items"].as_array().is_none_or(Vec::is_empty);
        none.then(|| format!("no event {reason}"))
    })?;
    Ok(events["items"][0]["message"].as_str().unwrap_or_default().to_owned())
}
