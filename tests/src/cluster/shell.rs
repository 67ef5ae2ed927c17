//! Runs programs, and waits for their effects.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often to look at a condition that nothing announces.
const PERIOD: Duration = Duration::from_millis(100);

/// A command with an empty standard input.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// Runs a command and returns its output. The error has its stderr.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{} cannot be started", what(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let stdout = String::from_utf8_lossy(&output.stdout);
        bail!("{}: {}: {} {}", what(command), output.status, stderr.trim(), stdout.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a command succeeds. Its output is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs commands, one on each line. Words are separated by white space.
pub(crate) fn run_lines(lines: &str) -> Result<()> {
    for line in lines.lines() {
        let mut words = line.split_whitespace();
        if let Some(program) = words.next() {
            output(command(program).args(words))?;
        }
    }
    Ok(())
}

/// Waits until a condition holds. `wrong` returns what is still wrong, or fails with it. The last
/// reason is in the error when the time is over.
pub fn await_that(what: &str, limit: Duration, mut wrong: impl FnMut() -> Result<Option<String>>) -> Result<()> {
    let deadline = Instant::now() + limit;
    loop {
        let last = match wrong() {
            Ok(None) => return Ok(()),
            Ok(Some(wrong)) => wrong,
            Err(error) => format!("{error:#}"),
        };
        if Instant::now() > deadline {
            bail!("waited {} s in vain for {what}: {last}", limit.as_secs());
        }
        sleep(PERIOD);
    }
}

fn what(command: &Command) -> String {
    let words: Vec<_> =
        [command.get_program()].into_iter().chain(command.get_args()).map(OsStr::to_string_lossy).collect();
    let text = words.join(" ");
    // Commands through nsenter have long lines, and their end tells more.
    let start = text.char_indices().rev().nth(300).map_or(0, |(at, _)| at);
    format!("`{}`", &text[start..])
}
