//! A decision of a node, from its attachment record.

use serde::Deserialize;
use serde_json::Value;

use super::facts::Given;
use genie_core::selector::abi::{Plan, Request};
use genie_core::selector::decision::Step;
use genie_core::selector::sandbox::facts::{Answered, Consulted, Question};

/// What a node was asked, what it decided, and all that this depended on.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Recorded {
    /// What the chain was asked.
    pub request: Request,
    /// What the chain decided; none when the pod was refused.
    pub plan: Option<Plan>,
    /// The index of the step whose selector decided.
    pub decided_by: Option<usize>,
    /// What each selector did.
    pub trace: Vec<Step>,
    /// What was too large for the record.
    #[serde(default)]
    pub omitted: Option<String>,
}

impl Recorded {
    /// Reads the `decision` of a record's header, or that of a refusal in the spool.
    ///
    /// # Errors
    /// The record holds no decision that can be made again. The text says why.
    pub fn read(decision: &Value) -> Result<Self, String> {
        if decision.is_null() {
            return Err("it holds no decision: genie-host did not make these attachments".into());
        }
        if let (None, Some(omitted)) = (decision.get("request"), decision["omitted"].as_str()) {
            return Err(format!("its decision is not complete: {omitted}"));
        }
        Self::deserialize(decision).map_err(|error| format!("its decision cannot be read: {error}"))
    }

    /// What the selectors asked, and what they were answered.
    pub fn consulted(&self) -> impl Iterator<Item = &Consulted> {
        self.trace.iter().flat_map(|step| &step.imports)
    }
}

impl Given for Recorded {
    fn find(&self, question: &Question) -> Option<Result<Value, String>> {
        let consulted = self.consulted().find(|consulted| consulted.question == *question)?;
        match &consulted.answer {
            Answered::Ok(answer) => Some(Ok(answer.clone())),
            Answered::Err(reason) => Some(Err(reason.clone())),
            // The answer itself is not known.
            Answered::Digest { .. } => None,
        }
    }
}
