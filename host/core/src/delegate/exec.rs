//! One run of one plugin.

use std::io::{self, PipeReader, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, PidfdFlags, Signal, getpid, getppid, pidfd_open, set_parent_process_death_signal};

use super::failure::{Cause, Failure, explain};
use super::missing::missing;
use super::pump::{End, Finished, Input, STDOUT_LIMIT, pump};
use crate::cni::{CniError, Secrets, Verb, code};
use crate::text::ends;

/// A variable that every delegate inherits with the value `1`. A program that finds it set was
/// called by this plugin, through however many others.
pub const HOST_CALL: &str = "GENIE_HOST_CALL";

/// How long the host waits for a plugin's file that is being replaced (`ETXTBSY`).
const BUSY_LIMIT: Duration = Duration::from_secs(6);
const BUSY_FIRST_PAUSE: Duration = Duration::from_millis(5);
const BUSY_LONGEST_PAUSE: Duration = Duration::from_millis(500);

/// One run of a plugin: the six variables of the CNI specification (section 2), the configuration,
/// and the deadline.
#[derive(Clone, Copy, Debug)]
pub struct Exec<'a> {
    /// The plugin's program.
    pub program: &'a Path,
    /// `CNI_COMMAND`.
    pub verb: Verb,
    /// `CNI_CONTAINERID`. It is empty where the verb has none, as are the next three.
    pub container: &'a str,
    /// `CNI_NETNS`.
    pub netns: &'a str,
    /// `CNI_IFNAME`.
    pub interface: &'a str,
    /// `CNI_ARGS`, passed on as it is.
    pub args: &'a str,
    /// `CNI_PATH`.
    pub path: &'a str,
    /// What the plugin reads from stdin.
    pub stdin: &'a [u8],
    /// When the plugin is killed.
    pub deadline: Instant,
}

impl<'a> Exec<'a> {
    /// Runs the plugin and returns what it printed on stdout.
    ///
    /// Its stderr goes to ours as it comes. Its environment is ours with the six variables and
    /// [`HOST_CALL`] replaced. It runs in a process group of its own, which is killed at the
    /// deadline. It dies with the thread that calls this, but an ADD or DEL goes on to its end.
    ///
    /// Success is exit status 0 and nothing else: an error object that is printed with exit status
    /// 0 is output like any other.
    ///
    /// # Errors
    /// A [`Failure`]: the plugin's own code and message where it gave them; [`code::TRY_AGAIN`]
    /// when it ran out of time or its file is being replaced; [`code::INTERNAL`] for the rest.
    pub fn run(&self) -> Result<Vec<u8>, Failure> {
        self.run_logging_to(&mut io::stderr())
    }

    pub(super) fn run_logging_to(&self, log: &mut dyn Write) -> Result<Vec<u8>, Failure> {
        let (mut child, input) = self.start(std::thread::sleep)?;
        let started = Instant::now();
        // The id cannot be another process's: the child is ours, and nothing has waited for it yet.
        let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty()).ok();
        let finished = pump(&mut child, pidfd.as_ref(), input, self.deadline, log)
            .map_err(|error| stopped(code::INTERNAL, format!("cannot follow {}: {error}", self.program.display())))?;
        let Finished { end, stdout, stderr } = finished;
        if matches!(end, End::Exited(status) if status.success()) {
            return Ok(stdout);
        }
        // The plugin may have printed its configuration.
        let secrets = Secrets::of_json(self.stdin);
        let (stdout, stderr) = (secrets.hide_bytes(&stdout), secrets.hide_bytes(&stderr));
        match end {
            End::Exited(status) => Err(Failure::new(Cause::Plugin, explain(status, &stdout, &stderr))),
            End::Overrun => Err(stopped(
                code::INTERNAL,
                format!("it printed more than {} MiB on stdout", STDOUT_LIMIT / 1024 / 1024),
            )),
            End::Deadline => {
                let error = CniError::new(
                    code::TRY_AGAIN,
                    format!("it did not finish within {:.1} s and was killed", started.elapsed().as_secs_f64()),
                );
                let log = String::from_utf8_lossy(&stderr);
                Err(Failure::new(Cause::Stopped, error.with_details(ends(log.trim(), 1024))))
            }
        }
    }

    /// Starts the program. While another process has its file open for writing, it tries again and
    /// calls `pause` in between, for at most six seconds in all.
    pub(super) fn start(&self, mut pause: impl FnMut(Duration)) -> Result<(Child, Input<'a>), Failure> {
        let program = self.program.display();
        let time = self.deadline.saturating_duration_since(Instant::now());
        if time.is_zero() {
            return Err(not_started(code::TRY_AGAIN, format!("{program} was not started: the call's time is used up")));
        }
        let mut left = time.min(BUSY_LIMIT);
        let mut next = BUSY_FIRST_PAUSE;
        loop {
            let started = Input::new(self.stdin).and_then(|(theirs, input)| Ok((self.command(theirs).spawn()?, input)));
            match started {
                Ok(started) => return Ok(started),
                Err(error) if error.kind() == io::ErrorKind::ExecutableFileBusy => {
                    if left.is_zero() {
                        let msg =
                            format!("{program} is still being written to (text file busy): is it being replaced?");
                        return Err(not_started(code::TRY_AGAIN, msg));
                    }
                    next = next.min(left);
                    pause(next);
                    left -= next;
                    next = (next * 2).min(BUSY_LONGEST_PAUSE);
                }
                Err(error) => {
                    let msg = format!("cannot start {program}: {}", self.reason(&error));
                    return Err(not_started(code::INTERNAL, msg));
                }
            }
        }
    }

    /// Why the program did not start. The words "no such file" are avoided: perhaps another file is
    /// missing than the program, and containerd takes a DEL error with these words for success.
    fn reason(&self, error: &io::Error) -> String {
        if error.kind() != io::ErrorKind::NotFound {
            return error.to_string();
        }
        missing(self.program).unwrap_or_else(|| {
            let is_there = self.program.exists();
            if is_there { "something that it needs to be loaded is missing".into() } else { "it is missing".into() }
        })
    }

    fn command(&self, stdin: PipeReader) -> Command {
        let mut command = Command::new(self.program);
        command
            .env("CNI_COMMAND", self.verb.as_str())
            .env("CNI_CONTAINERID", self.container)
            .env("CNI_NETNS", self.netns)
            .env("CNI_IFNAME", self.interface)
            .env("CNI_ARGS", self.args)
            .env("CNI_PATH", self.path)
            .env(HOST_CALL, "1")
            .stdin(stdin)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0);
        // A killed ADD or DEL may leave more than the next DEL can undo: a plugin may need the link
        // that it deletes first to find the rest. So they go on, and the next DEL waits for them.
        // It also saves a fork, which costs a pod 0.1 ms.
        if !matches!(self.verb, Verb::Add | Verb::Del) {
            die_with_us(&mut command);
        }
        command
    }
}

/// Has the kernel kill the child when we die: a runtime that loses patience kills us, not our
/// delegates. The signal comes when the *thread* that started the child ends, and that thread waits
/// for the child.
#[allow(unsafe_code)]
fn die_with_us(command: &mut Command) {
    let us = getpid();
    // SAFETY: the closure runs in the forked child, where only async-signal-safe
    // calls are allowed. It makes two system calls, and neither it nor its error
    // values allocate, lock or touch memory that another thread may hold.
    unsafe {
        command.pre_exec(move || {
            set_parent_process_death_signal(Some(Signal::KILL))?;
            // If we died before the line above, the kernel sends no signal any more.
            if getppid() == Some(us) { Ok(()) } else { Err(rustix::io::Errno::CHILD.into()) }
        });
    }
}

fn not_started(code: u32, msg: String) -> Failure {
    Failure::new(Cause::NotStarted, CniError::new(code, msg))
}

fn stopped(code: u32, msg: String) -> Failure {
    Failure::new(Cause::Stopped, CniError::new(code, msg))
}
