//! Questions that are not passed on.

use std::fmt;

use serde_json::json;

use crate::object::ObjectName;
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
            let advice = grants.advice(&[json!(import)]);
            Unanswered::Ungranted(format!("asked the import {import}, which is not granted to it: {advice}"))
        };
        if granted { Ok(()) } else { Err(ungranted()) }
    };
    match question {
        Question::Labels | Question::ServiceAccount | Question::Owner => import(grants.has(Plain::Pod), "pod"),
        Question::Traffic { .. }
        | Question::TrafficRate { .. }
        | Question::NodeLabel { .. }
        | Question::FreeAddresses { .. } => import(grants.has(Plain::Node), "node"),
        Question::Object(object) => grants.permit_object(object, home).map_err(Unanswered::Ungranted),
        // The labels of the pod's own namespace take the grant for the Namespace.
        Question::NamespaceLabels => match ObjectName::new("v1", "Namespace", None, &home.namespace) {
            Ok(namespace) => grants.permit_object(&namespace, home).map_err(Unanswered::Ungranted),
            // A call that names no pod has no namespace: whoever answers says so.
            Err(_) => Ok(()),
        },
    }
}
