//! What the chain is asked, and what it decides.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Instant;

use serde_json::{Map, Value, json};

use crate::cni::{Call, CniError, code};
use crate::config::{Config, OWN_TYPE, for_operator};
use crate::network::Catalogue;
use crate::pod::{Annotations, Identity};
use crate::report::timings::Timings;
use crate::selector::abi::{Attachment, DefaultRoute, Plan, PodName, Request, Source};
use crate::selector::decision::{Decision, Step};
use crate::selector::sandbox::facts::Facts;
use crate::text::{json_at_most, json_size};

/// The most bytes that a decision takes of a record. Commands that read all records of a node read
/// that much once for each record.
const EXPLAINED: usize = 512 << 10;

/// Plugin types that mean this plugin itself.
pub struct OwnTypes(Vec<String>);

impl OwnTypes {
    /// The type that the runtime called us by, and the usual one.
    pub fn of(call: &Call) -> Self {
        Self::of_config(&call.config)
    }

    /// The type of a configuration, and the usual one.
    pub fn of_config(config: &Map<String, Value>) -> Self {
        let called = crate::cni::get(config, "type").and_then(Value::as_str);
        let mut types = vec![OWN_TYPE.to_owned()];
        types.extend(called.filter(|kind| !kind.is_empty() && *kind != OWN_TYPE).map(ToOwned::to_owned));
        Self(types)
    }

    /// The types as string slices.
    pub fn as_refs(&self) -> Vec<&str> {
        self.0.iter().map(String::as_str).collect()
    }
}

/// What the chain decided for a pod.
pub struct Selected {
    /// What the chain was asked.
    pub request: Request,
    /// What the chain answered.
    pub decision: Decision,
    /// The plan of the decision.
    pub plan: Plan,
}

impl Selected {
    /// An error about the plan, with the name of the selector whose plan it is.
    pub fn blame(&self, error: CniError) -> CniError {
        let step = self.decision.decided_by.and_then(|index| self.decision.trace.get(index));
        match step {
            Some(step) => error.add_detail(format_args!("selector {:?} planned it", step.selector)),
            None => error,
        }
    }

    /// An error about the default routes that the plan wants. A gateway for a definition is the pod
    /// owner's word, as the definition's name is.
    pub fn blame_for_routes(&self, error: CniError) -> CniError {
        if error.code != code::INVALID_CONFIG {
            return error;
        }
        let is_owners = |attachment: &Attachment| {
            matches!((&attachment.default_route, &attachment.network), (DefaultRoute::Via(_), Source::Definition(_)))
        };
        let code = if self.plan.attachments.iter().any(is_owners) { code::REFUSED_INVALID } else { error.code };
        self.blame(CniError { code, ..error })
    }

    /// The decision with its inputs, for the record.
    pub fn explanation(&self) -> Value {
        let Decision { decided_by, trace, .. } = &self.decision;
        explanation(&self.request, Some(&self.plan), *decided_by, trace)
    }
}

/// A decision with its inputs: enough to explain it, and to decide again with another module. A
/// decision that is too large loses what was asked and logged; if that is not enough, all but its
/// outcome. `omitted` says so. What DEL needs is elsewhere.
fn explanation(request: &Request, plan: Option<&Plan>, decided_by: Option<usize>, trace: &[Step]) -> Value {
    let whole = json!({"request": request, "plan": plan, "decidedBy": decided_by, "trace": trace});
    if json_at_most(&whole) <= EXPLAINED {
        return whole;
    }
    let bytes = json_size(&whole);
    if bytes <= EXPLAINED {
        return whole;
    }
    let omitted = |what| format!("{what}: with it, this would take {bytes} bytes");
    let silent = |step: &Step| Step { logs: Vec::new(), imports: Vec::new(), ..step.clone() };
    let shorter = json!({
        "request": request, "plan": plan, "decidedBy": decided_by,
        "trace": trace.iter().map(silent).collect::<Vec<_>>(),
        "omitted": omitted("what selectors asked and logged"),
    });
    if json_size(&shorter) <= EXPLAINED {
        return shorter;
    }
    let outcome = |step: &Step| json!({"selector": step.selector, "outcome": step.outcome.name()});
    json!({
        "decidedBy": decided_by, "trace": trace.iter().map(outcome).collect::<Vec<_>>(),
        "omitted": omitted("request, plan and trace"),
    })
}

/// Asks the chain for a plan.
///
/// # Errors
/// A selector refuses or fails, or no selector decides.
pub fn select(
    request: Request,
    config: &Config,
    facts: &Arc<dyn Facts>,
    deadline: Instant,
    timings: &Timings,
) -> Result<Selected, CniError> {
    let decision = config.chain.decide(&config.loader, &request, facts, deadline).map_err(|failed| {
        timings.selectors(&failed.trace);
        timings.refused(explanation(&request, None, None, &failed.trace));
        let pod = format!("{}/{}", request.pod.namespace, request.pod.name);
        let error = for_operator(failed.error);
        if pod == "/" { error } else { error.context(format!("pod {pod}")) }
    })?;
    timings.selectors(&decision.trace);
    let Some(plan) = decision.plan.clone() else {
        timings.refused(explanation(&request, None, None, &decision.trace));
        return Err(for_operator(CniError::new(
            code::INVALID_CONFIG,
            "no selector chose a network for this pod; add \"default-plugin\" to the configuration's \"selectors\"",
        )));
    };
    Ok(Selected { request, decision, plan })
}

/// The request that the chain's selectors get.
pub fn build_request(
    call: &Call,
    config: &Config,
    catalogue: &Catalogue,
    pod: &Identity,
    annotations: Annotations,
) -> Request {
    let mut attributes = Vec::new();
    if let Some(default_plugin) = &config.default_plugin {
        attributes.push(("default-plugin".to_owned(), default_plugin.clone()));
    }
    attributes.extend(catalogue.own.iter().map(|file| ("self".to_owned(), file.clone())));
    let unusable = catalogue.unusable.iter();
    attributes.extend(unusable.map(|(file, reason)| ("unusable".to_owned(), format!("{file}: {reason}"))));
    attributes.extend(catalogue.loopback.iter().map(|file| ("loopback".to_owned(), file.clone())));
    Request {
        pod: PodName { namespace: pod.namespace.clone(), name: pod.name.clone(), uid: pod.uid.clone() },
        annotations: annotations.into_iter().collect(),
        container: call.container.clone(),
        interface: call.interface.clone(),
        node: config.node.clone(),
        networks: catalogue.for_selectors(),
        decided: None,
        attributes,
    }
}
