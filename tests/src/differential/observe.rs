//! What is seen of a call, as JSON in which nothing of the run's own is left.

use std::collections::BTreeSet;
use std::ffi::OsString;

use serde_json::{Value, json};

use super::case::{MEBIBYTE, NAMESPACE, NETNS};
use super::runs::{CONTAINER, Turn};
use crate::Answer;
use crate::recorder::Recorded;

/// How much of an error's text is kept, for people.
const TEXT: usize = 200;
/// What stands for all pairs of `CNI_ARGS` that the runtime hands over.
const RUNTIME: &str = "RUNTIME";

/// What a call answered and which delegates it called.
pub fn answer(verb: &str, answer: &Answer, turn: &Turn<'_>) -> Value {
    let calls: Vec<_> = turn.node.calls().iter().map(|recorded| call(recorded, turn)).collect();
    let mut seen = json!({"verb": verb, "calls": calls});
    let printed: Value = serde_json::from_str(&answer.stdout).unwrap_or_default();
    match answer.status {
        Some(0) => {
            seen["outcome"] = "ok".into();
            seen["result"] = printed;
        }
        // An error that is none is what a runtime sees of a crash.
        _ if printed["code"].is_null() => {
            seen["outcome"] = "crashes".into();
            let panic = answer.stderr.lines().find(|line| line.contains("panic"));
            seen["text"] = panic.unwrap_or_default().chars().take(TEXT).collect::<String>().into();
        }
        _ => {
            seen["outcome"] = "fails".into();
            seen["code"] = printed["code"].clone();
            let text = printed["msg"].as_str().unwrap_or_default();
            seen["text"] = text.chars().take(TEXT).collect::<String>().into();
        }
    }
    seen
}

fn call(call: &Recorded, turn: &Turn<'_>) -> Value {
    let pairs = |text: &str| -> BTreeSet<String> {
        text.split(';').filter(|pair| !pair.is_empty()).map(ToOwned::to_owned).collect()
    };
    // As a set: a pair that is there twice says nothing new.
    let (mut args, runtimes) = (pairs(call.var("CNI_ARGS")), pairs(&turn.args()));
    if args.is_superset(&runtimes) {
        args.retain(|pair| !runtimes.contains(pair));
        args.insert(RUNTIME.to_owned());
    }
    let mut seen = json!({"call": call.summary(), "args": args, "config": call.stdin});
    let netns = turn.world.netns.path();
    for (member, var, is) in
        [("container", "CNI_CONTAINERID", OsString::from(CONTAINER)), ("netns", "CNI_NETNS", netns.into_os_string())]
    {
        if is != *call.var(var) {
            seen[member] = call.var(var).into();
        }
    }
    seen
}

/// The observation without the names that only this run has.
pub fn without_the_run(seen: &Value, turn: &Turn<'_>) -> Value {
    let text = seen
        .to_string()
        .replace(&turn.world.netns.path().display().to_string(), NETNS)
        .replace(&turn.node.dir().display().to_string(), "NODE")
        .replace(&turn.case.namespace(), NAMESPACE)
        .replace(&"x".repeat(1 << 20), MEBIBYTE);
    let text = if turn.uid.is_empty() { text } else { text.replace(&turn.uid, "UID") };
    serde_json::from_str(&text).expect("names are put in the place of names")
}
