//! A decision in words: a table for people, JSON for machines.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::cni::{CniError, without_secrets};
use crate::command::table::{bytes, grouped, table};
use crate::network::{self, Catalogue, Prepared};
use crate::selector::abi::Request;
use crate::selector::chain::Chain;
use crate::selector::facts::Answered;
use crate::selector::trace::{Decision, Step, StepOutcome};

/// What came out.
pub enum Verdict {
    /// These networks.
    Plan {
        /// The selector's name.
        decided_by: String,
        /// Its reason.
        reason: String,
        /// What would be attached.
        attachments: Vec<Prepared>,
    },
    /// Nobody decided.
    Pass,
    /// A selector refused the pod, or the plan cannot be carried out.
    Refused(CniError),
    /// A selector failed.
    Failed(CniError),
}

impl Verdict {
    /// What becomes of a decision: a plan counts when it can be carried out.
    pub fn of_decision(decision: &Decision, chain: &Chain, context: &network::Context<'_>) -> Self {
        let Some(plan) = &decision.plan else { return Self::Pass };
        let decider = decision.decided_by.and_then(|index| chain.entries.get(index));
        match network::prepare(plan, context) {
            Ok(attachments) => Self::Plan {
                decided_by: decider.map(|entry| entry.name.clone()).unwrap_or_default(),
                reason: plan.reason.clone(),
                attachments,
            },
            Err(error) => Self::Refused(error),
        }
    }

    /// Tells a refusal from a failure by the last step.
    pub fn of_failure(error: CniError, trace: &[Step]) -> Self {
        match trace.last().map(|step| &step.outcome) {
            Some(StepOutcome::Refused(_)) => Self::Refused(error),
            _ => Self::Failed(error),
        }
    }
}

/// A decision with all that led to it.
pub struct Explanation<'a> {
    /// What was asked.
    pub request: &'a Request,
    /// The node's networks.
    pub catalogue: &'a Catalogue,
    /// Who was asked.
    pub chain: &'a Chain,
    /// What of that may not be meant.
    pub doubtful: Vec<String>,
    /// What came out.
    pub verdict: Verdict,
    /// What each selector did.
    pub trace: Vec<Step>,
}

impl Explanation<'_> {
    /// For machines.
    pub fn as_json(&self) -> Value {
        let steps: Vec<_> = self
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
        let mut value = json!({
            "pod": {"namespace": self.request.pod.namespace, "name": self.request.pod.name},
            "networks": self.catalogue.networks.iter().map(|network| json!({
                "name": network.list.name, "file": network.file, "plugins": network.list.types(),
            })).collect::<Vec<_>>(),
            "unusable": self.catalogue.unusable.iter().map(|(file, reason)| json!({"file": file, "reason": reason}))
                .collect::<Vec<_>>(),
            "warnings": self.doubtful,
            "trace": steps,
        });
        match &self.verdict {
            Verdict::Plan { decided_by, reason, attachments } => {
                value["verdict"] = "plan".into();
                value["decidedBy"] = decided_by.as_str().into();
                value["reason"] = reason.as_str().into();
                value["attachments"] = attachments
                    .iter()
                    .map(|attachment| {
                        json!({
                            "interface": attachment.interface, "network": attachment.list.name,
                            "file": self.file_of(attachment), "plugins": attachment.list.types(),
                            "list": without_secrets(&attachment.list.to_value()), "cniArgs": attachment.cni_args,
                            "runtimeConfig": attachment.runtime_config,
                        })
                    })
                    .collect();
            }
            Verdict::Pass => value["verdict"] = "pass".into(),
            Verdict::Refused(error) => {
                value["verdict"] = "refused".into();
                value["error"] = error.to_json(crate::cni::Version::CURRENT.as_str());
            }
            Verdict::Failed(error) => {
                value["verdict"] = "failed".into();
                value["error"] = error.to_json(crate::cni::Version::CURRENT.as_str());
            }
        }
        value
    }

    /// For people: the decision first, then why.
    pub fn as_text(&self) -> String {
        let mut text = String::new();
        let pod = &self.request.pod;
        let pod = if pod.name.is_empty() { "(unnamed)".into() } else { format!("{}/{}", pod.namespace, pod.name) };
        match &self.verdict {
            Verdict::Plan { decided_by, reason, attachments } => {
                _ = writeln!(text, "pod {pod} gets {}, decided by {decided_by}: {reason}\n", count(attachments.len()));
                let mut rows = vec![["INTERFACE", "NETWORK", "FILE", "PLUGINS"].map(Into::into).to_vec()];
                rows.extend(attachments.iter().map(|attachment| {
                    vec![
                        attachment.interface.clone(),
                        attachment.list.name.clone(),
                        self.file_of(attachment).unwrap_or("(inline)").into(),
                        attachment.list.types().join(", "),
                    ]
                }));
                text += &table(&rows);
            }
            Verdict::Pass => _ = writeln!(text, "pod {pod}: every selector passed; nobody decided"),
            Verdict::Refused(error) => _ = writeln!(text, "pod {pod} is refused: {error}"),
            Verdict::Failed(error) => _ = writeln!(text, "pod {pod}: no decision: {error}"),
        }
        text.push('\n');
        text += &self.steps();
        text += &self.grants();
        text += &self.notes();
        text.trim_end().to_owned()
    }

    fn steps(&self) -> String {
        let mut rows = vec![["SELECTOR", "ANSWER", "FUEL", "MEMORY", "TIME"].map(Into::into).to_vec()];
        for (step, entry) in self.trace.iter().zip(&self.chain.entries) {
            let ran = step.outcome != StepOutcome::Skipped;
            let cell = |text: String| if ran { text } else { "-".into() };
            rows.push(vec![
                step.selector.clone(),
                outcome(&step.outcome).into(),
                cell(format!("{} of {}", grouped(step.usage.fuel), grouped(entry.limits.fuel))),
                cell(format!("{} of {}", bytes(step.usage.memory as u64), bytes(entry.limits.memory as u64))),
                cell(format!("{}.{:03} ms", step.micros / 1000, step.micros % 1000)),
            ]);
        }
        table(&rows)
    }

    /// What each entry may read and say.
    fn grants(&self) -> String {
        let entries = self.chain.entries.iter();
        let lines = entries.map(|entry| format!("{} {}", entry.name, entry.grants.in_words().join("; ")));
        format!("\n{}\n", lines.collect::<Vec<_>>().join("\n"))
    }

    /// What the selectors asked and logged, and which files nobody can use.
    fn notes(&self) -> String {
        let mut notes: Vec<_> = self.doubtful.iter().map(|what| format!("warning: {what}")).collect();
        for step in &self.trace {
            notes.extend(step.imports.iter().map(|consulted| {
                let answer = match &consulted.answer {
                    Answered::Ok(answer) => answer.to_string(),
                    Answered::Err(reason) => format!("no answer: {reason}"),
                    Answered::Digest { sha256, bytes: size } => format!("{}, SHA-256 {sha256}", bytes(*size as u64)),
                };
                format!("{} asked {}: {answer}", step.selector, json!(consulted.question))
            }));
            notes
                .extend(step.logs.iter().map(|log| format!("{} {}: {}", step.selector, log.level_name(), log.message)));
        }
        notes.extend(self.catalogue.unusable.iter().map(|(file, reason)| format!("{file} cannot be used: {reason}")));
        if notes.is_empty() { String::new() } else { format!("\n{}\n", notes.join("\n")) }
    }

    fn file_of(&self, attachment: &Prepared) -> Option<&str> {
        let network = self.catalogue.networks.iter().find(|network| network.list.name == attachment.list.name)?;
        Some(&network.file)
    }
}

fn count(attachments: usize) -> String {
    if attachments == 1 { "1 network".into() } else { format!("{attachments} networks") }
}

fn outcome(outcome: &StepOutcome) -> &'static str {
    match outcome {
        StepOutcome::Skipped => "skipped: decided already",
        asked => asked.name(),
    }
}
