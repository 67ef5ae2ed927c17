//! The pod is refused: by us, by both in another way, or by Multus alone.

use serde_json::{Value, json};

use super::Known;
use super::seen::{DENIED, INVALID, Seen, first_add, names};
use crate::differential::Case;

/// These, by what a refusal says.
pub const ALL: &[Known] = &[
    Known {
        name: "isolation-of-every-way",
        shows: |seen| seen.their("outcome") == "ok" && seen.refuses(DENIED, "was not granted"),
    },
    Known {
        name: "unknown-capability",
        shows: |seen| seen.refused("no plugin of the network declares that capability"),
    },
    Known { name: "no-empty-addresses", shows: |seen| seen.refused("ips: is empty") },
    Known { name: "hardware-address-of-six-bytes", shows: |seen| seen.refused("is no hardware address of 6 bytes") },
    Known { name: "guid-of-eight-bytes", shows: |seen| seen.refused("is no GUID of 8 bytes") },
    Known { name: "port-mappings-checked", shows: |seen| seen.refused("portMappings: ") },
    Known { name: "bandwidth-checked", shows: |seen| seen.refused("bandwidth: ") },
    Known { name: "claim-or-addresses", shows: |seen| seen.refused("ipam-claim-reference: stands beside ips") },
    Known { name: "interface-checked", shows: |seen| seen.refused("is no interface name") },
    Known { name: "interface-twice", shows: |seen| seen.refused("interface ") && seen.refused(": give each its own") },
    Known {
        name: "interface-of-the-default-network",
        shows: |seen| seen.refused("is the interface of the pod's default network"),
    },
    Known { name: "key-twice", shows: |seen| seen.refused("stands twice") },
    Known { name: "keys-as-written", shows: |seen| seen.refused("has no \"name\"") },
    Known { name: "blank-annotation", shows: is_blank },
    Known { name: "panic", shows: |seen| is_panic(seen, "ADD") || is_panic(seen, "DEL") },
    Known {
        name: "error-code",
        shows: |seen| seen.is("code") && seen.difference.theirs == 999 && seen.our("outcome") == "fails",
    },
    Known {
        name: "checked-before-anything-runs",
        shows: |seen| {
            let fails = seen.their("outcome") == "fails" && seen.our("outcome") == "fails";
            seen.is("calls") && fails && seen.our("calls") == &json!([])
        },
    },
];

/// Multus refuses a pod with a blank annotation, and we give it the default network alone. So its DEL has no result
/// to hand over.
fn is_blank(seen: &Seen<'_>) -> bool {
    let blank = |text: &Value| text.as_str().is_some_and(|text| text.trim().is_empty());
    let verb = seen.our("verb").as_str().unwrap_or_default();
    let is_default = names(&json!({"calls": seen.our("calls")})) == [format!("{verb} main@eth0")];
    let result = verb == "DEL" && seen.inner() == "config.prevResult" && seen.difference.theirs.is_null();
    seen.case.members("annotations").values().any(blank)
        && first_add(seen.theirs)["outcome"] == "fails"
        && seen.our("outcome") == "ok"
        && is_default
        && (verb == "ADD" || result)
}

/// Multus crashes before it has called anybody, at something that is wrong in a known way. We refuse the pod with
/// the place of it, so there is nothing to undo. That is all that is different.
fn is_panic(seen: &Seen<'_>, verb: &str) -> bool {
    let none = json!([]);
    let crashes = seen.their("outcome") == "crashes" && seen.their("calls") == &none;
    let answers = match verb {
        "ADD" => {
            let text = seen.our("text").as_str().unwrap_or_default();
            let told = PANICS.iter().any(|panic| (panic.is_wrong)(seen.case) && text.contains(panic.place));
            let refuses = seen.our("outcome") == "fails" && seen.our("code") == INVALID;
            (seen.is("outcome") || seen.is("code")) && refuses && told
        }
        _ => seen.is("outcome") && seen.our("outcome") == "ok",
    };
    crashes && seen.our("verb") == verb && seen.our("calls") == &none && answers
}

/// At what Multus crashes.
struct Panic {
    /// Whether this is wrong in a case.
    is_wrong: fn(&Case) -> bool,
    /// The place that we name.
    place: &'static str,
}

const PANICS: [Panic; 5] = [
    Panic { is_wrong: |case| annotated(case, "[null]"), place: "line 1 column 5" },
    Panic { is_wrong: |case| annotated(case, "[]"), place: "v1.multus-cni.io/default-network" },
    Panic { is_wrong: |case| defined(case, r#""plugins":[]"#), place: "plugins" },
    Panic { is_wrong: |case| defined(case, r#""plugins":[null]"#), place: "plugins" },
    Panic {
        is_wrong: |case| defined(case, r#""args":"str""#) || defined(case, r#""args":{"cni":"str"}"#),
        place: "args",
    },
];

fn annotated(case: &Case, text: &str) -> bool {
    case.annotations().values().any(|written| written == text)
}

fn defined(case: &Case, part: &str) -> bool {
    case.definitions().iter().any(|definition| definition.config.as_ref().is_some_and(|config| config.contains(part)))
}
