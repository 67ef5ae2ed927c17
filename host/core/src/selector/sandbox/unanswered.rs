//! Questions that are not passed on.

use std::fmt;

use crate::selector::grants::{Grants, Home, Plain};
use crate::selector::sandbox::facts::Question;

/// Why a question is not passed on. It ends the call: no answer of the selector would say whether
/// its author or the operator has to act.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Unanswered {
    /// A name in it is not what it claims to be, which is the selector's defect.
    Malformed(String),
    /// The configuration does not grant it, which is the operator's to correct.
    Ungranted(String),
}

impl fmt::Display for Unanswered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed(why) => write!(f, "asked for what has no such name: {why}"),
            Self::Ungranted(why) => f.write_str(why),
        }
    }
}

impl std::error::Error for Unanswered {}

/// Checks that a question may be passed on. The grant of its import was checked when the selector
/// was loaded, unless it may import any, and is checked again: a child may ask anything.
pub fn permit(question: &Question, grants: &Grants, home: &Home) -> Result<(), Unanswered> {
    question.check_names().map_err(Unanswered::Malformed)?;
    let import = |granted: bool, import: &str| {
        let ungranted = || {
            format!(
                "asked the import {import}, which is not granted to it: if it may have it, add \"grant\": [\"{import}\"] \
                 to its entry in the configuration"
            )
        };
        if granted { Ok(()) } else { Err(ungranted()) }
    };
    match question {
        Question::Labels | Question::ServiceAccount | Question::Owner => import(grants.has(Plain::Pod), "pod"),
        Question::Traffic { .. }
        | Question::TrafficRate { .. }
        | Question::NodeLabel { .. }
        | Question::FreeAddresses { .. } => import(grants.has(Plain::Node), "node"),
        Question::Object(object) => grants.cluster.permit(object, home),
        Question::NamespaceLabels => grants.cluster.permit_namespace(home),
    }
    .map_err(Unanswered::Ungranted)
}
