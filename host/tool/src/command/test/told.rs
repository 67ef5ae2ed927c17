//! What is told of a case that was run.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use crate::command::exit;
use crate::show::Document;
use crate::suite::{CaseOutcome, Difference, WrongFile};
use crate::trial::question;
use genie_core::cni::{text_without_secrets, without_secrets};
use genie_core::selector::sandbox::facts::Question;

/// A case that was run.
pub struct Told {
    /// Its file, and its line there.
    pub place: (PathBuf, usize),
    /// Its name.
    pub name: String,
    /// How it ended.
    pub outcome: CaseOutcome,
    /// How long it took.
    pub time: Duration,
    /// Whether what was seen is now what it expects.
    pub updated: bool,
}

impl Told {
    /// A file that cannot be read.
    pub fn unreadable(wrong: &WrongFile) -> Self {
        let WrongFile { path, mistake } = wrong;
        Self {
            place: (path.clone(), mistake.line.unwrap_or(1)),
            name: "this file cannot be run".into(),
            outcome: CaseOutcome::Error(mistake.what.clone()),
            time: Duration::ZERO,
            updated: false,
        }
    }

    /// The exit status that this case alone would give.
    pub fn status(&self) -> u8 {
        match &self.outcome {
            CaseOutcome::Passed => 0,
            CaseOutcome::Failed(_) if self.updated => 0,
            CaseOutcome::Failed(_) => exit::FAILED,
            CaseOutcome::Error(_) => exit::USAGE,
        }
    }

    /// The outcome in one word.
    pub const fn word(&self) -> &'static str {
        match &self.outcome {
            CaseOutcome::Passed => "passed",
            CaseOutcome::Failed(_) if self.updated => "updated",
            CaseOutcome::Failed(_) => "failed",
            CaseOutcome::Error(_) => "error",
        }
    }

    /// Why the case did not pass, in lines.
    pub fn why(&self) -> Vec<String> {
        let lines = match &self.outcome {
            CaseOutcome::Passed => Vec::new(),
            CaseOutcome::Error(error) => vec![error.clone()],
            CaseOutcome::Failed(failure) => {
                let missing = failure.missing.iter().map(missing);
                missing.chain(failure.differences.iter().flat_map(Difference::as_lines)).collect()
            }
        };
        lines.iter().map(|line| text_without_secrets(line)).collect()
    }

    fn as_json(&self) -> Value {
        let (file, line) = &self.place;
        let (differences, missing) = match &self.outcome {
            CaseOutcome::Failed(failure) => (&*failure.differences, &*failure.missing),
            _ => (&[][..], &[][..]),
        };
        let difference = |one: &Difference| json!({"place": one.place, "expected": one.expected, "actual": one.actual});
        let mut value = json!({
            "name": self.name, "file": file, "line": line, "outcome": self.word(),
            "micros": genie_core::time::micros(self.time),
            "differences": differences.iter().map(difference).collect::<Vec<_>>(),
            "missing": missing.iter().map(|question| {
                let mut value = question::to_json(question);
                value["write"] = question::how_to_give(question).into();
                value
            }).collect::<Vec<_>>(),
        });
        if let CaseOutcome::Error(error) = &self.outcome {
            value["error"] = error.as_str().into();
        }
        value
    }
}

fn missing(question: &Question) -> String {
    format!(
        "asked {}, which the case does not give: write {}",
        question::in_words(question),
        question::how_to_give(question)
    )
}

/// How many cases ended in this way.
pub fn count(told: &[Told], word: &str) -> usize {
    told.iter().filter(|told| told.word() == word).count()
}

/// All cases, for machines.
pub fn as_json(told: &[Told]) -> Value {
    without_secrets(&Document::Suites.with(json!({
        "cases": told.iter().map(Told::as_json).collect::<Vec<_>>(),
        "passed": count(told, "passed"), "failed": count(told, "failed"),
        "errors": count(told, "error"), "updated": count(told, "updated"),
    })))
}
