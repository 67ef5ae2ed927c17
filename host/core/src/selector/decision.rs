//! What happened in a chain, for the attachment record and `test-selector`.

use serde::{Deserialize, Serialize};

use crate::cni::CniError;
use crate::selector::abi::{LogLevel, Plan};
use crate::selector::sandbox::facts::Consulted;
use crate::selector::sandbox::limits::Usage;
use crate::selector::sandbox::log::Log;
use crate::text::one_line;

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
    /// How many bytes the selectors asked their imports and were answered.
    pub fn asked(&self) -> usize {
        self.trace.iter().map(|step| step.usage.facts).sum()
    }
}

/// A chain that ended in an error, with its steps.
#[derive(Clone, Debug, PartialEq)]
pub struct Failed {
    /// The error for the runtime.
    pub error: CniError,
    /// The steps up to the one that failed, which is the last.
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
    /// The selector's name in the configuration.
    pub selector: String,
    /// What the selector answered.
    pub outcome: StepOutcome,
    /// What the selector used.
    #[serde(flatten)]
    pub usage: Usage,
    /// How long loading and running the selector took, in microseconds.
    pub micros: u64,
    /// How long loading took of that, in microseconds.
    #[serde(default)]
    pub load_micros: u64,
    /// What the selector logged.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub logs: Vec<Log>,
    /// What the selector asked its imports, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub imports: Vec<Consulted>,
}

impl Step {
    /// A step that used nothing.
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

/// How many warnings of selectors a pod's owner is told at most.
const WARNINGS: usize = 8;

/// What selectors warned of: the pod starts, but something that was written is odd.
pub fn warnings(trace: &[Step]) -> Vec<String> {
    let logs = trace.iter().flat_map(|step| step.logs.iter().map(move |log| (&step.selector, log)));
    let warnings = logs.filter(|(_, log)| log.level == LogLevel::Warn).take(WARNINGS);
    warnings.map(|(selector, log)| format!("selector {selector:?}: {}", one_line(&log.message))).collect()
}

/// A selector's answer, in a trace.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum StepOutcome {
    /// The selector left the decision to others.
    Pass,
    /// The selector decided on this plan.
    Plan(Plan),
    /// The selector refused the pod, with the error's message.
    Refused(String),
    /// The selector did not answer, with the error's message.
    Failed(String),
    /// The selector was not asked, since there was a plan.
    Skipped,
    /// The selector was not asked: it is a shadow, which changes nothing.
    Shadow,
    /// The selector was not asked: the pod has none of the annotations that wake it.
    Asleep,
}

impl StepOutcome {
    /// Whether the selector was asked.
    pub const fn is_asked(&self) -> bool {
        !matches!(self, Self::Skipped | Self::Shadow | Self::Asleep)
    }

    /// The outcome in one word.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Pass => "pass",
            Self::Plan(_) => "plan",
            Self::Refused(_) => "refused",
            Self::Failed(_) => "failed",
            Self::Skipped => "skipped",
            Self::Shadow => "shadow",
            Self::Asleep => "asleep",
        }
    }
}
