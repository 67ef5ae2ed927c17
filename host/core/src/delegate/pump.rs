//! Feeds and reads one running program until it exits, prints too much, or its time is up. Nothing
//! here waits for anything but these three.

use std::io::{self, ErrorKind, PipeReader, PipeWriter, Read, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::process::{Child, ChildStderr, ChildStdout, ExitStatus};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, Signal, kill_process_group};

/// The most bytes that a plugin may print on stdout: far above any CNI result.
pub(super) const STDOUT_LIMIT: usize = 4 * 1024 * 1024;
/// How many bytes of a plugin's stderr are kept for a message.
pub(super) const STDERR_KEPT: usize = 16 * 1024;
/// How many bytes of one stream are read before the others get their turn: the largest pipe that
/// Linux gives an unprivileged program, so that one turn empties it.
const TURN: usize = 1024 * 1024;
/// How often the child is checked where the kernel has no pidfd (before Linux 5.3).
const TICK: Duration = Duration::from_millis(10);
/// How long a killed program may take to disappear before it is left behind.
const REAP: Duration = Duration::from_secs(1);

/// How a run ended.
pub(super) enum End {
    /// It ended by itself.
    Exited(ExitStatus),
    /// It printed more than [`STDOUT_LIMIT`], and was killed if it was still there.
    Overrun,
    /// Its deadline passed, and it was killed.
    Deadline,
}

/// What is left of a run.
pub(super) struct Finished {
    pub end: End,
    pub stdout: Vec<u8>,
    /// The last [`STDERR_KEPT`] bytes.
    pub stderr: Vec<u8>,
}

/// What the program reads from stdin.
pub(super) struct Input<'a> {
    /// None once it has ended.
    pipe: Option<PipeWriter>,
    /// What the pipe has not taken yet.
    left: &'a [u8],
}

impl<'a> Input<'a> {
    /// The input in a pipe, and the program's end of the pipe. A pipe usually takes all of it before
    /// the program has even started, which then need not wait for us.
    pub(super) fn new(bytes: &'a [u8]) -> io::Result<(PipeReader, Self)> {
        let (theirs, ours) = io::pipe()?;
        rustix::io::ioctl_fionbio(&ours, true)?;
        let mut input = Self { pipe: Some(ours), left: bytes };
        input.feed();
        Ok((theirs, input))
    }

    fn feed(&mut self) {
        while let Some(pipe) = &mut self.pipe {
            match pipe.write(self.left) {
                Ok(written) if written > 0 && written < self.left.len() => {
                    self.left = self.left.get(written..).unwrap_or_default();
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // Everything is written, or the program does not read it, which it need not do.
                // Closing our end tells it that nothing more comes.
                Ok(_) | Err(_) => self.pipe = None,
            }
        }
    }
}

/// The three pipes, each none once it has ended.
struct Pipes<'a> {
    input: Input<'a>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    output: Vec<u8>,
    log: Vec<u8>,
}

/// Runs `child` to its end. Its stderr goes to `log` as it comes. Without a `pidfd` the child is
/// checked every 10 ms.
///
/// When this returns, the child is no longer running, also after an error; only a child that the
/// kernel cannot kill is left behind.
pub(super) fn pump(
    child: &mut Child,
    pidfd: Option<&OwnedFd>,
    input: Input<'_>,
    deadline: Instant,
    log: &mut dyn Write,
) -> io::Result<Finished> {
    let mut pipes =
        Pipes { input, stdout: child.stdout.take(), stderr: child.stderr.take(), output: Vec::new(), log: Vec::new() };
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
        // That turn read what the program had written before it exited. Grandchildren may still
        // write into the pipes that they inherited, which is not waited for.
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

/// Sleeps until something can be read or written. Returns whether the child may have exited.
fn wait(pidfd: Option<&OwnedFd>, pipes: &Pipes<'_>, left: Duration) -> io::Result<bool> {
    let mut fds = Vec::with_capacity(4);
    if let Some(pidfd) = pidfd {
        fds.push(PollFd::new(pidfd, PollFlags::IN));
    }
    for (fd, flags) in pipes.open() {
        fds.push(PollFd::from_borrowed_fd(fd, flags));
    }
    let left = if pidfd.is_some() { left } else { left.min(TICK) };
    // A wait that is too long for a Timespec is as good as an endless one.
    let timeout = Timespec::try_from(left).ok();
    match poll(&mut fds, timeout.as_ref()) {
        Ok(_) => {}
        Err(rustix::io::Errno::INTR) => return Ok(pidfd.is_none()),
        Err(error) => return Err(error.into()),
    }
    Ok(pidfd.is_none() || fds.first().is_some_and(|fd| !fd.revents().is_empty()))
}

impl Pipes<'_> {
    /// Only our ends: the program's ends are descriptions of their own and stay blocking.
    fn set_nonblocking(&self) -> io::Result<()> {
        for (fd, _) in self.open() {
            rustix::io::ioctl_fionbio(fd, true)?;
        }
        Ok(())
    }

    fn open(&self) -> impl Iterator<Item = (BorrowedFd<'_>, PollFlags)> {
        let stdin = self.input.pipe.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::OUT));
        let stdout = self.stdout.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::IN));
        let stderr = self.stderr.as_ref().map(|pipe| (pipe.as_fd(), PollFlags::IN));
        [stdin, stdout, stderr].into_iter().flatten()
    }

    /// Reads and writes what is possible without waiting.
    fn turn(&mut self, log: &mut dyn Write) {
        self.input.feed();
        let Self { output, log: kept, .. } = self;
        read(&mut self.stdout, |bytes| {
            output.extend_from_slice(bytes);
            output.len() <= STDOUT_LIMIT
        });
        read(&mut self.stderr, |bytes| {
            // Our stderr may be closed by now; that is not the plugin's failure.
            let _ = log.write_all(bytes);
            kept.extend_from_slice(bytes);
            kept.drain(..kept.len().saturating_sub(STDERR_KEPT));
            true
        });
    }
}

/// Reads what is there, at most [`TURN`] bytes, until `take` returns false. Closes a stream that
/// has ended.
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

/// Kills the program and those of its children that stayed in its process group. Only for a child
/// that has not been waited for: its id cannot belong to another process.
fn kill_group(child: &mut Child, pidfd: Option<&OwnedFd>) {
    let _ = kill_process_group(Pid::from_child(child), Signal::KILL);
    let deadline = Instant::now() + REAP;
    let input = Input { pipe: None, left: &[] };
    let nothing = Pipes { input, stdout: None, stderr: None, output: Vec::new(), log: Vec::new() };
    loop {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() || !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        let _ = wait(pidfd, &nothing, left);
    }
}
