//! What a pod's owner is told, though the pod starts.

use std::path::Path;

use crate::cni::{Call, quoted};
use crate::network::Prepared;
use crate::report::spool;
use crate::selector::abi::Request;
use crate::selector::chain::{Chain, Entry, Run};
use crate::selector::decision::{self, Step, StepOutcome};
use crate::selector::module::Module;

/// The annotation of the multi-network standard (section 4.1).
const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";

/// The built-in selector that reads it.
const READER: &str = "network-attachment";

/// All that is odd about a pod that is to get these attachments, in sentences for its owner.
pub fn warnings<'a>(
    chain: &Chain,
    request: &Request,
    trace: &[Step],
    attachments: impl IntoIterator<Item = &'a Prepared>,
) -> Vec<String> {
    let of_selectors = ignored(chain, request, trace).into_iter().chain(decision::warnings(trace));
    of_selectors.chain(attachments.into_iter().flat_map(|attachment| attachment.warnings.iter().cloned())).collect()
}

/// A warning for a pod that asks for networks of the standard when no selector that can read that
/// annotation was asked. Of the built-in selectors one reads it. What a module reads is not known,
/// so a chain with a module and without the built-in one gets no warning.
fn ignored(chain: &Chain, request: &Request, trace: &[Step]) -> Option<String> {
    let (_, written) = request.annotations.iter().find(|(key, _)| key == NETWORKS)?;
    if written.trim().is_empty() {
        return None;
    }
    let mut asked = chain.entries.iter().zip(trace).filter(|(entry, _)| entry.run != Run::Shadow);
    let is = |entry: &Entry, name| matches!(entry.module, Module::BuiltIn(built_in) if built_in == name);
    let why = match asked.clone().find(|(entry, _)| is(entry, READER)) {
        Some((_, step)) if step.outcome != StepOutcome::Skipped => return None,
        Some(_) => format!(
            "an entry before {READER:?} decided; have the operator put {{\"module\": \"{READER}\", \"run\": \
             \"always\"}} last in the configuration's selectors"
        ),
        None if asked.any(|(entry, _)| !matches!(entry.module, Module::BuiltIn(_))) => return None,
        None => format!(
            "no selector of genie's configuration reads it; have the operator add {{\"module\": \"{READER}\"}} to \
             the configuration's selectors, or name installed networks in the annotation \"cni\""
        ),
    };
    let written = quoted(written);
    Some(format!(
        "the annotation {NETWORKS} ({written}) is not heeded, and the pod gets its other networks only: {why}"
    ))
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
