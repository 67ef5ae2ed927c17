//! The plugin, stopped at each of its system calls (by ptrace): whatever a kill can
//! interrupt is between two of them. The product has no hook for this.

use std::collections::BTreeMap;
use std::fs;
use std::io::Read as _;
use std::path::PathBuf;
use std::process::Child;

use nix::errno::Errno;
use nix::libc;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use crate::{Answer, Call};

/// Stops itself, so that it can be traced, and becomes the plugin.
const STOPPED: [&str; 3] = ["sh", "-c", r#"kill -STOP $$ && exec "$0""#];
/// Every thread and child that this thread traces or has started, and no other's.
const MINE: WaitPidFlag = WaitPidFlag::__WALL.union(WaitPidFlag::__WNOTHREAD);

/// A system call that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The thread that makes it.
    pub thread: Pid,
    /// Its number.
    pub number: i64,
    /// Its arguments.
    pub arguments: Vec<u64>,
    /// The program of its process, where somebody has asked.
    pub program: String,
}

/// A plugin that goes from system call to system call. Its delegates run freely, unless
/// [`Stepped::with_delegates`] started it.
///
/// All of it has to happen on one thread, which waits for no other child meanwhile. What
/// is still traced when that thread ends goes on freely; [`kill_at`] makes use of it.
#[derive(Debug)]
pub struct Stepped {
    child: Child,
    plugin: Pid,
    /// The thread that waits at a step.
    waiting: Option<Pid>,
    /// How the processes ended.
    ended: BTreeMap<Pid, WaitStatus>,
}

impl Stepped {
    /// Starts the plugin, up to before its first system call.
    ///
    /// # Panics
    /// When it cannot be traced.
    pub fn start(call: Call<'_>) -> Self {
        Self::traced(call, Options::empty())
    }

    /// The same with everything that it starts.
    ///
    /// # Panics
    /// When it cannot be traced.
    pub fn with_delegates(call: Call<'_>) -> Self {
        Self::traced(call, Options::PTRACE_O_TRACEFORK | Options::PTRACE_O_TRACEVFORK)
    }

    fn traced(call: Call<'_>, more: Options) -> Self {
        let child = call.through(&STOPPED).start().into_child();
        let plugin = Pid::from_raw(child.id().try_into().expect("a process id"));
        let stopped = waitpid(plugin, Some(WaitPidFlag::WUNTRACED)).expect("a child can be waited for");
        assert_eq!(stopped, WaitStatus::Stopped(plugin, Signal::SIGSTOP), "the shell stops itself");
        let options =
            Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_TRACECLONE | Options::PTRACE_O_TRACEEXEC | more;
        ptrace::seize(plugin, options).expect("a child can be traced");
        kill(plugin, Signal::SIGCONT).expect("a stopped child can go on");
        loop {
            match waitpid(plugin, Some(MINE)).expect("a tracee can be waited for") {
                WaitStatus::PtraceEvent(_, _, libc::PTRACE_EVENT_EXEC) => break,
                WaitStatus::PtraceEvent(..) => ptrace::cont(plugin, None),
                WaitStatus::Stopped(_, signal) => ptrace::cont(plugin, signal),
                other => panic!("the shell did not become the plugin: {other:?}"),
            }
            .expect("a stopped tracee can go on");
        }
        Self { child, plugin, waiting: Some(plugin), ended: BTreeMap::new() }
    }

    /// Goes on to the next system call of any thread; none when all have ended. The
    /// other threads go on beside it.
    ///
    /// # Panics
    /// When the kernel does not tell.
    pub fn next_step(&mut self) -> Option<Step> {
        if let Some(thread) = self.waiting.take() {
            resume(thread, None);
        }
        loop {
            match waitpid(None, Some(MINE)) {
                Ok(WaitStatus::PtraceSyscall(thread)) => {
                    if let Some(step) = entered(thread) {
                        self.waiting = Some(thread);
                        return Some(step);
                    }
                    resume(thread, None);
                }
                Ok(WaitStatus::PtraceEvent(thread, ..)) => resume(thread, None),
                Ok(WaitStatus::Stopped(thread, signal)) => resume(thread, signal),
                Ok(end @ (WaitStatus::Exited(process, _) | WaitStatus::Signaled(process, ..))) => {
                    self.ended.insert(process, end);
                }
                Ok(other) => panic!("a tracee is {other:?}"),
                Err(Errno::ECHILD) => return None,
                Err(error) => panic!("tracees cannot be waited for: {error}"),
            }
        }
    }

    /// Kills the plugin where it is. What it was about to do does not happen.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(&mut self) {
        if self.ended.contains_key(&self.plugin) {
            return;
        }
        kill(self.plugin, Signal::SIGKILL).expect("a tracee can be killed");
        // It has ended when its threads have, and those have to be waited for too.
        while !self.ended.contains_key(&self.plugin) {
            let event = waitpid(None, Some(MINE)).expect("a tracee can be waited for");
            // Anything else was on its way to a stop.
            if let WaitStatus::Exited(process, _) | WaitStatus::Signaled(process, ..) = event {
                self.ended.insert(process, event);
            }
        }
    }

    /// What it answered. It goes on to its end first.
    ///
    /// # Panics
    /// When it was killed.
    pub fn end(mut self) -> Answer {
        while self.next_step().is_some() {}
        let Some(WaitStatus::Exited(_, status)) = self.ended.get(&self.plugin) else {
            panic!("the plugin has not ended by itself: {:?}", self.ended);
        };
        let (mut stdout, mut stderr) = (String::new(), String::new());
        let (out, err) = (self.child.stdout.take(), self.child.stderr.take());
        out.expect("a pipe").read_to_string(&mut stdout).expect("stdout is text");
        err.expect("a pipe").read_to_string(&mut stderr).expect("stderr is text");
        Answer { status: Some(*status), stdout, stderr }
    }
}

impl Step {
    /// Whether somebody else could see its effect: memory, signals, and waiting for
    /// another thread are the process's own.
    pub fn is_visible(&self) -> bool {
        const OWN: [i64; 12] = [
            libc::SYS_mmap,
            libc::SYS_munmap,
            libc::SYS_mprotect,
            libc::SYS_madvise,
            libc::SYS_brk,
            libc::SYS_futex,
            libc::SYS_rt_sigaction,
            libc::SYS_rt_sigprocmask,
            libc::SYS_sigaltstack,
            libc::SYS_sched_getaffinity,
            libc::SYS_getrandom,
            libc::SYS_gettid,
        ];
        !OWN.contains(&self.number)
    }

    /// Whether it changes what others see: a message to the kernel, another program, a
    /// file that is written, renamed or removed. For programs of thousands of steps.
    pub fn is_effect(&self) -> bool {
        const EFFECTS: [i64; 6] = [
            libc::SYS_sendto,
            libc::SYS_sendmsg,
            libc::SYS_setsockopt,
            libc::SYS_execve,
            libc::SYS_unlinkat,
            libc::SYS_renameat2,
        ];
        let writes = || self.number == libc::SYS_write && self.file(0).is_some_and(|file| file.is_absolute());
        EFFECTS.contains(&self.number) || writes()
    }

    /// The program of its process.
    pub fn program(&self) -> String {
        let path = fs::read_link(format!("/proc/{}/exe", self.thread)).unwrap_or_default();
        path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The file behind a descriptor that is among its arguments.
    pub fn file(&self, argument: usize) -> Option<PathBuf> {
        let descriptor = self.arguments.get(argument)?;
        fs::read_link(format!("/proc/{}/fd/{descriptor}", self.thread)).ok()
    }
}

/// Whose system calls are steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// The plugin alone.
    Plugin,
    /// And whatever it starts.
    Delegates,
}

/// Kills the plugin at its step with this number, counted from 1, among those that `counts`.
/// What it has started goes on as the kernel lets it. Answers the step, and with none how
/// many there were: then the call came to its end.
///
/// # Panics
/// When it cannot be traced.
pub fn kill_at(call: Call<'_>, of: Of, number: usize, counts: fn(&Step) -> bool) -> Result<Step, usize> {
    let stepping = || {
        let mut plugin = match of {
            Of::Plugin => Stepped::start(call),
            Of::Delegates => Stepped::with_delegates(call),
        };
        let mut seen = 0;
        while let Some(step) = plugin.next_step() {
            seen += usize::from(counts(&step));
            if seen == number {
                let step = Step { program: step.program(), ..step };
                plugin.kill();
                return Ok(step);
            }
        }
        Err(seen)
    };
    std::thread::scope(|scope| scope.spawn(stepping).join().expect("the plugin can be traced"))
}

/// The system call that a thread has stopped at; none when it has just made it.
fn entered(thread: Pid) -> Option<Step> {
    let info = ptrace::syscall_info(thread).ok()?;
    if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
        return None;
    }
    let text = fs::read_to_string(format!("/proc/{thread}/syscall")).ok()?;
    let mut words = text.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let arguments = words.take(6).filter_map(|word| u64::from_str_radix(word.strip_prefix("0x")?, 16).ok());
    Some(Step { thread, number, arguments: arguments.collect(), program: String::new() })
}

/// One that was killed meanwhile is not there any more.
fn resume(thread: Pid, signal: impl Into<Option<Signal>>) {
    match ptrace::syscall(thread, signal) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => panic!("thread {thread} cannot go on: {error}"),
    }
}
