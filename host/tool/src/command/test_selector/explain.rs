//! Puts decisions into words: a table for people, JSON for machines.

use serde_json::{Value, json};

use super::pods::Given;
use crate::command::table::{bytes, grouped, table};
use genie_core::cni::{CniError, text_without_secrets, without_secrets};
use genie_core::network::{self, Catalogue, Prepared};
use genie_core::selector::abi::{Attachment, Plan, Source};
use genie_core::selector::chain::Chain;
use genie_core::selector::decision::{Decision, Step, StepOutcome};
use genie_core::selector::sandbox::facts::Answered;

/// The outcome for a pod.
pub enum Verdict {
    /// The pod gets these networks.
    Plan {
        /// The name of the selector that decided.
        decided_by: String,
        /// The reason that the selector gave.
        reason: String,
        /// What would be attached.
        attachments: Vec<Attached>,
    },
    /// No selector decided.
    Pass,
    /// A selector refused the pod, or the plan cannot be carried out.
    Refused(CniError),
    /// A selector failed.
    Failed(CniError),
}

/// A network that would be attached.
pub struct Attached {
    prepared: Prepared,
    /// The network's file. There is none for a network that is in no file.
    file: Option<String>,
}

impl Verdict {
    /// The outcome of a decision. A plan counts only if it can be carried out.
    pub fn of_decision(decision: &Decision, chain: &Chain, context: &network::Context<'_>) -> Self {
        let Some(plan) = &decision.plan else { return Self::Pass };
        let decider = decision.decided_by.and_then(|index| chain.entries.get(index));
        match network::prepare(plan, context) {
            Ok(prepared) => Self::Plan {
                decided_by: decider.map(|entry| entry.name.clone()).unwrap_or_default(),
                reason: plan.reason.clone(),
                attachments: attached(plan, prepared, context.catalogue),
            },
            Err(error) => Self::Refused(error),
        }
    }

    /// The outcome of a failure. The last step tells a refusal from a failure.
    pub fn of_failure(error: CniError, trace: &[Step]) -> Self {
        match trace.last().map(|step| &step.outcome) {
            Some(StepOutcome::Refused(_)) => Self::Refused(error),
            _ => Self::Failed(error),
        }
    }
}

/// Each attachment with the file that the plan means: another file may hold a network of the same
/// name.
fn attached(plan: &Plan, prepared: Vec<Prepared>, catalogue: &Catalogue) -> Vec<Attached> {
    let with_file = |(prepared, attachment): (Prepared, &Attachment)| {
        let network = match &attachment.network {
            Source::Installed(written) => catalogue.find(written),
            // A definition without a configuration of its own means an installed network.
            Source::Definition(_) => catalogue.networks.iter().find(|network| network.list == prepared.list),
            Source::Inline(_) => None,
        };
        Attached { file: network.map(|network| network.file.clone()), prepared }
    };
    prepared.into_iter().zip(&plan.attachments).map(with_file).collect()
}

/// The decision for one pod.
pub struct Told {
    /// The pod.
    pub pod: Given,
    /// The outcome.
    pub verdict: Verdict,
    /// What each selector did.
    pub trace: Vec<Step>,
    /// What the pod asks for although no selector reads it.
    pub ignored: Option<String>,
}

/// Decisions, with everything that led to them.
pub struct Report<'a> {
    /// The node's networks.
    pub catalogue: &'a Catalogue,
    /// The selectors that were asked.
    pub chain: &'a Chain,
    /// What is probably a mistake.
    pub notes: Vec<String>,
    /// The decision for each pod.
    pub outcomes: Vec<Told>,
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
        let steps: Vec<_> = outcome
            .trace
            .iter()
            .zip(&self.chain.entries)
            .map(|(step, entry)| {
                let mut value = json!(step);
                value["limits"] = json!({"fuel": entry.limits.fuel, "memory": entry.limits.memory});
                value["may"] = json!(entry.grants.in_words());
                value
            })
            .collect();
        let identity = &outcome.pod.facts.identity;
        let mut value = json!({
            "pod": {"namespace": identity.namespace, "name": identity.name, "workload": outcome.pod.workload},
            "networks": self.catalogue.networks.iter().map(|network| json!({
                "name": network.list.name, "file": network.file, "plugins": network.list.types(),
            })).collect::<Vec<_>>(),
            "unusable": self.catalogue.unusable.iter().map(|(file, reason)| json!({"file": file, "reason": reason}))
                .collect::<Vec<_>>(),
            "warnings": self.warnings().chain(outcome.ignored.as_deref()).collect::<Vec<_>>(),
            "trace": steps,
        });
        let failed = |error: &CniError| error.to_json(genie_core::cni::Version::CURRENT.as_str());
        match &outcome.verdict {
            Verdict::Plan { decided_by, reason, attachments } => {
                value["verdict"] = "plan".into();
                value["decidedBy"] = decided_by.as_str().into();
                value["reason"] = reason.as_str().into();
                value["attachments"] = attachments
                    .iter()
                    .map(|Attached { prepared, file }| {
                        json!({
                            "interface": prepared.interface, "network": prepared.list.name, "file": file,
                            "plugins": prepared.list.types(), "list": prepared.list.to_value(),
                            "cniArgs": prepared.cni_args, "runtimeConfig": prepared.runtime_config,
                        })
                    })
                    .collect();
            }
            Verdict::Pass => value["verdict"] = "pass".into(),
            Verdict::Refused(error) => {
                value["verdict"] = "refused".into();
                value["error"] = failed(error);
            }
            Verdict::Failed(error) => {
                value["verdict"] = "failed".into();
                value["error"] = failed(error);
            }
        }
        value
    }

    /// The report for people, one pod below the other: the decision first, then why. What holds for
    /// all pods comes last.
    pub fn as_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for outcome in &self.outcomes {
            lines.extend(decision(outcome));
            lines.extend(outcome.ignored.iter().map(|ignored| format!("warning: {ignored}")));
            lines.push(String::new());
            lines.extend(self.steps(&outcome.trace));
            lines.push(String::new());
            let asked = asked(&outcome.trace);
            if !asked.is_empty() {
                lines.extend(asked);
                lines.push(String::new());
            }
        }
        let entries = self.chain.entries.iter();
        lines.extend(entries.map(|entry| format!("{} {}", entry.name, entry.grants.in_words().join("; "))));
        let mut notes: Vec<_> = self.warnings().map(|what| format!("warning: {what}")).collect();
        let unusable = self.catalogue.unusable.iter();
        notes.extend(unusable.map(|(file, reason)| format!("{file} cannot be used: {reason}")));
        if !notes.is_empty() {
            lines.push(String::new());
            lines.extend(notes);
        }
        lines.iter().map(|line| text_without_secrets(line)).collect()
    }

    fn warnings(&self) -> impl Iterator<Item = &str> {
        let misnamed = self.catalogue.misnamed.iter().map(|(_, reason)| reason);
        self.notes.iter().chain(misnamed).map(String::as_str)
    }

    fn steps(&self, trace: &[Step]) -> Vec<String> {
        let mut rows = vec![["SELECTOR", "ANSWER", "FUEL", "MEMORY", "TIME"].map(Into::into).to_vec()];
        for (step, entry) in trace.iter().zip(&self.chain.entries) {
            let ran = step.outcome.is_asked();
            let cell = |text: String| if ran { text } else { "-".into() };
            rows.push(vec![
                step.selector.clone(),
                answer(&step.outcome).into(),
                cell(format!("{} of {}", grouped(step.usage.fuel), grouped(entry.limits.fuel))),
                cell(format!("{} of {}", bytes(step.usage.memory as u64), bytes(entry.limits.memory as u64))),
                cell(format!("{}.{:03} ms", step.micros / 1000, step.micros % 1000)),
            ]);
        }
        table(&rows)
    }
}

fn decision(outcome: &Told) -> Vec<String> {
    let pod = &outcome.pod.label;
    match &outcome.verdict {
        Verdict::Plan { decided_by, reason, attachments } => {
            let count = attachments.len();
            let networks = if count == 1 { "1 network".into() } else { format!("{count} networks") };
            let mut rows = vec![["INTERFACE", "NETWORK", "FILE", "PLUGINS"].map(Into::into).to_vec()];
            rows.extend(attachments.iter().map(|Attached { prepared, file }| {
                vec![
                    prepared.interface.clone(),
                    prepared.list.name.clone(),
                    file.as_deref().unwrap_or("(inline)").into(),
                    prepared.list.types().join(", "),
                ]
            }));
            let mut lines = vec![format!("{pod} gets {networks}, decided by {decided_by}: {reason}"), String::new()];
            lines.extend(table(&rows));
            lines
        }
        Verdict::Pass => vec![format!("{pod}: every selector passed; nobody decided")],
        Verdict::Refused(error) => vec![format!("{pod} is refused: {error}")],
        Verdict::Failed(error) => vec![format!("{pod}: no decision: {error}")],
    }
}

/// What the selectors asked and logged.
fn asked(trace: &[Step]) -> Vec<String> {
    let mut lines = Vec::new();
    for step in trace {
        lines.extend(step.imports.iter().map(|consulted| {
            let answer = match &consulted.answer {
                Answered::Ok(answer) => without_secrets(answer).to_string(),
                Answered::Err(reason) => format!("no answer: {reason}"),
                Answered::Digest { sha256, bytes: size } => format!("{}, SHA-256 {sha256}", bytes(*size as u64)),
            };
            format!("{} asked {}: {answer}", step.selector, json!(consulted.question))
        }));
        for log in &step.logs {
            // A stack trace has many lines; each is shown as the selector's.
            let message = text_without_secrets(&log.message);
            lines.extend(message.lines().map(|line| format!("{} {}: {line}", step.selector, log.level_name())));
        }
    }
    lines
}

fn answer(outcome: &StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Skipped => "skipped: decided already",
        StepOutcome::Shadow => "shadow: asked afterwards",
        asked => asked.name(),
    }
}
