//! Stops the plugin at each of its system calls, by ptrace: between two of them is every place
//! where a kill can have an effect. The plugin itself has no hook for this.

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

/// A shell that stops itself, so that it can be traced, and then becomes the plugin.
const STOPPED: [&str; 3] = ["sh", "-c", r#"kill -STOP $$ && exec "$0""#];
/// Waits for all threads and children that this thread traces or has started, and for no others.
const MINE: WaitPidFlag = WaitPidFlag::__WALL.union(WaitPidFlag::__WNOTHREAD);

/// A system call that is about to be made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The thread that makes it.
    pub thread: Pid,
    /// The number of the system call.
    pub number: i64,
    /// The arguments of the system call.
    pub arguments: Vec<u64>,
    /// The program of the thread's process. It is empty unless a test has filled it in.
    pub program: String,
}

/// A plugin that goes from system call to system call. Its delegates run freely, unless it was
/// started by [`Stepped::with_delegates`].
///
/// Everything has to happen on one thread, which must wait for no other child in the meantime.
/// Processes that are still traced when that thread ends go on freely; [`kill_at`] makes use of
/// this.
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
    /// Starts the plugin, and stops it before its first system call.
    ///
    /// # Panics
    /// When it cannot be traced.
    pub fn start(call: Call<'_>) -> Self {
        Self::traced(call, Options::empty())
    }

    /// As [`Self::start`], with everything that the plugin starts.
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

    /// Goes on to the next system call of any thread. The other threads go on at the same time. The
    /// result is none when all have ended.
    ///
    /// # Panics
    /// When the kernel reports nothing.
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

    /// Kills the plugin where it is. The system call at which it waits does not happen.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill(&mut self) {
        if self.ended.contains_key(&self.plugin) {
            return;
        }
        kill(self.plugin, Signal::SIGKILL).expect("a tracee can be killed");
        // The plugin has ended when all its threads have, so they are waited for, too.
        while !self.ended.contains_key(&self.plugin) {
            let event = waitpid(None, Some(MINE)).expect("a tracee can be waited for");
            // Any other event is of a thread that was on its way to a stop.
            if let WaitStatus::Exited(process, _) | WaitStatus::Signaled(process, ..) = event {
                self.ended.insert(process, event);
            }
        }
    }

    /// Lets the plugin go on to its end, and returns its answer.
    ///
    /// # Panics
    /// When the plugin was killed.
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
    /// Whether the step can be seen from outside. Memory, signals and waiting for another thread
    /// are the process's own.
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

    /// Whether the step changes what others see: a message to the kernel, another program, or a
    /// file that is written, renamed or removed. This is for programs with thousands of steps.
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

    /// The program of the thread's process.
    pub fn program(&self) -> String {
        let path = fs::read_link(format!("/proc/{}/exe", self.thread)).unwrap_or_default();
        path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The file behind a descriptor that is one of the arguments.
    pub fn file(&self, argument: usize) -> Option<PathBuf> {
        let descriptor = self.arguments.get(argument)?;
        fs::read_link(format!("/proc/{}/fd/{descriptor}", self.thread)).ok()
    }
}

/// The processes whose system calls are steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Of {
    /// Only the plugin.
    Plugin,
    /// The plugin, and everything that it starts.
    Delegates,
}

/// Kills the plugin at the step with this number. Steps are counted from 1, and only those that
/// `counts` accepts. Processes that the plugin has started go on as the kernel lets them. Returns
/// the step. When the call ends before that step, the error says how many steps there were.
///
/// # Panics
/// When the plugin cannot be traced.
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

/// The system call at which a thread has stopped. The result is none when the thread has just made
/// it.
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

/// Lets a thread go on. A thread that was killed in the meantime does not exist any more.
fn resume(thread: Pid, signal: impl Into<Option<Signal>>) {
    match ptrace::syscall(thread, signal) {
        Ok(()) | Err(Errno::ESRCH) => {}
        Err(error) => panic!("thread {thread} cannot go on: {error}"),
    }
}
