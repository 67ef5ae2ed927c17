//! Compares attachment records with what exists.

use std::path::Path;

use super::finding::{Finding, fail, ok, some, warn};
use super::site::Site;
use genie_core::cni::Verb;
use genie_core::config::OWN_TYPE;
use genie_core::record::adopted;
use genie_core::record::{Listed, Record, Store};
use genie_core::routes;

/// What is wrong with a container's attachments.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Problem {
    EarlierBoot,
    NoNamespace,
    Incomplete,
    HalfDeleted,
    /// These interfaces do not exist.
    NoInterface(Vec<String>),
}

pub fn check(site: &Site) -> Vec<Finding> {
    recorded(site).into_iter().chain(unrecorded(site)).collect()
}

/// Containers that the runtime attached without us: before genie-host was installed, or while it
/// was being removed.
fn unrecorded(site: &Site) -> Option<Finding> {
    let paths = &site.paths;
    let found = match adopted::without_record(&paths.cni_cache_dir, &paths.state_dir, &[OWN_TYPE], |netns| {
        Path::new(netns).exists()
    }) {
        Ok(found) => found,
        Err(error) => return Some(fail(error.to_string(), "run this as root")),
    };
    let names: Vec<_> = found.iter().map(|adopted| named(&adopted.container, adopted.pod())).collect();
    (!names.is_empty()).then(|| {
        warn(
            format!("{} containers were attached without genie: {}", names.len(), some(&names)),
            "nothing of theirs is lost, their DEL undoes it from what libcni keeps; delete the pods if they shall \
             get the networks that genie gives",
        )
    })
}

fn recorded(site: &Site) -> Vec<Finding> {
    if !site.paths.state_dir.join("records").is_dir() {
        return vec![ok("nothing is attached")];
    }
    let read = |store: Store| Ok((store.list()?, store.others()?));
    let (entries, others) = match Store::read_only(&site.paths.state_dir).and_then(read) {
        Ok(read) => read,
        Err(error) => return vec![fail(error.to_string(), "run this as root")],
    };
    let now = genie_core::time::now();
    let (mut found, mut sound, mut problems) = (Vec::new(), 0, Vec::new());
    for entry in entries {
        match entry {
            Listed::Damaged { error, .. } => {
                let advice = "take away what its networks left (addresses, interfaces), then remove that file";
                found.push(fail(error.to_string(), advice));
            }
            Listed::Record(record) => match problem(&record, now, site.paths.time(Verb::Add).as_secs()) {
                None => sound += 1,
                Some(problem) => problems.push((name(&record), problem)),
            },
        }
    }
    if !others.is_empty() {
        let names: Vec<_> = others.iter().map(|path| path.display().to_string()).collect();
        let what = format!("{} among the attachment records are no files: {}", names.len(), some(&names));
        found.push(warn(what, "nothing of genie-host made them, and nothing reads them: take them away"));
    }
    found.extend(told(&problems));
    if sound > 0 || found.is_empty() {
        found.insert(0, ok(format!("{sound} containers are attached as recorded")));
    }
    found
}

fn problem(record: &Record, now: u64, timeout: u64) -> Option<Problem> {
    let header = &record.header;
    let left = record.remaining();
    if header.is_of_earlier_boot() {
        return Some(Problem::EarlierBoot);
    }
    let young = header.created + timeout > now;
    if record.outcome().is_none() {
        // The ADD may still run.
        return (!young).then_some(Problem::Incomplete);
    }
    if left.len() < header.attachments.len() {
        return Some(Problem::HalfDeleted);
    }
    if header.netns.is_empty() {
        return None;
    }
    if !Path::new(&header.netns).exists() {
        return Some(Problem::NoNamespace);
    }
    // A namespace that cannot be looked into is no finding.
    let there = routes::interface_names(&header.netns).ok()?;
    let planned = left.iter().filter_map(|index| header.attachments.get(*index));
    let missing: Vec<_> =
        planned.map(|planned| &planned.interface).filter(|name| !there.contains(*name)).cloned().collect();
    (!missing.is_empty()).then_some(Problem::NoInterface(missing))
}

/// Makes one finding of equal problems.
fn told(problems: &[(String, Problem)]) -> Vec<Finding> {
    let of = |wanted: &Problem| -> Vec<String> {
        problems.iter().filter(|(_, problem)| problem == wanted).map(|(name, _)| name.clone()).collect()
    };
    let cleans = "the agent takes them away within two minutes: see whether it runs, and what it logs";
    let kinds = [
        (Problem::EarlierBoot, "are of an earlier boot: their addresses are still taken", cleans),
        (Problem::NoNamespace, "have no network namespace any more, and no DEL came", cleans),
        (Problem::Incomplete, "were never attached completely: their ADD was killed", "the runtime's DEL undoes them"),
        (
            Problem::HalfDeleted,
            "are taken away in part: a network's DEL fails",
            "see the runtime's or the agent's log for that network's words; what is left is tried again",
        ),
    ];
    let mut found = Vec::new();
    for (problem, what, advice) in kinds {
        let names = of(&problem);
        if !names.is_empty() {
            found.push(warn(format!("{} containers {what}: {}", names.len(), some(&names)), advice));
        }
    }
    for (name, problem) in problems {
        if let Problem::NoInterface(missing) = problem {
            let what = format!("{name} has lost its interface {}: it has no network", missing.join(", "));
            found.push(fail(what, "delete the pod: another one gets it anew"));
        }
    }
    found
}

fn name(record: &Record) -> String {
    let header = &record.header;
    named(&header.container, header.pod.as_ref().map(|pod| format!("{}/{}", pod.namespace, pod.name)))
}

fn named(container: &str, pod: Option<String>) -> String {
    let container: String = container.chars().take(13).collect();
    match pod {
        Some(pod) => format!("{pod} ({container})"),
        None => container,
    }
}
