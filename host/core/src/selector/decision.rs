//! What happened in a chain, for the attachment record and `test-selector`.

use serde::{Deserialize, Serialize};

use crate::cni::CniError;
use crate::selector::abi::Plan;
use crate::selector::sandbox::facts::Consulted;
use crate::selector::sandbox::limits::Usage;
use crate::selector::sandbox::log::Log;

/// What a chain decided.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Decision {
    /// The plan; none when every selector passed.
    pub plan: Option<Plan>,
    /// The index of the entry that made the plan.
    pub decided_by: Option<usize>,
    /// One step for each entry, in order.
    pub trace: Vec<Step>,
}

impl Decision {
    /// Bytes of what its selectors asked their imports and were told.
    pub fn asked(&self) -> usize {
        self.trace.iter().map(|step| step.usage.facts).sum()
    }
}

/// A chain that ended in an error, and how it got there.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// For the runtime.
    pub error: CniError,
    /// The steps up to and with the one that failed.
    pub trace: Vec<Step>,
}

impl From<Failed> for CniError {
    fn from(failed: Failed) -> Self {
        failed.error
    }
}

/// One selector's part in a decision.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// The selector, as written in the configuration.
    pub selector: String,
    /// What it answered.
    pub outcome: StepOutcome,
    /// What it used.
    #[serde(flatten)]
    pub usage: Usage,
    /// Microseconds that loading and running it took.
    pub micros: u64,
    /// How many of these were for loading it.
    #[serde(default)]
    pub load_micros: u64,
    /// What it logged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<Log>,
    /// What it asked its imports, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<Consulted>,
}

impl Step {
    /// A step that took nothing.
    pub fn new(selector: &str, outcome: StepOutcome) -> Self {
        Self {
            selector: selector.into(),
            outcome,
            usage: Usage::default(),
            micros: 0,
            load_micros: 0,
            logs: Vec::new(),
            imports: Vec::new(),
        }
    }
}

/// A selector's answer, in a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// It had nothing to say.
    Pass,
    /// It decided on this plan.
    Plan(Plan),
    /// It refused the pod; the error's message.
    Refused(String),
    /// It did not answer; the error's message.
    Failed(String),
    /// It was not asked, since there was a plan.
    Skipped,
}

impl StepOutcome {
    /// In one word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Plan(_) => "plan",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
            Self::Skipped => "skipped",
        }
    }
}
