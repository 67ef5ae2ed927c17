//! What is undone, and what is checked.

use serde_json::json;

use super::Known;
use super::seen::{Seen, begins_with, first_add, len, names, of_verb, only_in};

/// These.
pub const ALL: &[Known] = &[
    Known {
        name: "nothing-to-undo",
        shows: |seen| {
            seen.is("calls")
                && seen.our("verb") == "DEL"
                && seen.our("calls") == &json!([])
                && seen.before().is_none_or(|before| before["outcome"] == "fails" || before["verb"] == "DEL")
        },
    },
    Known {
        name: "del-of-what-was-added",
        shows: |seen| is_fewer(seen) || is_of_another(seen) || is_rolled_back(seen),
    },
    Known {
        name: "undone-when-a-route-fails",
        shows: |seen| {
            let is_route = seen.our("text").as_str().is_some_and(|text| text.contains("default route: "));
            seen.is("calls")
                && seen.our("verb") == "ADD"
                && seen.our("outcome") == "fails"
                && is_route
                && begins_with(&seen.difference.ours, &seen.difference.theirs)
                && undoes_all(seen)
        },
    },
    Known {
        name: "del-after-a-refusal-succeeds",
        shows: |seen| {
            ["outcome", "code"].contains(&seen.what())
                && seen.our("verb") == "DEL"
                && seen.our("outcome") == "ok"
                && seen.their("outcome") == "fails"
                && first_add(seen.ours)["outcome"] == "fails"
        },
    },
    Known {
        name: "check-of-every-network",
        shows: |seen| {
            let (theirs, ours) = (seen.their("calls"), seen.our("calls"));
            let more = len(ours) > len(theirs) && names_only_in(seen).is_empty();
            // Who is not asked has nothing to say.
            let fails = ["outcome", "code"].contains(&seen.what())
                && seen.their("outcome") == "ok"
                && seen.our("outcome") == "fails";
            seen.our("verb") == "CHECK" && more && (seen.is("calls") || fails)
        },
    },
    Known {
        name: "arguments-on-del",
        shows: |seen| {
            let further = only_in(&seen.difference.ours, &seen.difference.theirs);
            seen.is_told("args")
                && seen.is_del()
                && !further.is_empty()
                && further.iter().all(super::told::is_legacy)
                && only_in(&seen.difference.theirs, &seen.difference.ours).is_empty()
        },
    },
    Known {
        name: "requests-on-del",
        shows: |seen| {
            if seen.is_told("config.runtimeConfig.portMappings[") && seen.is_del() {
                // Those of the pod stand where the network's own were.
                return !seen.case.members("runtimeConfig").is_empty();
            }
            let requests =
                ["config.runtimeConfig", "config.runtimeConfig.portMappings", "config.runtimeConfig.bandwidth"];
            requests.contains(&seen.inner()) && seen.is_del() && seen.difference.theirs.is_null()
        },
    },
];

/// The names of calls that only Multus makes.
fn names_only_in(seen: &Seen<'_>) -> Vec<serde_json::Value> {
    let names = |calls: &serde_json::Value| json!(names(&json!({"calls": calls})));
    only_in(&names(seen.their("calls")), &names(seen.our("calls")))
}

/// Calls that were refused, or that a DEL before has made, are not made again.
fn is_fewer(seen: &Seen<'_>) -> bool {
    let (theirs, ours) = (&seen.difference.theirs, &seen.difference.ours);
    seen.is("calls")
        && (seen.our("verb") == "DEL" || seen.our("outcome") == "fails")
        && only_in(ours, theirs).is_empty()
        && len(ours) < len(theirs)
}

/// The same call is there twice, and one of the two was of another network.
fn is_of_another(seen: &Seen<'_>) -> bool {
    let calls = seen.their("calls").as_array().into_iter().flatten();
    let twice = calls.filter(|call| call["call"] == seen.their_call()["call"]);
    seen.is_told("config.") && seen.is_del() && twice.count() > 1
}

/// In a roll-back: exactly what ran, in reverse.
fn is_rolled_back(seen: &Seen<'_>) -> bool {
    let is_route = seen.our("text").as_str().is_some_and(|text| text.contains("default route: "));
    seen.is("calls") && seen.our("verb") == "ADD" && seen.our("outcome") == "fails" && !is_route && undoes_all(seen)
}

fn undoes_all(seen: &Seen<'_>) -> bool {
    let ours = json!({"calls": seen.our("calls")});
    let (done, undone) = (of_verb(&ours, "ADD"), of_verb(&ours, "DEL"));
    !undone.is_empty() && undone.into_iter().rev().eq(done)
}
