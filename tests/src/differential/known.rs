//! The known differences. Why each is one is in `docs/multus-differences.md`; here is how it shows.

#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "members of JSON, and no files")]

use std::collections::BTreeSet;
use std::fmt;

use serde_json::Value;

use super::Case;
use super::differences::{Difference, differences};

/// A difference that has a reason.
pub struct Known {
    /// Its name, which the document has, too.
    pub name: &'static str,
    /// Whether this is it.
    shows: fn(&Seen<'_>) -> bool,
}

/// A difference, and where it was seen.
struct Seen<'s> {
    case: &'s Case,
    theirs: &'s Value,
    ours: &'s Value,
    difference: &'s Difference,
}

/// What a comparison has given.
#[derive(Debug)]
pub struct Compared {
    /// The case's name.
    pub case: String,
    /// The names of the known differences.
    pub known: BTreeSet<&'static str>,
    /// The others.
    pub unknown: Vec<Difference>,
}

impl fmt::Display for Compared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: known {:?}, and", self.case, self.known)?;
        self.unknown.iter().try_for_each(|difference| write!(f, "\n    {difference}"))
    }
}

/// Compares what both did in a case.
pub fn compare(case: &Case, theirs: &Value, ours: &Value) -> Compared {
    let mut compared = Compared { case: case.name().to_owned(), known: BTreeSet::new(), unknown: Vec::new() };
    for difference in differences(theirs, ours) {
        let seen = Seen { case, theirs, ours, difference: &difference };
        match ALL.iter().find(|known| (known.shows)(&seen)) {
            Some(known) => _ = compared.known.insert(known.name),
            None => compared.unknown.push(difference),
        }
    }
    compared
}

/// The first ADD of an observation.
fn first_add(of: &Value) -> &Value {
    let steps = of["steps"].as_array();
    steps.and_then(|steps| steps.iter().find(|step| step["verb"] == "ADD")).unwrap_or(&Value::Null)
}

impl Seen<'_> {
    /// The step of a difference, as `of` has it.
    fn step<'s>(&self, of: &'s Value) -> &'s Value {
        &of["steps"][self.index()]
    }

    /// Multus' call in which the difference is.
    fn their_call(&self) -> &Value {
        let number = self.what().strip_prefix("calls[").and_then(|rest| rest.split(']').next()?.parse::<usize>().ok());
        &self.step(self.theirs)["calls"][number.unwrap_or(usize::MAX)]
    }

    /// Whether the difference is in what a plugin was told to undo.
    fn is_del(&self) -> bool {
        self.their_call()["call"].as_str().is_some_and(|call| call.starts_with("DEL"))
    }

    fn index(&self) -> usize {
        let number = self.difference.place.split(['[', ']']).nth(1).unwrap_or_default();
        number.parse().unwrap_or_default()
    }

    /// What is different in the step: `code`, `calls`, `calls[0].config.ipam`.
    fn what(&self) -> &str {
        self.difference.place.split_once("].").map_or("", |(_, what)| what)
    }

    fn their(&self, member: &str) -> &Value {
        &self.step(self.theirs)[member]
    }

    fn our(&self, member: &str) -> &Value {
        &self.step(self.ours)[member]
    }

    /// Whether Multus did what it was told, and genie refuses the pod and says this.
    fn refused(&self, says: &str) -> bool {
        self.their("outcome") == "ok" && self.refuses(says)
    }

    fn refuses(&self, says: &str) -> bool {
        self.our("outcome") == "fails" && self.our("text").as_str().is_some_and(|text| text.contains(says))
    }
}

/// Whether a list is another with something behind it.
fn begins_with(longer: &Value, shorter: &Value) -> bool {
    match (longer.as_array(), shorter.as_array()) {
        (Some(longer), Some(shorter)) => longer.starts_with(shorter),
        _ => shorter.is_null(),
    }
}

/// Whether this is a pair of `CNI_ARGS` by which addresses were asked for before there were
/// capabilities.
fn is_legacy(pair: &Value) -> bool {
    pair.as_str().is_some_and(|pair| pair.starts_with("IP=") || pair.starts_with("MAC="))
}

/// What only one of two lists has.
fn only_in(one: &Value, other: &Value) -> Vec<Value> {
    let other = other.as_array().cloned().unwrap_or_default();
    one.as_array().into_iter().flatten().filter(|member| !other.contains(member)).cloned().collect()
}

/// All known differences. The first that a difference is counts.
pub const ALL: &[Known] = &[
    // Refusals by what they say; a refused pod differs in all that follows.
    Known { name: "isolation-of-every-way", shows: |seen| seen.refused("was not granted") },
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
    // Pods that Multus refuses, or does not attach at all.
    Known {
        name: "blank-annotation",
        shows: |seen| {
            let blank = |text: &Value| text.as_str().is_some_and(|text| text.trim().is_empty());
            let is_blank = seen.case.members("annotations").values().any(blank);
            is_blank && first_add(seen.theirs)["outcome"] == "fails" && first_add(seen.ours)["outcome"] == "ok"
        },
    },
    Known {
        name: "pod-of-the-runtime",
        shows: |seen| {
            // The pod at the API server is another one, or none.
            let gone =
                first_add(seen.theirs)["calls"] == serde_json::json!([]) && first_add(seen.ours)["outcome"] == "ok";
            gone && (seen.case.text("uid") == "other" || seen.case.value()["steps"][0].is_object())
        },
    },
    // Both refuse the pod.
    Known {
        name: "error-code",
        shows: |seen| seen.what() == "code" && seen.difference.theirs == 999 && seen.our("outcome") == "fails",
    },
    Known { name: "panic", shows: |seen| seen.their("outcome") == "crashes" },
    Known {
        name: "checked-before-anything-runs",
        shows: |seen| {
            seen.what() == "calls"
                && seen.their("outcome") == "fails"
                && seen.our("outcome") == "fails"
                && seen.our("calls") == &serde_json::json!([])
        },
    },
    Known {
        name: "nothing-to-undo",
        shows: |seen| {
            let before = seen.index().checked_sub(1).map(|before| &seen.ours["steps"][before]);
            seen.what().starts_with("calls")
                && seen.our("verb") == "DEL"
                && seen.our("calls") == &serde_json::json!([])
                && before.is_none_or(|before| before["outcome"] == "fails" || before["verb"] == "DEL")
        },
    },
    Known {
        name: "del-of-what-was-added",
        shows: |seen| {
            // Calls that were refused, or that a DEL before has made, are not made again.
            let fewer = only_in(&seen.difference.ours, &seen.difference.theirs).is_empty();
            seen.what() == "calls"
                && fewer
                && (seen.our("verb") == "DEL" || seen.our("outcome") == "fails")
                && seen.difference.ours.as_array().map(Vec::len) < seen.difference.theirs.as_array().map(Vec::len)
        },
    },
    Known {
        name: "del-of-what-was-added",
        shows: |seen| {
            // The same call is there twice, and one of the two was of another network.
            let twice = seen
                .their("calls")
                .as_array()
                .into_iter()
                .flatten()
                .filter(|call| call["call"] == seen.their_call()["call"]);
            seen.what().contains(".config.")
                && seen.their_call()["call"].as_str().is_some_and(|call| call.starts_with("DEL"))
                && twice.count() > 1
        },
    },
    Known {
        name: "del-of-what-was-added",
        shows: |seen| {
            // In a roll-back: exactly what ran, in reverse.
            let calls: Vec<_> = seen.our("calls").as_array().into_iter().flatten().collect();
            let names = |verb: &str| -> Vec<&str> {
                let names = calls.iter().filter_map(|call| call["call"].as_str());
                names.filter_map(|name| name.strip_prefix(verb)).collect()
            };
            let undone: Vec<_> = names("DEL ").into_iter().rev().collect();
            seen.what() == "calls"
                && seen.our("verb") == "ADD"
                && seen.our("outcome") == "fails"
                && !undone.is_empty()
                && undone == names("ADD ")
                && !seen.refuses("default route: ")
        },
    },
    Known {
        name: "undone-when-a-route-fails",
        shows: |seen| {
            seen.what() == "calls"
                && seen.refuses("default route: ")
                && begins_with(&seen.difference.ours, &seen.difference.theirs)
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
            seen.our("verb") == "CHECK"
                && seen.our("calls").as_array().map(Vec::len) > seen.their("calls").as_array().map(Vec::len)
        },
    },
    // Which network, and on which interface.
    Known {
        name: "list-before-file",
        shows: |seen| {
            seen.case.members("files").len() > 1 && (seen.what() == "calls" || seen.what().starts_with("status["))
        },
    },
    Known {
        name: "no-interface-twice",
        shows: |seen| {
            let interfaces = |of: &Value| -> Vec<String> {
                let calls = of["calls"].as_array().cloned().unwrap_or_default();
                calls.iter().filter_map(|call| Some(call["call"].as_str()?.split('@').nth(1)?.to_owned())).collect()
            };
            // With two networks on one interface, the same call may be that of either.
            let shows = seen.what() == "calls"
                || seen.what().contains(".config.")
                || (seen.what().starts_with("status[") && seen.what().ends_with("].interface"));
            shows
                && interfaces(first_add(seen.theirs)) != interfaces(first_add(seen.ours))
                && first_add(seen.theirs)["outcome"] == "ok"
                && first_add(seen.ours)["outcome"] == "ok"
                && first_add(seen.theirs)["calls"].as_array().map(Vec::len)
                    == first_add(seen.ours)["calls"].as_array().map(Vec::len)
        },
    },
    // What delegates are told.
    Known {
        name: "empty-uid",
        shows: |seen| {
            seen.what().ends_with(".args")
                && only_in(&seen.difference.theirs, &seen.difference.ours) == ["K8S_POD_UID="]
        },
    },
    Known {
        name: "version-of-none",
        shows: |seen| {
            let none = seen
                .case
                .definitions()
                .iter()
                .any(|definition| definition.config.as_ref().is_some_and(|config| !config.contains("cniVersion")));
            none && (seen.what().contains(".config.") || seen.what() == "status")
        },
    },
    Known {
        name: "protocol-in-small-letters",
        shows: |seen| {
            let lower = seen.difference.theirs.as_str().unwrap_or("tcp").to_lowercase();
            seen.what().ends_with(".protocol") && seen.difference.ours == lower
        },
    },
    Known {
        name: "no-empty-arguments",
        shows: |seen| {
            seen.what().ends_with(".config.args")
                && seen.difference.theirs == serde_json::json!({"cni": {}})
                && seen.difference.ours.is_null()
        },
    },
    Known {
        name: "hardware-address-with-colons",
        shows: |seen| {
            let of = |value: &Value| value.as_str().unwrap_or_default().to_owned();
            let hyphens = seen.difference.theirs.to_string().contains("-00-");
            let mac = seen.what().ends_with(".mac")
                && of(&seen.difference.ours) == of(&seen.difference.theirs).replace('-', ":");
            let further = only_in(&seen.difference.ours, &seen.difference.theirs);
            let pair = seen.what().contains(".args") && seen.their("verb") == "ADD";
            hyphens && (mac || (pair && further.iter().all(is_legacy)))
        },
    },
    Known {
        name: "several-addresses",
        shows: |seen| {
            let args = &seen.difference.ours;
            let ips = if args["cni"].is_null() { args } else { &args["cni"]["ips"] };
            seen.what().contains(".config.args") && seen.difference.theirs.is_null() && ips.is_array()
        },
    },
    Known {
        name: "result-in-the-version-of-the-list",
        shows: |seen| {
            let of_versions = [".cniVersion", ".dns", ".version"].iter().any(|end| seen.what().ends_with(end));
            seen.what().contains(".prevResult.") && of_versions
        },
    },
    Known {
        name: "answer-in-the-version-of-the-call",
        shows: |seen| {
            let version = |result: &Value| result["cniVersion"].clone();
            seen.what().starts_with("result.") && version(seen.their("result")) != version(seen.our("result"))
        },
    },
    Known {
        name: "result-as-it-was",
        shows: |seen| {
            let empty = |value: &Value| value == &serde_json::json!([]);
            (seen.what().contains(".prevResult.") && seen.difference.theirs.is_null() && empty(&seen.difference.ours))
                || seen.what().contains(".prevResult.routes")
        },
    },
    Known {
        name: "ignore-unknown",
        shows: |seen| {
            seen.what().ends_with(".args")
                && only_in(&seen.difference.theirs, &seen.difference.ours) == ["IgnoreUnknown=true"]
                && only_in(&seen.difference.ours, &seen.difference.theirs).is_empty()
        },
    },
    Known {
        name: "addresses-by-capability-only",
        shows: |seen| {
            let further = only_in(&seen.difference.theirs, &seen.difference.ours);
            seen.what().ends_with(".args")
                && !further.is_empty()
                && further.iter().all(is_legacy)
                && only_in(&seen.difference.ours, &seen.difference.theirs).is_empty()
        },
    },
    Known {
        name: "arguments-on-del",
        shows: |seen| {
            let further = only_in(&seen.difference.ours, &seen.difference.theirs);
            seen.what().ends_with(".args")
                && seen.is_del()
                && !further.is_empty()
                && further.iter().all(is_legacy)
                && only_in(&seen.difference.theirs, &seen.difference.ours).is_empty()
        },
    },
    Known {
        name: "requests-on-del",
        shows: |seen| {
            if seen.what().contains(".runtimeConfig.portMappings[") && seen.is_del() {
                // Those of the pod stand where the network's own were.
                return !seen.case.members("runtimeConfig").is_empty();
            }
            let requests = [".runtimeConfig", ".runtimeConfig.portMappings", ".runtimeConfig.bandwidth"];
            requests.iter().any(|end| seen.what().ends_with(end)) && seen.is_del() && seen.difference.theirs.is_null()
        },
    },
    Known {
        name: "bandwidth-without-zeros",
        shows: |seen| {
            seen.what().contains(".runtimeConfig.bandwidth.")
                && seen.difference.theirs == 0
                && seen.difference.ours.is_null()
        },
    },
    Known {
        name: "bandwidth-with-bursts",
        shows: |seen| {
            seen.what().contains(".runtimeConfig.bandwidth.")
                && seen.what().ends_with("Burst")
                && seen.difference.theirs == 0
                && seen.difference.ours == i32::MAX
        },
    },
    Known {
        name: "ports-of-the-runtime",
        shows: |seen| {
            let theirs = seen.case.members("runtimeConfig");
            seen.what().contains(".runtimeConfig")
                && seen.difference.ours.is_null()
                && !theirs.is_empty()
                && (seen.difference.theirs == theirs["portMappings"] || seen.difference.theirs == Value::Object(theirs))
        },
    },
    // What both answer.
    Known {
        name: "default-route",
        shows: |seen| {
            let route = ["result.routes", "routes.", "status["].iter().any(|begin| seen.what().starts_with(begin));
            let wanted = seen
                .case
                .annotations()
                .values()
                .any(|text| text.as_str().is_some_and(|text| text.contains("default-route")));
            route && wanted && seen.case.value()["routes"] == true
        },
    },
    Known {
        name: "gateway-that-is-none",
        shows: |seen| {
            seen.what().starts_with("status[") && seen.what().ends_with("].gateway") && seen.difference.ours.is_null()
        },
    },
    Known {
        name: "status-of-every-network",
        shows: |seen| {
            // Results without an interface in the pod.
            seen.what() == "status"
                && (seen.difference.theirs.is_null() || {
                    seen.difference.ours.as_array().map(Vec::len) > seen.difference.theirs.as_array().map(Vec::len)
                        && only_in(&seen.difference.theirs, &seen.difference.ours).is_empty()
                })
        },
    },
    Known {
        name: "interface-of-the-attachment",
        shows: |seen| {
            seen.what().starts_with("status[")
                && seen.what().ends_with("].interface")
                && seen.difference.theirs.is_null()
        },
    },
    Known {
        name: "address-of-the-first-interface",
        shows: |seen| seen.what().starts_with("status[") && seen.what().contains("].ips"),
    },
    Known {
        name: "whole-result",
        shows: |seen| seen.what().starts_with("result.") && begins_with(&seen.difference.ours, &seen.difference.theirs),
    },
];
