//! A grant that is missing for what a selector answered.

use serde_json::Value;

use super::Grants;
use crate::cni::{CniError, code};

/// A part of an answer that is not granted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Missing {
    what: String,
    grant: Option<Value>,
    code: u32,
}

/// The part of a text that a line to paste holds: the text may be as long as an answer.
pub(super) fn shortened(text: &str) -> String {
    text.chars().take(128).collect()
}

impl Missing {
    /// `what` completes "it …"; `grant` is the item that would allow it.
    pub(super) fn new(what: impl Into<String>, grant: Value) -> Self {
        Self { what: what.into(), grant: Some(grant), code: code::INVALID_CONFIG }
    }

    /// For an answer beyond a line that the operator has drawn: policy, and not a mistake.
    pub(super) fn beyond(what: impl Into<String>, grant: Value) -> Self {
        Self { code: code::REFUSED_DENIED, ..Self::new(what, grant) }
    }

    /// For an answer that no grant allows.
    pub(super) fn never(what: impl Into<String>) -> Self {
        Self { what: what.into(), grant: None, code: code::SELECTOR }
    }

    /// Names the part of the answer that lacks the grant.
    pub fn at(mut self, place: &str) -> Self {
        self.what = format!("{place} {}", self.what);
        self
    }

    /// The error for the runtime, which tells the operator what to write. `grants` are those that the
    /// selector has.
    pub fn into_error(self, selector: &str, grants: &Grants) -> CniError {
        let what = self.what;
        let message = match self.grant {
            Some(grant) => {
                format!("selector {selector:?} was not granted what it answered: {what}; {}", grants.advice(&[grant]))
            }
            None => format!("selector {selector:?} answered what no selector may say: {what}"),
        };
        CniError::new(self.code, message)
    }
}
