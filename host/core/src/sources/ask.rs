//! The plugin's side of a question to the API server, which a short-lived `genie-host ask-api`
//! asks.

use std::ffi::OsStr;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Access;
use crate::agent_api::protocol::{Answer, Body, MAX_LINE};
use crate::process::Process;

/// The longest time for an answer. A slower API server is as good as none.
const LIMIT: Duration = Duration::from_secs(10);
/// The time that the call still needs when the child's time is up.
const MARGIN: Duration = Duration::from_millis(500);

/// What the child gets on its standard input. Its arguments and its environment, which others can
/// see, hold no credential.
#[derive(Debug, Serialize, Deserialize)]
pub struct ApiOrder {
    /// How to reach the API server.
    pub access: Access,
    /// The question.
    pub question: Body,
    /// How long the child may take, in milliseconds.
    pub millis: u64,
}

/// Asks the API server. `tool` is the program `genie-host`.
///
/// # Errors
/// The reason why there is no answer.
pub fn ask(tool: &Path, access: &Access, question: Body, deadline: Instant) -> Result<Answer, String> {
    let left = deadline.saturating_duration_since(Instant::now()).saturating_sub(MARGIN).min(LIMIT);
    let millis = u64::try_from(left.as_millis()).unwrap_or(u64::MAX);
    let order = ApiOrder { access: access.clone(), question, millis };
    // The child keeps the time itself. The margin is for a child that does not.
    let answer = converse(tool, &order, Instant::now() + left + MARGIN / 2);
    match answer.map_err(|error| format!("`{} ask-api` failed: {error}", tool.display()))? {
        Answer::Error(reason) => Err(reason),
        answer => Ok(answer),
    }
}

fn converse(tool: &Path, order: &ApiOrder, deadline: Instant) -> io::Result<Answer> {
    let mut process = Process::start(tool, &[OsStr::new("ask-api")], false, deadline)?;
    process.send(&serde_json::to_vec(order)?)?;
    let line = process.line(MAX_LINE)?;
    let line = line.ok_or_else(|| io::Error::new(ErrorKind::UnexpectedEof, "it ended without an answer"))?;
    Ok(serde_json::from_slice(&line)?)
}
