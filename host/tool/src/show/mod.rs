//! Shows a decision and what led to it: in lines for people, in JSON for machines.
//!
//! JSON has one style in all commands: keys in camelCase, values that are words in lower case with
//! hyphens, and in each document `schema`, which names the published schema (docs/schema) and its
//! version.

pub mod delegates;
pub mod json;
pub mod lines;
pub mod table;

use serde_json::Value;

/// A document that a command prints, each with a schema in docs/schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Document {
    /// The decision for a pod.
    Decision,
    /// The findings of `doctor`.
    Doctor,
    /// Why a pod has its networks.
    Explanation,
    /// What another meta plugin's configuration becomes.
    Import,
    /// What a module is.
    Module,
    /// The attachment records of a node.
    Records,
    /// What other selectors would have decided.
    Replay,
    /// The outcome of suites.
    Suites,
}

impl Document {
    /// The document's `schema`: its name, and the version of its form. A version only grows by
    /// members.
    pub const fn schema(self) -> &'static str {
        match self {
            Self::Decision => "genie-host/decision/v1",
            Self::Doctor => "genie-host/doctor/v1",
            Self::Explanation => "genie-host/explanation/v1",
            Self::Import => "genie-host/import/v1",
            Self::Module => "genie-host/module/v1",
            Self::Records => "genie-host/records/v1",
            Self::Replay => "genie-host/replay/v1",
            Self::Suites => "genie-host/suites/v1",
        }
    }

    /// The document with these members.
    #[must_use]
    pub fn with(self, mut members: Value) -> Value {
        if let Value::Object(members) = &mut members {
            members.insert("schema".into(), self.schema().into());
        }
        members
    }
}
