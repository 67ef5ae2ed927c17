//! The standard merge makes one result of several networks' results.
//!
//! The host calls it for selectors that export no `merge`. A selector that exports one
//! can call it and change the result.
//!
//! It is CNI-Genie's merge, corrected. The networks stand in the order of the plan,
//! but the network on the runtime's interface comes first, because runtimes report the
//! first address as the pod's. Interfaces, addresses and routes of all networks are put
//! one after another, and the addresses' interface indexes are shifted.
//!
//! A merge that reads or changes a result finds it as Rust types in [`CniResult`].
//!
//! ```
//! use genie_selector::{Outcome, merge};
//!
//! let outcomes = [
//!     Outcome::new("net1", "macvlan", r#"{"ips": [{"address": "192.168.7.2/24"}]}"#),
//!     Outcome::new("eth0", "cbr0", r#"{"ips": [{"address": "10.244.0.2/24"}]}"#),
//! ];
//! let merged = merge::standard("eth0", Some("/run/netns/pod"), &outcomes)?;
//! let result: serde_json::Value = serde_json::from_str(&merged.result).expect("it is JSON");
//! assert_eq!(result["ips"][0]["address"], "10.244.0.2/24");
//! assert_eq!(result["interfaces"][1]["name"], "net1");
//! # Ok::<(), String>(())
//! ```

mod answer;
mod once;
mod result;
#[cfg(test)]
mod shape_tests;
#[cfg(test)]
mod tests;

use serde_json::{Map, Value};

use crate::{Merged, Outcome};
use answer::{Answer, MergedDns, Object};
use once::Once;
pub use result::{CniResult, Dns, Interface, Ip, Route};

/// The annotation in which CNI-Genie publishes one address of every network.
pub const MULTI_IP_PREFERENCES: &str = "multi-ip-preferences";

/// The CNI version of results.
const CNI_VERSION: &str = "1.1.0";

/// Merges `outcomes`, which are in the plan's order.
///
/// `interface` is the runtime's own interface. A network whose result names no interface
/// gets one in the merged result, on which runtimes find the address; `sandbox`, the path
/// of the pod's network namespace, is written there. A module is not told this path and
/// passes none: the path is then taken from another network's interface, and where no network names
/// one, the host adds it. An outcome whose own interface is empty is not about one interface, and gets
/// no interface added.
///
/// The merged result has the annotation [`MULTI_IP_PREFERENCES`] when there is more than one
/// network and at least one of them has an address. The status of all networks
/// (`k8s.v1.cni.cncf.io/network-status`) is not of the merge: the host writes it itself.
///
/// # Errors
///
/// A message that names the network whose result is not a result of CNI 1.1.0, and says
/// what is wrong with it.
pub fn standard(interface: &str, sandbox: Option<&str>, outcomes: &[Outcome]) -> Result<Merged, String> {
    let answers = outcomes.iter().map(Answer::read).collect::<Result<Vec<_>, _>>()?;
    let preferences = multi_ip_preferences(&answers);

    let sandbox = sandbox.or_else(|| answers.iter().find_map(Answer::sandbox)).unwrap_or_default().to_owned();
    // The others keep the plan's order. (Code that sorts would be larger than all of this.)
    let (mut answers, others): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.interface == interface);
    answers.extend(others);
    for answer in &mut answers {
        answer.complete(&sandbox);
    }

    let annotations = preferences.map(|value| (MULTI_IP_PREFERENCES.to_owned(), value)).into_iter().collect();
    let mut whole = Whole::default();
    for answer in answers {
        whole.add(answer)?;
    }
    Ok(Merged { result: whole.into_text(), annotations })
}

/// The first address of every network that has one, in the plan's order:
/// `{"multi_entry":2,"ips":{"ip1":{"ip":"10.0.0.2","interface":"eth0"},…}}`.
fn multi_ip_preferences(answers: &[Answer<'_>]) -> Option<String> {
    if answers.len() < 2 {
        return None;
    }
    // Written by hand, because readers may rely on the order of the members.
    let entries: Vec<_> = answers
        .iter()
        .filter_map(|answer| Some((answer.ips.first()?.address, answer.interface)))
        .enumerate()
        .map(|(index, (address, interface))| {
            let interface = Value::from(interface);
            format!(r#""ip{}":{{"ip":"{address}","interface":{interface}}}"#, index + 1)
        })
        .collect();
    (!entries.is_empty()).then(|| format!(r#"{{"multi_entry":{},"ips":{{{}}}}}"#, entries.len(), entries.join(",")))
}

/// The merged result as it grows.
#[derive(Default)]
struct Whole {
    interfaces: Vec<Value>,
    ips: Vec<Value>,
    routes: Once<Value>,
    dns: MergedDns,
    /// Members that CNI does not define, each as the first network that has it says.
    rest: Object,
}

impl Whole {
    fn add(&mut self, answer: Answer<'_>) -> Result<(), String> {
        let own = answer.own_position();
        let shift = self.interfaces.len();
        let named = answer.interfaces.len();
        for (index, ip) in answer.ips.into_iter().enumerate() {
            let mut members = ip.members;
            match ip.interface.or(own) {
                Some(target) if target >= named => {
                    return Err(format!(
                        "result of network {}: ips[{index}] is on interface {target}, but there \
                         are {named}",
                        answer.network
                    ));
                }
                Some(target) => members.insert("interface".to_owned(), (shift + target).into()),
                None => members.remove("interface"),
            };
            self.ips.push(Value::Object(members));
        }
        self.interfaces.extend(answer.interfaces.into_iter().map(Value::Object));
        for route in answer.routes {
            self.routes.push(Value::Object(route.members));
        }
        self.dns.add(answer.dns);
        for (key, value) in answer.rest {
            self.rest.entry(key).or_insert(value);
        }
        Ok(())
    }

    fn into_text(self) -> String {
        let mut result = self.rest;
        result.insert("cniVersion".to_owned(), Value::from(CNI_VERSION));
        let routes = self.routes.into_values();
        for (key, list) in [("interfaces", self.interfaces), ("ips", self.ips), ("routes", routes)] {
            if !list.is_empty() {
                result.insert(key.to_owned(), Value::Array(list));
            }
        }
        let dns = self.dns.into_members();
        if !dns.is_empty() {
            result.insert("dns".to_owned(), Value::Object(dns));
        }
        Value::Object(result).to_string()
    }
}

/// An interface of the pod, as results name it.
fn interface_entry(name: &str, sandbox: &str) -> Object {
    let mut entry = Map::new();
    entry.insert("name".to_owned(), Value::from(name));
    if !sandbox.is_empty() {
        entry.insert("sandbox".to_owned(), Value::from(sandbox));
    }
    entry
}
