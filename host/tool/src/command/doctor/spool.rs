//! Refused pods that wait for the agent to report them.

use std::fs;

use super::finding::{Finding, ok, warn};
use super::site::Site;
use genie_core::report::spool::RefusedPod;

/// The age from which a refusal is late, in seconds. The agent takes them within seconds.
const LATE: u64 = 60;
/// How many of the newest are shown.
const SHOWN: usize = 10;

pub fn check(site: &Site) -> Vec<Finding> {
    let now = genie_core::time::now();
    // The files are read here, because `Spool::list` removes those that are damaged.
    let files = fs::read_dir(site.paths.state_dir.join("spool")).into_iter().flatten().flatten();
    let files = files.map(|entry| entry.path()).filter(|path| path.extension().is_some_and(|end| end == "json"));
    let mut late: Vec<RefusedPod> = files
        .filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok())
        .filter(|refusal: &RefusedPod| refusal.time + LATE < now)
        .collect();
    if late.is_empty() {
        return vec![ok("no refusal waits to be told")];
    }
    late.sort_by_key(|refusal| std::cmp::Reverse(refusal.time));
    let what = format!("{} refused pods wait to get their event", late.len());
    let mut found = vec![warn(what, "the agent makes events of them: see whether it runs, and what it logs")];
    found.extend(late.iter().take(SHOWN).map(|refusal| {
        let minutes = now.saturating_sub(refusal.time) / 60;
        let (pod, code, message) = (&refusal.pod, refusal.code, &refusal.message);
        let what = format!("{}/{} was refused {minutes} min ago: {message} (code {code})", pod.namespace, pod.name);
        warn(what, "correct what it says; the runtime tries again by itself")
    }));
    found
}
