//! The outcome as lines and as JSON.

use serde_json::{Value, json};

use super::{Judged, Judgement};
use crate::show::Document;
use crate::show::table::{grouped, table};
use crate::trial::question;
use genie_core::cni::{text_without_secrets, without_secrets};

/// How many decisions there were, and those that are not the same.
#[derive(Default)]
pub struct Report {
    /// What is probably a mistake.
    notes: Vec<String>,
    same: u64,
    different: u64,
    unsaid: u64,
    rows: Vec<Vec<String>>,
    decisions: Vec<Value>,
}

impl Report {
    /// An empty report; `notes` are what is probably a mistake in what is tried.
    pub fn new(notes: Vec<String>) -> Self {
        Self { notes, ..Self::default() }
    }

    /// Adds the outcome of one decision.
    pub fn add(&mut self, judged: Judged) {
        let Judged { subject, container, judgement } = judged;
        let of =
            |outcome: &str, was: &str| json!({"pod": subject, "container": container, "outcome": outcome, "was": was});
        let (is, told) = match judgement {
            Judgement::Nothing => return,
            Judgement::Same => {
                self.same += 1;
                return;
            }
            Judgement::Different { was, is } => {
                self.different += 1;
                let mut told = of("different", &was);
                told["is"] = is.as_str().into();
                (is, told)
            }
            Judgement::Unsaid { was, missing, why } => {
                self.unsaid += 1;
                let mut told = of("unsaid", &was);
                told["missing"] = missing.iter().map(question::to_json).collect();
                told["why"] = why.as_str().into();
                (format!("cannot be said: {why}"), told)
            }
        };
        let was = told["was"].as_str().filter(|was| !was.is_empty()).unwrap_or("-").to_owned();
        self.rows.push(vec![subject, was, is]);
        self.decisions.push(told);
    }

    /// Whether every decision is the same.
    pub fn is_same(&self) -> bool {
        self.different + self.unsaid == 0
    }

    /// For people: those that are not the same, then how many there are.
    pub fn as_lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        if !self.rows.is_empty() {
            let heading = ["POD", "WAS", "IS"].map(String::from).to_vec();
            lines.extend(table(&[&[heading], self.rows.as_slice()].concat()));
            lines.push(String::new());
        }
        let all = self.same + self.different + self.unsaid;
        lines.push(format!(
            "{} {}: {} same, {} different, {} cannot be said",
            grouped(all),
            if all == 1 { "decision" } else { "decisions" },
            grouped(self.same),
            grouped(self.different),
            grouped(self.unsaid)
        ));
        lines.extend(self.notes.iter().map(|note| format!("warning: {note}")));
        lines.iter().map(|line| text_without_secrets(line)).collect()
    }

    /// For machines.
    pub fn as_json(&self) -> Value {
        without_secrets(&Document::Replay.with(json!({
            "same": self.same, "different": self.different, "unsaid": self.unsaid,
            "decisions": self.decisions, "warnings": self.notes,
        })))
    }
}
