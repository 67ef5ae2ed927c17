//! Running programs, and waiting for what they bring about.

use std::ffi::OsStr;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};

/// How often a condition is looked at that nobody announces.
const PERIOD: Duration = Duration::from_millis(100);

/// A command with nothing on stdin.
pub(crate) fn command(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new(program);
    command.stdin(Stdio::null());
    command
}

/// Runs a command and answers what it printed; its stderr is in the error.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{} cannot be started", what(command)))?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        let stdout = String::from_utf8_lossy(&output.stdout);
        bail!("{}: {}: {} {}", what(command), output.status, stderr.trim(), stdout.trim());
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Whether a command succeeds. What it prints is dropped.
pub fn succeeds(command: &mut Command) -> bool {
    command.stdout(Stdio::null()).stderr(Stdio::null()).status().is_ok_and(|status| status.success())
}

/// Runs a few commands, each given as a line whose words are divided by white space.
pub(crate) fn run_lines(lines: &str) -> Result<()> {
    for line in lines.lines() {
        let mut words = line.split_whitespace();
        if let Some(program) = words.next() {
            output(command(program).args(words))?;
        }
    }
    Ok(())
}

/// Waits until a condition holds. It answers what is still wrong, for the error of a wait
/// in vain; an error of its own counts as that too.
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
    // Programs that are entered by nsenter have long lines; the end tells more.
    let start = text.char_indices().rev().nth(300).map_or(0, |(at, _)| at);
    format!("`{}`", &text[start..])
}
