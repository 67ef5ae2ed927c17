//! The parts of a decision as JSON.

use serde_json::{Map, Value, json};

use crate::trial::{Attached, Recorded, Verdict, plan, question};
use genie_core::cni::{CniError, Version};
use genie_core::network::Catalogue;
use genie_core::selector::abi::{Merged, Network, Request};
use genie_core::selector::chain::Entry;
use genie_core::selector::decision::{Step, StepOutcome};
use genie_core::selector::sandbox::facts::{Answered, Consulted, Question};

/// What a selector did. The entry tells what it may use and say.
pub fn step(step: &Step, entry: Option<&Entry>) -> Value {
    let mut value = json!({
        "selector": step.selector,
        "outcome": step.outcome.name(),
        "fuel": step.usage.fuel,
        "memory": step.usage.memory,
        "factsBytes": step.usage.facts,
        "micros": step.micros,
        "loadMicros": step.load_micros,
        "asked": step.imports.iter().map(consulted).collect::<Vec<_>>(),
        "logs": step.logs.iter().map(|log| json!({"level": log.level_name(), "message": log.message}))
            .collect::<Vec<_>>(),
    });
    match &step.outcome {
        StepOutcome::Plan(planned) => value["plan"] = plan::to_json(planned),
        StepOutcome::Refused(message) | StepOutcome::Failed(message) => value["message"] = message.as_str().into(),
        StepOutcome::Pass | StepOutcome::Skipped | StepOutcome::Shadow | StepOutcome::Asleep => {}
    }
    if let Some(entry) = entry {
        value["limits"] = json!({"fuel": entry.limits.fuel, "memory": entry.limits.memory});
        value["may"] = json!(entry.grants.in_words());
    }
    value
}

/// A question, with its `answer`, the `reason` why there was none, or the `digest` of one that is
/// too large to be kept.
pub fn consulted(consulted: &Consulted) -> Value {
    let mut value = question::to_json(&consulted.question);
    match &consulted.answer {
        // An object is answered as text, and shown as what it is.
        Answered::Ok(Value::String(text)) if matches!(consulted.question, Question::Object(_)) => {
            value["answer"] = serde_json::from_str(text).unwrap_or_else(|_| text.as_str().into());
        }
        Answered::Ok(answer) => value["answer"] = answer.clone(),
        Answered::Err(reason) => value["reason"] = reason.as_str().into(),
        Answered::Digest { sha256, bytes } => value["digest"] = json!({"sha256": sha256, "bytes": bytes}),
    }
    value
}

/// A network that would be attached: what the plan says, and what the delegates get.
pub fn attached(attached: &Attached) -> Value {
    let Attached { prepared, planned, file } = attached;
    let planned = plan::attachment_to_json(planned);
    let of_plan = |key: &str, empty: Value| planned.get(key).cloned().unwrap_or(empty);
    json!({
        "interface": prepared.interface,
        "network": prepared.list.name,
        "file": file,
        "plugins": prepared.list.types(),
        "addresses": of_plan("addresses", json!([])),
        "mac": of_plan("mac", Value::Null),
        "args": of_plan("args", json!({})),
        "defaultRoute": of_plan("defaultRoute", json!("usual")),
        "list": prepared.list.to_value(),
        "cniArgs": prepared.cni_args,
        "runtimeConfig": prepared.runtime_config,
    })
}

/// The members that say what becomes of a pod.
pub fn verdict(verdict: &Verdict) -> Value {
    let mut value = json!({"verdict": verdict.name()});
    if let Verdict::Plan { decided_by, attachments, plan } = verdict {
        value["decidedBy"] = json!(decided_by);
        value["reason"] = plan.reason.as_str().into();
        value["attachments"] = attachments.iter().map(attached).collect();
    }
    if let Some((kind, error)) = verdict.refusal() {
        value["kind"] = kind.name().into();
        value["error"] = self::error(error);
    }
    value
}

/// What the runtime and the cluster would get.
pub fn merged(merged: &Merged) -> Value {
    let result: Value = serde_json::from_str(&merged.result).unwrap_or_default();
    json!({"result": result, "annotations": pairs(&merged.annotations)})
}

fn pairs(pairs: &[(String, String)]) -> Value {
    pairs.iter().map(|(key, value)| (key.clone(), Value::from(value.as_str()))).collect::<Map<_, _>>().into()
}

/// What a chain was asked.
pub fn request(request: &Request) -> Value {
    let pod = &request.pod;
    let network = |network: &Network| {
        json!({
            "name": network.name, "file": network.file, "plugins": network.plugins,
            "cniVersion": network.cni_version, "capabilities": network.capabilities,
        })
    };
    let attribute = |(key, value): &(String, String)| json!({"key": key, "value": value});
    json!({
        "pod": {"namespace": pod.namespace, "name": pod.name, "uid": pod.uid},
        "annotations": pairs(&request.annotations),
        "container": request.container,
        "interface": request.interface,
        "node": request.node,
        "networks": request.networks.iter().map(network).collect::<Vec<_>>(),
        "decided": request.decided.as_ref().map(plan::to_json),
        "attributes": request.attributes.iter().map(attribute).collect::<Vec<_>>(),
    })
}

/// The decision of a record. One that cannot be read in full is shown as it was kept.
pub fn recorded(decision: &Value) -> Value {
    let Ok(recorded) = Recorded::read(decision) else { return decision.clone() };
    let mut value = json!({
        "request": request(&recorded.request),
        "plan": recorded.plan.as_ref().map(plan::to_json),
        "decidedBy": recorded.decided_by.and_then(|index| recorded.trace.get(index)).map(|step| &step.selector),
        "trace": recorded.trace.iter().map(|one| step(one, None)).collect::<Vec<_>>(),
    });
    if let Some(omitted) = &recorded.omitted {
        value["omitted"] = omitted.as_str().into();
    }
    value
}

/// An error as the plugin prints it.
pub fn error(error: &CniError) -> Value {
    error.to_json(Version::CURRENT.as_str())
}

/// The networks of a node, and the files of its conf dir that are none.
pub fn catalogue(catalogue: &Catalogue) -> (Value, Value) {
    let network = |network: &genie_core::network::Installed| json!({"name": network.list.name, "file": network.file, "plugins": network.list.types()});
    let unusable = |(file, reason): &(String, String)| json!({"file": file, "reason": reason});
    (
        catalogue.networks.iter().map(network).collect::<Vec<_>>().into(),
        catalogue.unusable.iter().map(unusable).collect::<Vec<_>>().into(),
    )
}
