//! Merges what networks are said to have answered.

use std::sync::Arc;
use std::time::Instant;

use serde_json::Value;

use super::decide::{TIME, identity};
use super::{Attached, Decided, Trial, Verdict};
use genie_core::call::{self, Answers, Selected};
use genie_core::cni::{CniError, CniResult, Version};
use genie_core::selector::abi::{Merged, Outcome};
use genie_core::selector::decision::Decision;
use genie_core::selector::sandbox::facts::Facts;

impl Trial {
    /// The result that the runtime would get if the plan's networks answered these results, in the
    /// plan's order. It is none when the pod gets no networks. The inner error is that of the merge.
    ///
    /// # Errors
    /// A result is none, or there are not as many as networks.
    pub fn merge(
        &self,
        decided: &Decided,
        results: &[Value],
        facts: &Arc<dyn Facts>,
    ) -> Result<Option<Result<Merged, CniError>>, String> {
        let Verdict::Plan { plan, attachments, .. } = &decided.verdict else { return Ok(None) };
        let outcomes = outcomes(attachments, results)?;
        let Decided { request, trace, decided_by, .. } = decided;
        let decision = Decision { plan: Some(plan.clone()), decided_by: *decided_by, trace: trace.clone() };
        let selected = Selected { request: request.clone(), decision, plan: plan.clone() };
        let call = self.call(&identity(request));
        let answers = Answers { outcomes: &outcomes, devices: &[] };
        Ok(Some(call::merge(&call, &self.config, &selected, answers, None, facts, Instant::now() + TIME)))
    }
}

/// The answers of the networks, each checked as a delegate's own.
fn outcomes(attachments: &[Attached], results: &[Value]) -> Result<Vec<Outcome>, String> {
    if attachments.len() != results.len() {
        return Err(format!("the plan has {} networks, and there are {} outcomes", attachments.len(), results.len()));
    }
    let outcome = |(index, (attached, result)): (usize, (&Attached, &Value))| {
        let result = CniResult::from_value(result, Version::CURRENT)
            .and_then(|result| result.check_safe().map(|()| result))
            .and_then(|result| result.convert(Version::CURRENT))
            .map_err(|error| format!("outcomes[{index}]: {}", error.words()))?;
        Ok(Outcome {
            interface: attached.prepared.interface.clone(),
            network: attached.prepared.list.name.clone(),
            result: result.to_value().to_string(),
        })
    };
    attachments.iter().zip(results).enumerate().map(outcome).collect()
}
