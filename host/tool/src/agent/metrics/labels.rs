//! The values of labels. A series lives as long as the agent, so there must be few.

use std::collections::BTreeSet;
use std::sync::{Mutex, PoisonError};

use super::Call;
use crate::agent::networks::OTHER;
use genie_core::agent_api::protocol::CallReport;
use genie_core::cni::code;

/// How an ADD or a DEL ends. Our own errors are told apart by what they mean. Errors of the
/// networks' plugins share one value, since their codes are their own.
const OUTCOMES: [&str; 11] =
    ["ok", "network", "call", "configuration", "denied", "io", "record", "refused", "selector", "try-again", "other"];

/// The calls that have a series from the start.
pub(super) fn calls() -> impl Iterator<Item = Call> {
    let of_pods = ["ADD", "DEL"].into_iter().flat_map(|verb| OUTCOMES.map(|outcome| Call { verb, outcome }));
    // A STATUS that succeeds is not reported.
    let of_nodes = [("CHECK", "ok"), ("CHECK", "failed"), ("GC", "ok"), ("GC", "failed"), ("STATUS", "failed")];
    of_pods.chain(of_nodes.map(|(verb, outcome)| Call { verb, outcome }))
}

/// How a call ended.
pub(super) fn call(report: &CallReport) -> Call {
    let ended = |failed| if report.code.is_none() { "ok" } else { failed };
    let (verb, outcome) = match report.verb.as_str() {
        "ADD" => ("ADD", ended(failure(report))),
        "DEL" => ("DEL", ended(failure(report))),
        "CHECK" => ("CHECK", ended("failed")),
        "GC" => ("GC", ended("failed")),
        "STATUS" => ("STATUS", ended("failed")),
        _ => (OTHER, ended("failed")),
    };
    Call { verb, outcome }
}

fn failure(report: &CallReport) -> &'static str {
    // The code may be the plugin's own, and mean anything.
    if report.networks.iter().any(|network| network.failed) {
        return "network";
    }
    match report.code.unwrap_or_default() {
        code::INCOMPATIBLE_VERSION
        | code::UNSUPPORTED_FIELD
        | code::INVALID_ENVIRONMENT
        | code::DECODE
        | code::INVALID_NETNS => "call",
        code::IO => "io",
        code::INVALID_CONFIG => "configuration",
        code::TRY_AGAIN => "try-again",
        code::REFUSED_INVALID => "refused",
        code::REFUSED_DENIED => "denied",
        code::SELECTOR => "selector",
        code::RECORD => "record",
        _ => "other",
    }
}

/// How a selector's run ended.
pub(super) fn selector_outcome(outcome: &str) -> &'static str {
    ["pass", "plan", "refused", "failed"].into_iter().find(|known| *known == outcome).unwrap_or(OTHER)
}

/// Names that calls report and that are not known beforehand. The first `most` of them count by
/// themselves, the rest together as [`OTHER`].
pub(super) struct Bounded {
    most: usize,
    seen: Mutex<BTreeSet<String>>,
}

impl Bounded {
    pub(super) fn at_most(most: usize) -> Self {
        Self { most, seen: Mutex::default() }
    }

    pub(super) fn name(&self, reported: &str) -> String {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let is_room = seen.len() < self.most && reported.len() <= 128;
        if seen.contains(reported) || (is_room && seen.insert(reported.to_owned())) {
            reported.to_owned()
        } else {
            OTHER.to_owned()
        }
    }
}
