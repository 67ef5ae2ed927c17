//! A program as the bench runs it.

use std::ffi::OsStr;
use std::io::Write;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A program with its environment and its stdin. It can be run again and again.
pub struct Program {
    command: Command,
    stdin: Vec<u8>,
}

impl Program {
    /// A program that inherits only `PATH` of the environment.
    pub fn new(program: &Path, stdin: Vec<u8>) -> Self {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        Self { command, stdin }
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.command.arg(argument);
        self
    }

    /// Sets a variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs the program as a runtime does. Returns its output, and the time from before its start
    /// until it has ended and everything is read.
    ///
    /// # Panics
    /// When the program does not start, or fails.
    pub fn run(&mut self) -> (Output, Duration) {
        let start = Instant::now();
        let child = self.start();
        let output = child.wait_with_output().expect("a child's output is read");
        let time = start.elapsed();
        assert!(
            output.status.success(),
            "{:?} failed: {} {}",
            self.command,
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
        (output, time)
    }

    /// Starts the program and writes its stdin.
    ///
    /// # Panics
    /// When the program does not start.
    pub fn start(&mut self) -> Child {
        let mut child =
            self.command.spawn().unwrap_or_else(|error| panic!("{:?} does not start: {error}", self.command));
        if let Some(mut stdin) = child.stdin.take() {
            // A program that does not read its stdin has ended already.
            _ = stdin.write_all(&self.stdin);
        }
        child
    }
}
