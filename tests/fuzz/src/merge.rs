//! Merged results: the standard merge of any answers, and any answer of a selector's own `merge`.

use std::collections::BTreeMap;

use genie_core::call::answer;
use genie_core::cni::{CniResult, Version};
use genie_core::report::{network_status, publishable};
use genie_core::selector::abi::Merged;
use genie_selector::{Outcome, merge as standard_merge};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::choices::{Choices, document};
use crate::shapes;

/// The answers of networks.
#[derive(Deserialize)]
struct Case {
    interface: String,
    #[serde(default)]
    sandbox: Option<String>,
    outcomes: Vec<(String, Value)>,
}

/// Merges the answers of networks. As a text, the input is also the result of a selector's `merge`.
pub fn merge(bytes: &[u8]) {
    // Every input has a length, and it chooses the runtime's version.
    let wanted = Version::ALL[bytes.len() % Version::ALL.len()];
    own(&String::from_utf8_lossy(bytes), wanted);
    let document = document(bytes, case);
    own(&document.to_string(), wanted);
    let Ok(Case { interface, sandbox, outcomes }) = serde_json::from_value(document) else { return };
    let outcomes: Vec<_> = outcomes
        .into_iter()
        .enumerate()
        .map(|(index, (interface, result))| Outcome { interface, network: format!("net{index}"), result: text(result) })
        .collect();
    if let Ok(merged) = standard_merge::standard(&interface, sandbox.as_deref(), &outcomes) {
        published(&merged);
        own(&merged.result, wanted);
    }
    told(&interface, &outcomes);
    carried_out(&interface, sandbox.as_deref(), outcomes);
}

/// A text stays as it is.
fn text(result: Value) -> String {
    if let Value::String(text) = result { text } else { result.to_string() }
}

/// Checks that, whatever `merge` returns, the runtime's result is safe and in its version.
fn own(result: &str, version: Version) {
    let merged = Merged { result: result.to_owned(), annotations: Vec::new() };
    if let Ok(answered) = answer(&merged, version) {
        let read = CniResult::from_value(&answered, Version::CURRENT).expect("the runtime can read it");
        assert_eq!(read.version(), version);
        read.check_final().expect("the runtime may follow it");
    }
}

fn published(merged: &genie_selector::Merged) {
    publishable::check_annotations(&merged.annotations).expect("the API server takes the annotations");
    let annotations: BTreeMap<_, _> = merged.annotations.iter().cloned().collect();
    if let Some(preferences) = annotations.get(standard_merge::MULTI_IP_PREFERENCES) {
        let preferences: Value = serde_json::from_str(preferences).expect("the preferences are JSON");
        let entries = preferences["ips"].as_object().map_or(0, serde_json::Map::len);
        assert_eq!(preferences["multi_entry"], json!(entries));
    }
}

/// Checks that the status of answers which ADD accepts tells each network, and one default network
/// at most.
fn told(interface: &str, outcomes: &[Outcome]) {
    let read = |outcome: &Outcome| CniResult::parse(outcome.result.as_bytes(), Version::V0_4_0).ok();
    let safe = |result: CniResult| result.check_safe().is_ok().then(|| result.current());
    let answers: Vec<_> = outcomes.iter().filter_map(|outcome| Some((outcome, safe(read(outcome)?)?))).collect();
    let mut default = false;
    let networks = answers.iter().map(|(outcome, result)| network_status::Network {
        name: outcome.network.clone(),
        interface: &outcome.interface,
        is_default: outcome.interface == interface && !std::mem::replace(&mut default, true),
        result,
        device_info: None,
        default_route: None,
    });
    let networks: Vec<_> = networks.collect();
    for status in [network_status::multus(&networks), network_status::standard(&networks)] {
        // It may be longer than Kubernetes allows.
        let Ok(status) = status else { continue };
        let status: Vec<Value> = serde_json::from_str(&status).expect("the status is JSON");
        for network in &networks {
            assert!(status.iter().any(|entry| entry["name"] == network.name), "{status:?}");
        }
        let defaults = status.iter().filter(|entry| entry["default"] == true).count();
        assert_eq!(defaults, usize::from(networks.iter().any(|network| network.is_default)), "{status:?}");
    }
}

/// Checks that answers which ADD accepts always merge, converted as ADD converts them, into a
/// result that the runtime may have, with all their addresses.
fn carried_out(interface: &str, sandbox: Option<&str>, outcomes: Vec<Outcome>) {
    let mut addresses = Vec::new();
    let mut current = Vec::new();
    for outcome in outcomes {
        let read = CniResult::parse(outcome.result.as_bytes(), Version::V0_4_0);
        let Some(result) = read.ok().filter(|result| result.check_safe().is_ok()) else { continue };
        let listed = result.current();
        let nameless = listed.interfaces.iter().any(|interface| interface.name.is_empty());
        if nameless || outcome.interface.is_empty() {
            continue;
        }
        addresses.extend(listed.ips.iter().map(|ip| ip.address));
        current.push(Outcome { result: CniResult::Listed(listed).to_value().to_string(), ..outcome });
    }
    let merged = standard_merge::standard(interface, sandbox, &current).expect("what ADD lets through can be merged");
    let merged = Merged { result: merged.result, annotations: merged.annotations };
    let answered = answer(&merged, Version::CURRENT).expect("the runtime gets the merged result");
    let mut kept: Vec<_> = CniResult::from_value(&answered, Version::CURRENT)
        .map(|result| result.current().ips.iter().map(|ip| ip.address).collect())
        .expect("it was read before");
    addresses.sort();
    kept.sort();
    assert_eq!(kept, addresses, "{}", merged.result);
}

fn case(choices: &mut Choices<'_>) -> Value {
    let outcomes = choices.list(4, |choices| {
        let result = if choices.below(3) == 0 { shapes::result(choices) } else { shapes::good_result(choices) };
        json!([choices.word(&["eth0", "eth1", "net1", ""]), result])
    });
    let sandbox = choices.pick(&[None, Some("/run/netns/a"), Some("")]).flatten();
    json!({"interface": choices.word(&["eth0", "net1", ""]), "sandbox": sandbox, "outcomes": outcomes})
}
