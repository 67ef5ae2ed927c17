//! Makes a case of an attachment record: what the node was asked, what its selectors asked, and
//! what was decided.

use serde_json::{Map, Value, json};

use super::yaml::block;
use crate::trial::facts::{WrittenFacts, WrittenName, WrittenPod, WrittenTraffic};
use crate::trial::{Recorded, plan as written, question};
use genie_core::cni::without_secrets;
use genie_core::record::Record;
use genie_core::selector::abi::Network;
use genie_core::selector::decision::StepOutcome;
use genie_core::selector::sandbox::facts::{Answered, Consulted, Question};

/// A case as YAML, with comments on what has to be written by hand.
///
/// # Errors
/// The record holds no decision that can be made again.
pub fn case(record: &Record) -> Result<String, String> {
    let decision = Recorded::read(&record.header.decision)?;
    let request = &decision.request;
    let mut notes = vec![
        "What a node decided. Beside it has to be what was asked: \"module\", or \"config\" (here or in suite.yaml)."
            .to_owned(),
    ];
    let mut facts = WrittenFacts { pod: Some(WrittenPod::default()), ..WrittenFacts::default() };
    for consulted in decision.consulted() {
        if !add(&mut facts, consulted) {
            let words = question::in_words(&consulted.question);
            notes.push(format!("The answer to {words} was too large for the record: write it into \"facts\"."));
        }
    }
    let networks: Map<_, _> = request.networks.iter().map(|one| (one.file.clone(), network(one, record))).collect();
    let plan = decision.plan.as_ref().ok_or("it holds no plan")?;
    let attachments = plan.attachments.iter().zip(&record.header.attachments);
    let expected = attachments.map(|(planned, made)| {
        let mut one = json!({"network": made.list["name"], "interface": made.interface});
        let planned = written::attachment_to_json(planned);
        for key in ["addresses", "mac", "args", "defaultRoute"] {
            one.as_object_mut().and_then(|one| Some(one.insert(key.into(), planned.get(key)?.clone())));
        }
        super::update::whole(&one)
    });
    let name = match request.pod.name.as_str() {
        "" => format!("container {}", record.header.container),
        name => format!("{}/{name}", request.pod.namespace),
    };
    let mut asked: Vec<Value> = Vec::new();
    for consulted in decision.consulted().map(|consulted| question::to_json(&consulted.question)) {
        if !asked.contains(&consulted) {
            asked.push(consulted);
        }
    }
    let parts = [
        ("name", json!(name)),
        ("pod", pod(&decision)),
        ("node", json!(request.node)),
        ("interface", json!(request.interface)),
        ("networks", networks.into()),
        ("facts", json!(facts)),
        ("expect", json!({"plan": expected.collect::<Vec<_>>(), "reason": plan.reason, "asks": asked})),
    ];
    let decider = decision.decided_by.and_then(|index| decision.trace.get(index));
    notes.extend(decider.map(|step| format!("Selector {} decided.", step.selector)));
    let refusals = decision.trace.iter().filter(|step| matches!(step.outcome, StepOutcome::Failed(_)));
    notes.extend(refusals.map(|step| format!("Selector {} failed.", step.selector)));
    let notes = notes.iter().map(|note| format!("# {}", genie_core::plain::line(note)));
    let members = parts.into_iter().filter(|(_, value)| *value != "" && *value != json!({}));
    let members = members.map(|(key, value)| block(&json!({key: without_secrets(&value)}), 0));
    Ok(notes.chain(members).map(|line| line + "\n").collect())
}

/// The pod's manifest, as far as the request tells it.
fn pod(decision: &Recorded) -> Value {
    let pod = &decision.request.pod;
    let annotations: Map<_, _> =
        decision.request.annotations.iter().map(|(key, value)| (key.clone(), value.as_str().into())).collect();
    let mut metadata = json!({"name": pod.name, "namespace": pod.namespace});
    if let Some(uid) = &pod.uid {
        metadata["uid"] = uid.as_str().into();
    }
    if !annotations.is_empty() {
        metadata["annotations"] = annotations.into();
    }
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})
}

/// A network of the node. The record holds the configuration of those that were attached; of the
/// others it holds what selectors see.
fn network(network: &Network, record: &Record) -> Value {
    let is_it = |list: &&Value| list["name"] == *network.name;
    if let Some(list) = record.header.attachments.iter().map(|planned| &planned.list).find(is_it) {
        return list.clone();
    }
    let capabilities: Map<_, _> = network.capabilities.iter().map(|name| (name.clone(), true.into())).collect();
    let mut plugins: Vec<Value> = network.plugins.iter().map(|kind| json!({"type": kind})).collect();
    if let Some(plugin) = plugins.first_mut().filter(|_| !capabilities.is_empty()) {
        plugin["capabilities"] = capabilities.into();
    }
    json!({"cniVersion": network.cni_version, "name": network.name, "plugins": plugins})
}

/// Adds a fact as it was answered. The result is false when the answer is not in the record.
fn add(facts: &mut WrittenFacts, consulted: &Consulted) -> bool {
    let answer = match &consulted.answer {
        Answered::Ok(answer) => answer,
        Answered::Err(reason) => {
            let mut unavailable = question::to_json(&consulted.question);
            unavailable["reason"] = reason.as_str().into();
            if !facts.unavailable.contains(&unavailable) {
                facts.unavailable.push(unavailable);
            }
            return true;
        }
        Answered::Digest { .. } => return false,
    };
    let pod = facts.pod.get_or_insert_default();
    match &consulted.question {
        Question::Labels => {
            let pairs: Vec<(String, String)> = serde_json::from_value(answer.clone()).unwrap_or_default();
            pod.labels = Some(pairs.into_iter().collect());
        }
        Question::ServiceAccount => pod.service_account = answer.as_str().map(ToOwned::to_owned),
        Question::Owner => {
            let owner: Option<(String, String)> = serde_json::from_value(answer.clone()).unwrap_or_default();
            pod.owner = Some(json!(owner.map(|(kind, name)| json!({"kind": kind, "name": name}))));
        }
        Question::Object(object) => match answer.as_str().and_then(|text| serde_json::from_str::<Value>(text).ok()) {
            Some(object) if facts.objects.contains(&object) => {}
            Some(object) => facts.objects.push(object),
            None => facts.absent.push(WrittenName {
                api_version: object.api_version(),
                kind: object.kind().into(),
                namespace: object.namespace().map(ToOwned::to_owned),
                name: object.name().into(),
            }),
        },
        Question::NamespaceLabels => {
            let pairs: Vec<(String, String)> = serde_json::from_value(answer.clone()).unwrap_or_default();
            facts.namespace_labels = Some(pairs.into_iter().collect());
        }
        Question::Traffic { prefix } => _ = facts.traffic.insert(prefix.clone(), traffic(answer)),
        Question::TrafficRate { prefix } => _ = facts.traffic_rate.insert(prefix.clone(), traffic(answer)),
        Question::NodeLabel { key } => {
            facts.node_labels.insert(key.clone(), answer.as_str().map(ToOwned::to_owned));
        }
        Question::FreeAddresses { network } => _ = facts.free_addresses.insert(network.clone(), answer.as_u64()),
    }
    true
}

fn traffic(answer: &Value) -> WrittenTraffic {
    let (rx_bytes, tx_bytes) = serde_json::from_value(answer.clone()).unwrap_or_default();
    WrittenTraffic { rx_bytes, tx_bytes }
}
