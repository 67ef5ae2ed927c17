//! What a selector is asked, within which bounds, and what it answers.

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use crate::selector::abi::{About, Merged, Outcome, Plan, Refusal, Request, Verdict};
use crate::selector::grants::{Grants, Home};

/// What to ask a selector. `settings` is JSON text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Task {
    /// What it is.
    Describe,
    /// Which networks a pod gets.
    Select {
        /// The pod, and what there is to choose from.
        request: Request,
        /// The entry's settings.
        settings: String,
    },
    /// How the networks' results become one.
    Merge {
        /// What the chain was asked.
        request: Request,
        /// What it decided.
        plan: Plan,
        /// What the networks answered, in the plan's order.
        outcomes: Vec<Outcome>,
        /// The entry's settings.
        settings: String,
    },
}

impl Task {
    /// Where the selector is asked.
    pub fn home(&self) -> Home {
        match self {
            Self::Describe => Home::default(),
            Self::Select { request, .. } | Self::Merge { request, .. } => {
                Home { namespace: request.pod.namespace.clone(), node: request.node.clone() }
            }
        }
    }
}

/// What it answers.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum TaskAnswer {
    /// To [`Task::Describe`].
    About(About),
    /// To [`Task::Select`].
    Verdict(Result<Verdict, Refusal>),
    /// To [`Task::Merge`].
    Merged(Result<Merged, Refusal>),
}

/// What one call may do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bounds {
    /// The selector's name, for messages.
    pub selector: String,
    /// What it may read and say.
    pub grants: Grants,
    /// What it may use.
    pub limits: Limits,
    /// Bytes of what selectors before this one asked in the same CNI call, and were told.
    pub asked: usize,
}
