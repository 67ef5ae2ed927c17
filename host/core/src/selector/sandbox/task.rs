//! What a selector is asked, within which bounds, and what it answers.

use serde::{Deserialize, Serialize};

use super::limits::Limits;
use crate::selector::abi::{About, Merged, Outcome, Plan, Refusal, Request, Verdict};
use crate::selector::grants::{Grants, Home};

/// A question to a selector. `settings` is JSON text.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Task {
    /// What is the selector?
    Describe,
    /// Which networks does a pod get?
    Select {
        /// The pod, and the networks to choose from.
        request: Request,
        /// The entry's settings.
        settings: String,
    },
    /// Which result do the networks' results make?
    Merge {
        /// What the chain was asked.
        request: Request,
        /// What the chain decided.
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

/// A selector's answer.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum TaskAnswer {
    /// The answer to [`Task::Describe`].
    About(About),
    /// The answer to [`Task::Select`].
    Verdict(Result<Verdict, Refusal>),
    /// The answer to [`Task::Merge`].
    Merged(Result<Merged, Refusal>),
}

/// What a selector may do in one call.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Bounds {
    /// The selector's name, for messages.
    pub selector: String,
    /// What the selector may read and say.
    pub grants: Grants,
    /// How much the selector may use.
    pub limits: Limits,
    /// Bytes that the selectors before this one asked in the same CNI call, and were answered.
    pub asked: usize,
}
