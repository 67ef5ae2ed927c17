//! A short-lived child that exchanges lines with us, and that never outlives its deadline.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Instant;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::OFlags;
use rustix::process::{DumpableBehavior, set_dumpable_behavior};

/// The most bytes of output that are read as a whole: messages.
const MAX_OUTPUT: usize = 1 << 20;

/// Forbids a core dump of this process, wherever the system would send it: its memory holds the
/// content of configurations, tokens among it. This does not apply to programs that the process
/// executes.
pub fn forbid_core_dump() {
    if let Err(error) = set_dumpable_behavior(DumpableBehavior::NotDumpable) {
        tracing::warn!(%error, "a core dump of this process could hold secrets");
    }
}

/// A running child. It is killed when this is dropped.
pub struct Process {
    child: Option<Child>,
    input: File,
    output: File,
    /// Bytes that were read and not taken yet.
    pending: Vec<u8>,
    deadline: Instant,
}

impl Process {
    /// Starts the child with an empty environment. Its standard error goes where ours goes or, when
    /// `merged`, into its output.
    pub fn start(program: &Path, arguments: &[&OsStr], merged: bool, deadline: Instant) -> io::Result<Self> {
        let (output, child_output) = io::pipe()?;
        let (child_input, input) = io::pipe()?;
        let stderr = if merged { Stdio::from(child_output.try_clone()?) } else { Stdio::inherit() };
        let child = Command::new(program)
            .args(arguments)
            .env_clear()
            .current_dir("/")
            .stdin(child_input)
            .stdout(child_output)
            .stderr(stderr)
            .spawn()?;
        Self::over(input.into(), output.into(), Some(child), deadline)
    }

    /// A child that speaks over these pipes.
    pub fn over(input: OwnedFd, output: OwnedFd, child: Option<Child>, deadline: Instant) -> io::Result<Self> {
        let process = Self { child, input: input.into(), output: output.into(), pending: Vec::new(), deadline };
        // A child that reads nothing must not hold us up.
        let flags = rustix::fs::fcntl_getfl(&process.input)?;
        rustix::fs::fcntl_setfl(&process.input, flags | OFlags::NONBLOCK)?;
        Ok(process)
    }

    /// Sends one line.
    pub fn send(&mut self, line: &[u8]) -> io::Result<()> {
        for part in [line, b"\n"] {
            let mut left = part;
            while !left.is_empty() {
                wait(&self.input, PollFlags::OUT, self.deadline)?;
                match (&self.input).write(left) {
                    Ok(written) => left = left.get(written..).unwrap_or_default(),
                    Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => {}
                    Err(error) => return Err(error),
                }
            }
        }
        Ok(())
    }

    /// Takes the next line, without its end. The result is none when the child has closed its
    /// output. A line of more than `longest` bytes is an error.
    pub fn line(&mut self, longest: usize) -> io::Result<Option<Vec<u8>>> {
        let mut searched = 0;
        loop {
            if let Some(end) = self.pending.iter().skip(searched).position(|byte| *byte == b'\n') {
                let mut line: Vec<u8> = self.pending.drain(..=searched + end).collect();
                line.pop();
                return Ok(Some(line));
            }
            searched = self.pending.len();
            if searched > longest {
                return Err(io::Error::other(format!("it wrote a line of more than {longest} bytes")));
            }
            if self.read()? == 0 {
                return Ok(None);
            }
        }
    }

    /// Takes all output up to the child's end.
    pub fn rest(&mut self) -> io::Result<Vec<u8>> {
        while self.read()? > 0 {
            if self.pending.len() > MAX_OUTPUT {
                return Err(io::Error::other(format!("it wrote more than {MAX_OUTPUT} bytes")));
            }
        }
        Ok(std::mem::take(&mut self.pending))
    }

    /// The child's exit status. Waits for the child, so ask when its output has ended.
    pub fn status(mut self) -> io::Result<std::process::ExitStatus> {
        match self.child.take() {
            Some(mut child) => child.wait(),
            None => Err(io::Error::other("there is no child")),
        }
    }

    fn read(&mut self) -> io::Result<usize> {
        wait(&self.output, PollFlags::IN, self.deadline)?;
        let mut buffer = [0; 16 << 10];
        loop {
            match (&self.output).read(&mut buffer) {
                Ok(count) => {
                    self.pending.extend(buffer.iter().take(count));
                    return Ok(count);
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if let Some(mut child) = self.child.take() {
            // A child that has ended by itself cannot be killed, which is fine.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Waits until the pipe is ready or has ended. The error at the deadline is `TimedOut`.
fn wait(pipe: impl AsFd, flags: PollFlags, deadline: Instant) -> io::Result<()> {
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::Error::new(ErrorKind::TimedOut, "the time for this CNI call ran out"));
        }
        let timeout = Timespec::try_from(left).map_err(io::Error::other)?;
        match poll(&mut [PollFd::new(&pipe, flags)], Some(&timeout)) {
            Ok(0) | Err(rustix::io::Errno::INTR) => {}
            Ok(_) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_child_that_does_not_answer_is_killed_at_the_deadline() {
        // `cat` ends when its input does, which never happens here.
        let deadline = Instant::now() + std::time::Duration::from_millis(50);
        let mut process = Process::start(Path::new("/bin/cat"), &[], false, deadline).unwrap();
        assert_eq!(process.line(100).unwrap_err().kind(), ErrorKind::TimedOut);
        assert_eq!(process.send(b"now").unwrap_err().kind(), ErrorKind::TimedOut);
        let status = format!("/proc/{}", process.child.as_ref().unwrap().id());
        assert!(Path::new(&status).exists());
        drop(process);
        assert!(!Path::new(&status).exists());
    }
}
