//! What both answer, and which status is published.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Known;
use super::seen::{Seen, begins_with, len, only_in, status};
use crate::differential::{Case, NETWORKS};

/// These.
pub const ALL: &[Known] = &[
    Known {
        name: "answer-in-the-version-of-the-call",
        shows: |seen| {
            let version = |result: &Value| result["cniVersion"].clone();
            seen.what().starts_with("result.") && version(seen.their("result")) != version(seen.our("result"))
        },
    },
    Known { name: "default-route", shows: is_default_route },
    Known {
        name: "gateway-that-is-none",
        shows: |seen| seen.what().starts_with("status[") && seen.inner() == "gateway" && seen.difference.ours.is_null(),
    },
    Known {
        name: "status-of-every-network",
        shows: |seen| {
            // Results without an interface in the pod.
            let (theirs, ours) = (&seen.difference.theirs, &seen.difference.ours);
            seen.is("status") && len(ours) > len(theirs) && only_in(theirs, ours).is_empty()
        },
    },
    Known {
        name: "interface-of-the-attachment",
        shows: |seen| {
            seen.what().starts_with("status[") && seen.inner() == "interface" && seen.difference.theirs.is_null()
        },
    },
    Known { name: "address-of-the-first-interface", shows: is_of_the_first },
    Known { name: "whole-result", shows: is_whole },
];

/// The interfaces, addresses and routes of other networks are behind those of the default one, and their names of
/// servers where that one has none. An address that names no interface is on the pod's, since there are others now.
fn is_whole(seen: &Seen<'_>) -> bool {
    let (theirs, ours) = (&seen.difference.theirs, &seen.difference.ours);
    let is_address = seen.what().starts_with("result.ips[") && seen.inner() == "interface";
    match seen.what() {
        "result.interfaces" | "result.ips" | "result.routes" => begins_with(ours, theirs),
        "result.dns" => theirs.is_null() && ours.is_object(),
        _ if is_address => {
            let interface = ours.as_u64().and_then(|index| usize::try_from(index).ok());
            let interface = interface.map(|index| &seen.our("result")["interfaces"][index]);
            theirs.is_null() && interface.is_some_and(|interface| interface["name"] == "eth0")
        }
        _ => false,
    }
}

/// An address of which a result does not say the interface is in the entry of another one. No address is lost.
fn is_of_the_first(seen: &Seen<'_>) -> bool {
    let addresses = |of: &Value| -> BTreeSet<String> {
        let of = status(of);
        let entries = of.as_array().into_iter().flatten();
        let ips = entries.flat_map(|entry| entry["ips"].as_array().into_iter().flatten());
        ips.map(ToString::to_string).collect()
    };
    seen.what().starts_with("status[")
        && seen.inner() == "ips"
        && len(&seen.difference.theirs) != len(&seen.difference.ours)
        && addresses(seen.their("status")) == addresses(seen.our("status"))
}

/// A default route that a pod asks for by an element: the gateways, where there are any.
struct Asked {
    /// The place of the element in the annotation.
    index: usize,
    gateways: Vec<String>,
}

impl Asked {
    fn of(case: &Case) -> Option<Self> {
        let annotations = case.annotations();
        let elements: Value = serde_json::from_str(annotations.get(NETWORKS)?.as_str()?).ok()?;
        let asks = |element: &Value| element["default-route"].as_array().cloned();
        let (index, gateways) =
            elements.as_array()?.iter().enumerate().find_map(|(index, element)| Some((index, asks(element)?)))?;
        let gateways = gateways.iter().filter_map(|gateway| gateway.as_str().map(ToOwned::to_owned)).collect();
        Some(Self { index, gateways })
    }

    /// The network that is asked for, as the status has it: behind the default network.
    fn entry(&self) -> usize {
        self.index + 1
    }

    /// The gateway of a family, or none when the routes of this family stay where they are.
    fn gateway(&self, v6: bool) -> Option<&String> {
        self.gateways.iter().find(|gateway| gateway.contains(':') == v6)
    }
}

/// The default routes of the families that were asked for are the network's, by the gateways that were asked for; in
/// the pod, in the answer and in the status. With Multus they stay on `eth0`, and it says so.
fn is_default_route(seen: &Seen<'_>) -> bool {
    let Some(asked) = Asked::of(seen.case).filter(|_| seen.case.value()["routes"] == true) else { return false };
    let ours = &seen.difference.ours;
    let moved = [asked.gateway(false), asked.gateway(true)];
    let instead = |gateway: &Value| moved[usize::from(gateway.as_str().is_some_and(|gateway| gateway.contains(':')))];
    let entry = asked.entry();
    let in_pod = |gateway: Option<&String>| json!(gateway.map(|gateway| format!("net{entry} via {gateway}")));
    let told = |entry: usize, member: &str| status(seen.our("status"))[entry][member].clone();
    let is_in = |entry: usize, member: &str| seen.what().starts_with(&format!("status[{entry}].{member}"));
    match seen.what() {
        "routes.v4[0]" => ours == &in_pod(moved[0]),
        "routes.v6[0]" => ours == &in_pod(moved[1]),
        what if what.starts_with("result.routes[") => {
            let theirs = seen.their("result")["routes"].as_array().cloned().unwrap_or_default();
            let expected = theirs.into_iter().map(|mut route| {
                if let Some(gateway) = instead(&route["gw"]) {
                    route["gw"] = json!(gateway);
                }
                route
            });
            same(&Value::Array(expected.collect()), &seen.our("result")["routes"])
        }
        _ if is_in(entry, "default-route") => told(entry, "default-route") == json!(asked.gateways),
        // The status names the gateways of the pod's default routes.
        _ if is_in(0, "gateway") => {
            let theirs = status(seen.their("status"))[0]["gateway"].clone();
            let stay = theirs.as_array().into_iter().flatten().filter(|gateway| instead(gateway).is_none());
            let stay: Vec<_> = stay.collect();
            if stay.is_empty() { told(0, "gateway").is_null() } else { told(0, "gateway") == json!(stay) }
        }
        _ if is_in(entry, "gateway") => told(entry, "gateway") == json!(moved.iter().flatten().collect::<Vec<_>>()),
        _ => false,
    }
}

/// Whether two lists have the same members, in whatever order.
fn same(one: &Value, other: &Value) -> bool {
    len(one) == len(other) && only_in(one, other).is_empty() && only_in(other, one).is_empty()
}
