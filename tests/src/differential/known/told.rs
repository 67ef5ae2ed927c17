//! What plugins are told.

use serde_json::{Value, json};

use super::Known;
use super::seen::{Seen, len, only_in};

/// These.
pub const ALL: &[Known] = &[
    Known {
        name: "empty-uid",
        shows: |seen| {
            seen.is_told("args") && only_in(&seen.difference.theirs, &seen.difference.ours) == ["K8S_POD_UID="]
        },
    },
    Known { name: "version-of-none", shows: is_without_version },
    Known {
        name: "protocol-in-small-letters",
        shows: |seen| {
            let lower = seen.difference.theirs.as_str().unwrap_or("tcp").to_lowercase();
            let of_ports = seen.is_told("config.runtimeConfig.portMappings[") && seen.inner().ends_with("].protocol");
            of_ports && seen.difference.ours == lower
        },
    },
    Known {
        name: "no-empty-arguments",
        shows: |seen| {
            seen.inner() == "config.args"
                && seen.difference.theirs == json!({"cni": {}})
                && seen.difference.ours.is_null()
        },
    },
    Known { name: "hardware-address-with-colons", shows: is_with_colons },
    Known {
        name: "several-addresses",
        shows: |seen| {
            let args = &seen.difference.ours;
            let ips = match seen.inner() {
                "config.args" => &args["cni"]["ips"],
                "config.args.cni" => &args["ips"],
                "config.args.cni.ips" => args,
                _ => &Value::Null,
            };
            seen.is_told("config.args") && seen.difference.theirs.is_null() && ips.is_array()
        },
    },
    Known {
        name: "result-in-the-version-of-the-list",
        shows: |seen| {
            let of_versions = [".cniVersion", ".dns", ".version"].iter().any(|end| seen.inner().ends_with(end));
            seen.is_told("config.prevResult.") && of_versions
        },
    },
    Known {
        name: "result-as-it-was",
        shows: |seen| {
            let (theirs, ours) = (&seen.difference.theirs, &seen.difference.ours);
            let empty = seen.is_told("config.prevResult.") && theirs.is_null() && ours == &json!([]);
            let routes = seen.is_told("config.prevResult.routes")
                && seen.our_call()["config"]["prevResult"]["routes"] == seen.printed()["routes"];
            empty || (seen.is_del() && routes)
        },
    },
    Known {
        name: "ignore-unknown",
        shows: |seen| {
            seen.is_told("args")
                && only_in(&seen.difference.theirs, &seen.difference.ours) == ["IgnoreUnknown=true"]
                && only_in(&seen.difference.ours, &seen.difference.theirs).is_empty()
        },
    },
    Known {
        name: "addresses-by-capability-only",
        shows: |seen| {
            let further = only_in(&seen.difference.theirs, &seen.difference.ours);
            seen.is_told("args")
                && !further.is_empty()
                && further.iter().all(is_legacy)
                && only_in(&seen.difference.ours, &seen.difference.theirs).is_empty()
        },
    },
    Known {
        name: "bandwidth-without-zeros",
        shows: |seen| {
            seen.is_told("config.runtimeConfig.bandwidth.")
                && seen.difference.theirs == 0
                && seen.difference.ours.is_null()
        },
    },
    Known {
        name: "bandwidth-with-bursts",
        shows: |seen| {
            seen.is_told("config.runtimeConfig.bandwidth.")
                && seen.inner().ends_with("Burst")
                && seen.difference.theirs == 0
                && seen.difference.ours == i32::MAX
        },
    },
    Known {
        name: "ports-of-the-runtime",
        shows: |seen| {
            let theirs = seen.case.members("runtimeConfig");
            seen.is_told("config.runtimeConfig")
                && seen.difference.ours.is_null()
                && !theirs.is_empty()
                && (seen.difference.theirs == theirs["portMappings"] || seen.difference.theirs == Value::Object(theirs))
        },
    },
];

/// Whether this is a pair of `CNI_ARGS` by which addresses were asked for before there were
/// capabilities.
pub fn is_legacy(pair: &Value) -> bool {
    pair.as_str().is_some_and(|pair| pair.starts_with("IP=") || pair.starts_with("MAC="))
}

/// A definition without a version: Multus hands over an empty one, publishes nothing of such a plugin, and leaves
/// keys of its DEL out or empty.
fn is_without_version(seen: &Seen<'_>) -> bool {
    let definitions = seen.case.definitions();
    let configs = definitions.iter().filter_map(|definition| definition.config.as_ref());
    let none = configs.clone().any(|config| !config.contains("cniVersion"));
    let (theirs, ours) = (&seen.difference.theirs, &seen.difference.ours);
    let version = seen.is_told("config.") && seen.inner().ends_with("cniVersion") && ours == "0.3.0";
    let empty = theirs == &json!({}) || theirs == &json!({"cniVersion": "1.0.0"});
    let keys = seen.is_told("config.") && seen.is_del() && (theirs.is_null() || (empty && ours.is_null()));
    let status = seen.is("status") && len(ours) == len(theirs) + 1 && only_in(theirs, ours).is_empty();
    none && (version || keys || status)
}

/// An address that is written with hyphens, where a capability or `CNI_ARGS` hands it over.
fn is_with_colons(seen: &Seen<'_>) -> bool {
    let (theirs, ours) = (&seen.difference.theirs, &seen.difference.ours);
    let hyphens = theirs.to_string().contains("-00-");
    let colons = |text: &Value| text.as_str().map(|text| text.replace('-', ":"));
    let mac = seen.inner() == "config.runtimeConfig.mac" && ours.as_str() == colons(theirs).as_deref();
    let pair = seen.is_told("args") && seen.their("verb") == "ADD" && only_in(ours, theirs).iter().all(is_legacy);
    hyphens && (mac || pair)
}
