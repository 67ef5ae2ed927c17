//! Selectors that the plugin does not run itself, but in a short-lived `genie-host run-selector`:
//! those that import WASI, which is linked there and not in the plugin, and those with several
//! memories, which fuel alone does not bound.
//!
//! Each message is one JSON document on a line. The parent sends a [`RunOrder`]. The child asks any
//! number of questions, each answered by a line, and ends with its report.

use std::ffi::OsStr;
use std::io::ErrorKind;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::ExitStatus;
use std::time::Instant;

use rustix::process::Signal;
use serde::{Deserialize, Serialize};

use crate::cni::{CniError, code};
use crate::process::Process;
use crate::selector::sandbox::facts::{Consulted, Facts, Question, RECORDED};
use crate::selector::sandbox::limits::{Limits, QUESTIONS, Usage};
use crate::selector::sandbox::log::Log;
use crate::selector::sandbox::run::Ran;
use crate::selector::sandbox::task::{Bounds, Task, TaskAnswer};
use crate::selector::sandbox::unanswered;

/// What the child has to do.
#[derive(Serialize, Deserialize)]
pub struct RunOrder {
    /// The selector's artefact.
    pub artefact: PathBuf,
    /// What to ask the selector.
    pub task: Task,
    /// What the selector may do.
    pub bounds: Bounds,
    /// How long the run may take, in milliseconds.
    pub millis: u64,
}

/// A message of the child.
#[derive(Serialize, Deserialize)]
pub enum Said {
    /// The selector asks; the answer is a `Result<Value, String>`.
    Question(Question),
    /// The run has ended.
    Report(RunReport),
}

/// A [`Ran`] that can be sent.
#[derive(Serialize, Deserialize)]
pub struct RunReport {
    answer: Result<TaskAnswer, Fault>,
    usage: Usage,
    logs: Vec<Log>,
    consulted: Vec<Consulted>,
}

/// A [`CniError`] that can be sent.
#[derive(Serialize, Deserialize)]
struct Fault {
    code: u32,
    msg: String,
    details: String,
}

impl From<Ran> for RunReport {
    fn from(Ran { answer, usage, logs, consulted }: Ran) -> Self {
        let answer = answer.map_err(|CniError { code, msg, details }| Fault { code, msg, details });
        Self { answer, usage, logs, consulted }
    }
}

impl From<RunReport> for Ran {
    fn from(RunReport { answer, usage, logs, consulted }: RunReport) -> Self {
        let answer = answer.map_err(|Fault { code, msg, details }| CniError { code, msg, details });
        Self { answer, usage, logs, consulted }
    }
}

/// Runs the task in a child of the program `tool`.
pub fn run(tool: &Path, artefact: &Path, task: Task, bounds: &Bounds, facts: &dyn Facts, deadline: Instant) -> Ran {
    let left = deadline.saturating_duration_since(Instant::now());
    let order = RunOrder {
        artefact: artefact.into(),
        task,
        bounds: bounds.clone(),
        millis: u64::try_from(left.as_millis()).unwrap_or(u64::MAX),
    };
    let started = Process::start(tool, &[OsStr::new("run-selector")], false, deadline);
    let spoken = started.and_then(|mut process| match converse(&mut process, &order, facts) {
        Err(error) if matches!(error.kind(), ErrorKind::UnexpectedEof | ErrorKind::BrokenPipe) => {
            Err(std::io::Error::other(ended(process.status()?)))
        }
        spoken => spoken,
    });
    spoken.map_or_else(
        |error| {
            let code = if error.kind() == ErrorKind::TimedOut { code::TRY_AGAIN } else { code::SELECTOR };
            let reason = if tool.exists() {
                error.to_string()
            } else {
                "there is no such program; install genie-host beside the plugin".into()
            };
            let message = format!(
                "selector {:?} runs in a child, `{} run-selector`, which failed: {reason}",
                bounds.selector,
                tool.display()
            );
            Ran::failed(CniError::new(code, message))
        },
        Ran::from,
    )
}

/// The longest line of a child, in bytes: its report. JSON writes a byte of text as six at most.
/// Beside texts, a report holds what was asked, and the recorded answers.
fn longest(limits: &Limits) -> usize {
    let texts = limits.output_bytes.saturating_add(limits.log_bytes);
    texts.saturating_mul(6).saturating_add(QUESTIONS * 2 * RECORDED)
}

/// Why a child ended without an answer.
fn ended(status: ExitStatus) -> String {
    let reason = match status.signal().and_then(Signal::from_named_raw) {
        // A selector has no reason to make such a call; see `confine`.
        Some(Signal::SYS) => ": it made a system call that is kept from it",
        Some(Signal::KILL) => ": was it out of memory?",
        _ => "",
    };
    format!("it ended without an answer ({status}){reason}")
}

/// The parent's side of the conversation.
pub fn converse(process: &mut Process, order: &RunOrder, facts: &dyn Facts) -> std::io::Result<RunReport> {
    process.send(&serde_json::to_vec(order)?)?;
    let Bounds { grants, limits, .. } = &order.bounds;
    let (longest, home) = (longest(limits), order.task.home());
    loop {
        let Some(line) = process.line(longest)? else {
            return Err(std::io::Error::new(ErrorKind::UnexpectedEof, "it ended without an answer"));
        };
        match serde_json::from_slice(&line)? {
            // The child has checked the same, but it runs code that is not trusted.
            Said::Question(question) => {
                let answer = match unanswered::permit(&question, grants, &home) {
                    Ok(()) => facts.answer(&question),
                    Err(why) => Err(why.to_string()),
                };
                process.send(&serde_json::to_vec(&answer)?)?;
            }
            Said::Report(report) => return Ok(report),
        }
    }
}
