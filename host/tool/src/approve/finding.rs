//! What is found before a configuration is put in force.

use serde::{Deserialize, Serialize};

use genie_core::cni::CniError;

/// How much a finding matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// The configuration may do something else than what was meant.
    Warning,
    /// The configuration is not put in force.
    Error,
}

/// One finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// How much the finding matters.
    pub level: Level,
    /// The place, what is wrong there, and what would be right.
    pub what: String,
}

impl Finding {
    /// A finding that keeps the configuration from being put in force.
    pub fn error(what: impl Into<String>) -> Self {
        Self { level: Level::Error, what: what.into() }
    }

    /// A finding that only tells what may not be meant.
    pub fn warning(what: impl Into<String>) -> Self {
        Self { level: Level::Warning, what: what.into() }
    }
}

impl From<CniError> for Finding {
    fn from(error: CniError) -> Self {
        Self::error(error.words())
    }
}
