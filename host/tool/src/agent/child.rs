//! Children of the agent, which do what takes the host's file system as a root.

use std::process::Stdio;
use std::time::Duration;

use tokio::process::Command;
use tokio::time::timeout;

/// Runs a child for at most `time`, without standard input, and returns its standard output.
///
/// # Errors
/// The child cannot be started, takes longer, or fails. The text has what it said.
pub async fn output(command: &mut Command, time: Duration) -> Result<Vec<u8>, String> {
    command.stdin(Stdio::null()).kill_on_drop(true);
    let output = match timeout(time, command.output()).await {
        Ok(Ok(output)) => output,
        Ok(Err(error)) => {
            let program = command.as_std().get_program();
            return Err(format!("cannot start {}: {error}", program.display()));
        }
        Err(_) => return Err(format!("it took longer than {} s", time.as_secs())),
    };
    if output.status.success() {
        return Ok(output.stdout);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("{}: {}", output.status, said.trim()))
}
