//! The decisions of a run of `test-selector`, in lines and as JSON.

use serde_json::{Value, json};

use crate::show::{Document, delegates, json, lines};
use crate::trial::pods::Given;
use crate::trial::{Decided, Trial, Verdict, question};
use genie_core::cni::{text_without_secrets, without_secrets};
use genie_core::selector::abi::Merged;
use genie_core::selector::sandbox::facts::Question;

/// The decision for one pod.
pub struct Told {
    /// The pod.
    pub pod: Given,
    /// What was decided.
    pub decided: Decided,
    /// What the pod asks for although no selector reads it, and the like.
    pub warnings: Vec<String>,
    /// What the runtime would get for the given outcomes.
    pub merged: Option<Merged>,
    /// What was asked beyond the given facts.
    pub missing: Vec<Question>,
}

impl Told {
    /// What becomes of the pod.
    pub const fn verdict(&self) -> &Verdict {
        &self.decided.verdict
    }
}

/// Decisions, with everything that led to them.
pub struct Report<'a> {
    /// The chain and the node's networks.
    pub trial: &'a Trial,
    /// What is probably a mistake.
    pub notes: Vec<String>,
    /// The decision for each pod.
    pub outcomes: Vec<Told>,
    /// Whether to show what each plugin would get.
    pub show_config: bool,
}

impl Report<'_> {
    /// The report for machines: an object for one pod, a list of them for several.
    pub fn as_json(&self) -> Value {
        let outcomes: Vec<_> = self.outcomes.iter().map(|outcome| self.json_of(outcome)).collect();
        without_secrets(&match <[Value; 1]>::try_from(outcomes) {
            Ok([outcome]) => outcome,
            Err(outcomes) => outcomes.into(),
        })
    }

    fn json_of(&self, outcome: &Told) -> Value {
        let entries = &self.trial.config.chain.entries;
        let trace = outcome.decided.trace.iter().enumerate();
        let (networks, unusable) = json::catalogue(&self.trial.catalogue);
        let identity = &outcome.pod.facts.identity;
        let mut value = json::verdict(outcome.verdict());
        value["pod"] =
            json!({"namespace": identity.namespace, "name": identity.name, "workload": outcome.pod.workload});
        value["networks"] = networks;
        value["unusable"] = unusable;
        value["warnings"] = self.warnings().chain(outcome.warnings.iter().map(String::as_str)).collect();
        value["trace"] = trace.map(|(index, step)| json::step(step, entries.get(index))).collect();
        value["missing"] = outcome.missing.iter().map(question::to_json).collect();
        if let Some(merged) = &outcome.merged {
            value["merged"] = json::merged(merged);
        }
        if let (true, Verdict::Plan { attachments, .. }) = (self.show_config, outcome.verdict()) {
            for (shown, attached) in value["attachments"].as_array_mut().into_iter().flatten().zip(attachments) {
                shown["delegates"] = delegates::delegates(attached);
            }
        }
        Document::Decision.with(value)
    }

    /// The report for people, one pod below the other: the decision first, then why. What holds for
    /// all pods comes last.
    pub fn as_lines(&self) -> Vec<String> {
        let entries = &self.trial.config.chain.entries;
        let mut all = Vec::new();
        for outcome in &self.outcomes {
            all.extend(decision(outcome));
            if let (true, Verdict::Plan { attachments, .. }) = (self.show_config, outcome.verdict()) {
                all.push(String::new());
                all.extend(attachments.iter().flat_map(delegates::lines));
            }
            if let Some(merged) = &outcome.merged {
                all.extend([String::new(), "merged result:".into()]);
                all.extend(format!("{:#}", json::merged(merged)).lines().map(ToOwned::to_owned));
            }
            all.extend(outcome.warnings.iter().map(|warning| format!("warning: {warning}")));
            all.push(String::new());
            all.extend(lines::steps(&outcome.decided.trace, entries));
            all.push(String::new());
            let asked = lines::asked(&outcome.decided.trace);
            if !asked.is_empty() {
                all.extend(asked);
                all.push(String::new());
            }
        }
        all.extend(entries.iter().map(|entry| format!("{} {}", entry.name, entry.grants.in_words().join("; "))));
        let mut notes: Vec<_> = self.warnings().map(|what| format!("warning: {what}")).collect();
        let unusable = self.trial.catalogue.unusable.iter();
        notes.extend(unusable.map(|(file, reason)| format!("{file} cannot be used: {reason}")));
        if !notes.is_empty() {
            all.push(String::new());
            all.extend(notes);
        }
        all.iter().map(|line| text_without_secrets(line)).collect()
    }

    fn warnings(&self) -> impl Iterator<Item = &str> {
        let misnamed = self.trial.catalogue.misnamed.iter().map(|(_, reason)| reason);
        self.notes.iter().chain(misnamed).map(String::as_str)
    }
}

fn decision(outcome: &Told) -> Vec<String> {
    let pod = &outcome.pod.label;
    match outcome.verdict() {
        Verdict::Plan { decided_by, attachments, plan } => {
            let count = attachments.len();
            let networks = if count == 1 { "1 network".into() } else { format!("{count} networks") };
            let by = decided_by.as_ref().map_or("decided before".into(), |by| format!("decided by {by}"));
            let mut lines = vec![format!("{pod} gets {networks}, {by}: {}", plan.reason), String::new()];
            lines.extend(lines::attachments(attachments));
            lines
        }
        Verdict::Pass => vec![format!("{pod}: every selector passed; nobody decided")],
        Verdict::Refused(error) => vec![format!("{pod} is refused: {error}")],
        Verdict::Failed(error) => vec![format!("{pod}: no decision: {error}")],
    }
}
