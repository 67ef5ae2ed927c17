//! What a pod's owner is told, though the pod starts.

use std::path::Path;

use serde_json::{Value, json};

use crate::cni::{Call, quoted};
use crate::network::{NETWORKS, Prepared};
use crate::report::spool;
use crate::selector::abi::Request;
use crate::selector::chain::{Chain, Entry, Run};
use crate::selector::decision::{self, Step, StepOutcome};
use crate::selector::module::Module;

/// An annotation by which a pod asks for networks.
struct Asking {
    key: &'static str,
    /// The built-in selector that reads it when it is not blank.
    reader: &'static str,
    /// What the operator can do when another entry decided before that one was asked.
    before: &'static str,
}

/// What helps a reader that makes a plan of its own.
const FIRST: &str = "leave out the annotation that is not meant, or have the operator put this entry before that one";
/// What helps the reader that adds to a plan.
const LAST: &str = "have the operator write \"run\": \"always\" into this entry, and put it last";

/// The annotation of CNI-Genie, and what reads it.
const CNI: &str = "cni";
const CNI_READER: &str = "annotation";

/// All of them: those of the multi-network standard (section 4.1) and of Multus, and CNI-Genie's.
const ASKING: [Asking; 4] = [
    Asking { key: NETWORKS, reader: "network-attachment", before: LAST },
    Asking { key: "v1.multus-cni.io/default-network", reader: "network-attachment", before: LAST },
    Asking { key: CNI, reader: CNI_READER, before: FIRST },
    Asking { key: "networks", reader: "logical-network", before: FIRST },
];

/// The built-in selector that reads whichever annotations its settings name.
const TABLE: Module = Module::BuiltIn("rules");

/// All that is odd about a pod that is to get these attachments, in sentences for its owner.
pub fn warnings<'a>(
    chain: &Chain,
    request: &Request,
    trace: &[Step],
    attachments: impl IntoIterator<Item = &'a Prepared>,
) -> Vec<String> {
    let of_selectors = unheeded(chain, request, trace).chain(decision::warnings(trace));
    of_selectors.chain(attachments.into_iter().flat_map(|attachment| attachment.warnings.iter().cloned())).collect()
}

/// A warning for each annotation by which the pod asks for networks and which no selector has read.
fn unheeded(chain: &Chain, request: &Request, trace: &[Step]) -> impl Iterator<Item = String> {
    ASKING.iter().filter_map(|asking| {
        let (_, written) = request.annotations.iter().find(|(key, _)| key == asking.key)?;
        if written.trim().is_empty() {
            return None;
        }
        let why = asking.unheeded(chain, request, trace)?;
        let (key, written) = (asking.key, quoted(written));
        Some(format!("the annotation {key} ({written}) is not heeded, and the pod gets its other networks only: {why}"))
    })
}

impl Asking {
    /// Why nobody has read the annotation. The result is none when a selector has, or may have: nobody
    /// knows what a module of somebody else reads.
    fn unheeded(&self, chain: &Chain, request: &Request, trace: &[Step]) -> Option<String> {
        let (key, reader) = (self.key, self.reader);
        let entries = || chain.entries.iter().zip(trace).enumerate().filter(|(_, (entry, _))| entry.run != Run::Shadow);
        let asked = || entries().map(|(_, step)| step).filter(|(_, step)| step.outcome.is_asked());
        if asked().any(|(entry, _)| is(entry, reader) || self.is_in_table(entry)) {
            return None;
        }
        let Some((place, (entry, _))) = entries().find(|(_, (entry, _))| is(entry, reader)) else {
            if asked().any(|(entry, _)| matches!(entry.module, Module::File { .. })) {
                return None;
            }
            let other = if self.key != CNI && entries().any(|(_, (entry, _))| is(entry, CNI_READER)) {
                ", or name installed networks in the annotation \"cni\""
            } else {
                ""
            };
            let entry = json!({"module": reader});
            return Some(format!(
                "no selector of genie's configuration reads it; have the operator add {entry} to the configuration's \
                 selectors{other}"
            ));
        };
        let name = &entry.name;
        if entry.sleeps(request) {
            return Some(format!(
                "the entry {name:?} reads it, and was not woken; have the operator add {key:?} to the entry's \
                 \"wake\", or leave \"wake\" out"
            ));
        }
        let before = trace.iter().take(place).rfind(|step| matches!(step.outcome, StepOutcome::Plan(_)));
        let decider = before.map_or("an earlier decision", |step| &step.selector);
        let advice = self.before;
        Some(format!("the entry {name:?} reads it, and {decider:?} had decided before that one was asked; {advice}"))
    }

    /// Whether the settings of a table of rules name the annotation.
    fn is_in_table(&self, entry: &Entry) -> bool {
        entry.module == TABLE && entry.settings.text().contains(&Value::from(self.key).to_string())
    }
}

fn is(entry: &Entry, reader: &str) -> bool {
    matches!(entry.module, Module::BuiltIn(built_in) if built_in == reader)
}

/// Tells the pod's owner what is odd, though the pod starts.
pub fn tell(call: &Call, state_dir: &Path, warnings: &[String]) {
    tell_more(call, state_dir, &[], warnings);
}

/// Tells the pod's owner what else is odd. A pod has one notice at a time, so what was `told` stands in
/// it, too.
pub fn tell_more(call: &Call, state_dir: &Path, told: &[String], warnings: &[String]) {
    for warning in warnings {
        tracing::warn!("{warning}");
    }
    if !warnings.is_empty() {
        spool::noticed(call, state_dir, &[told, warnings].concat().join("; "));
    }
}

#[cfg(test)]
mod tests;
