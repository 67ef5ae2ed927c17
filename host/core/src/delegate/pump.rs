//! Feeds one running program and reads it, until it exits, prints too much, or its
//! time is up. Nothing here waits for anything but these three.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

/// What a plugin may print on stdout, in bytes: far above any CNI result.
pub(super) const STDOUT_LIMIT: usize = 4 * 1024 * 1024;
/// What is kept of its stderr for a message, in bytes.
pub(super) const STDERR_KEPT: usize = 16 * 1024;
/// What is read of one stream before the others get their turn: the largest pipe
/// that Linux gives an unprivileged program, so that one turn empties it.
const TURN: usize = 1024 * 1024;
/// How often a program is looked at where the kernel has no pidfd (before 5.3).
const TICK: Duration = Duration::from_millis(10);
/// How long a killed program may take to disappear before it is left behind.
const REAP: Duration = Duration::from_secs(1);

/// How a run ended.
pub(super) enum End {
    /// By itself.
    Exited(ExitStatus),
    /// It printed more than [`STDOUT_LIMIT`], and was killed if it was still there.
    Overrun,
    /// Its deadline passed, and it was killed.
    Deadline,
}

/// What a run left.
pub(super) struct Finished {
    pub end: End,
    pub stdout: Vec<u8>,
    /// The last [`STDERR_KEPT`] bytes.
    pub stderr: Vec<u8>,
}

/// The three pipes; one that has ended is `None`.
struct Pipes<'a> {
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// What stdin has not taken yet.
    input: &'a [u8],
    output: Vec<u8>,
    log: Vec<u8>,
}

/// Runs `child` to its end. `log` gets its stderr as it comes. Without a `pidfd` the
/// child is looked at every 10 ms.
///
/// Whatever is returned, the child is no longer running; only one that the kernel
/// cannot kill is left behind.
pub(super) fn pump(
    child: &mut Child,
    pidfd: Option<&OwnedFd>,
    input: &[u8],
    deadline: Instant,
    log: &mut dyn Write,
) -> io::Result<Finished> {
    let mut pipes = Pipes {
        stdin: child.stdin.take(),
        stdout: child.stdout.take(),
        stderr: child.stderr.take(),
        input,
        output: Vec::new(),
        log: Vec::new(),
    };
    let end = drive(child, pidfd, &mut pipes, deadline, log);
    if !matches!(end, Ok(End::Exited(_))) {
        kill_group(child, pidfd);
    }
    let end = match end? {
        // The last turn brought too much; nothing is left to kill.
        End::Exited(_) if pipes.output.len() > STDOUT_LIMIT => End::Overrun,
        end => end,
    };
    Ok(Finished { end, stdout: pipes.output, stderr: pipes.log })
}

fn drive(
    child: &mut Child,
    pidfd: Option<&OwnedFd>,
    pipes: &mut Pipes<'_>,
    deadline: Instant,
    log: &mut dyn Write,
) -> io::Result<End> {
    pipes.set_nonblocking()?;
    let mut exited = None;
    loop {
        pipes.turn(log);
        // That turn took what the program had written before it exited. What a
        // grandchild may still write into the pipes it inherited is not waited for.
        if let Some(status) = exited {
            return Ok(End::Exited(status));
        }
        if pipes.output.len() > STDOUT_LIMIT {
            return Ok(End::Overrun);
        }
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Ok(End::Deadline);
        }
        if wait(pidfd, pipes, left)? {
            exited = child.try_wait()?;
        }
    }
}

/// Sleeps until something can move. True when the child may have exited.
fn wait(pidfd: Option<&OwnedFd>, pipes: &Pipes<'_>, left: Duration) -> io::Result<bool> {
    let mut fds = Vec::with_capacity(4);
    if let Some(pidfd) = pidfd {
        fds.push(PollFd::new(pidfd, PollFlags::IN));
    }
    for (fd, flags) in pipes.open() {
        fds.push(PollFd::from_borrowed_fd(fd, flags));
    }
    let left = if pidfd.is_some() { left } else { left.min(TICK) };
    // A wait that is too long for a Timespec is as good as none.
    let timeout = Timespec::try_from(left).ok();
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(pidfd.is_none()),
        Err(error) => return Err(error.into()),
    }
    Ok(pidfd.is_none() || fds.first().is_some_and(|fd| !fd.revents().is_empty()))
}

impl Pipes<'_> {
    /// Our ends only: the program's ends are other descriptions and stay blocking.
    fn set_nonblocking(&self) -> io::Result<()> {
        for (fd, _) in self.open() {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        Ok(())
    }

    fn open(&self) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        let stdin = self.stdin.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::OUT));
        let stdout = self.stdout.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::IN));
        let stderr = self.stderr.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::IN));
        [stdin, stdout, stderr].into_iter().flatten()
    }

    /// Moves what can be moved now.
    fn turn(&mut self, log: &mut dyn Write) {
        self.feed();
        let Self { output, log: kept, .. } = self;
        read(&mut self.stdout, |bytes| {
            output.extend_from_slice(bytes);
            output.len() <= STDOUT_LIMIT
        });
        read(&mut self.stderr, |bytes| {
            // Nobody may be listening any more; that is not the plugin's failure.
            let _ = log.write_all(bytes);
            kept.extend_from_slice(bytes);
            kept.drain(..kept.len().saturating_sub(STDERR_KEPT));
            true
        });
    }

    fn feed(&mut self) {
        while let Some(pipe) = &mut self.stdin {
            match pipe.write(self.input) {
                Ok(written) if written > 0 && written < self.input.len() => {
                    self.input = self.input.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Everything is written, or the program does not read it, which it
                // need not: dropping our end tells it that there is no more.
                Ok(_) | Err(_) => self.stdin = None,
            }
        }
    }
}

/// Reads what is there, at most [`TURN`] bytes, until `take` says no. Forgets a
/// stream that has ended.
fn read<R: Read>(stream: &mut Option<R>, mut take: impl FnMut(&[u8]) -> bool) {
    let mut buffer = [0; 8192];
    for _ in 0..TURN / buffer.len() {
        let Some(pipe) = stream else { return };
        match pipe.read(&mut buffer) {
            Ok(length) if length > 0 => {
                if !take(buffer.get(..length).unwrap_or_default()) {
                    return;
                }
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => return,
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Ok(_) | Err(_) => *stream = None,
        }
    }
}

/// Kills the program and what it started, as far as that stayed in its process group.
/// Only for a child that has not been waited for: its id cannot belong to anybody else.
fn kill_group(child: &mut Child, pidfd: Option<&OwnedFd>) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let deadline = Instant::now() + REAP;
    let nothing = Pipes { stdin: None, stdout: None, stderr: None, input: &[], output: Vec::new(), log: Vec::new() };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        let _ = wait(pidfd, &nothing, left);
    }
}
