//! Has a module compiled by `genie-host compile`, a process of its own with the compiler and its
//! memory.
//!
//! A compiler that has begun goes on to its end: it outlives the process that started it. It
//! inherits no pipes from that process, since a runtime would wait for their end. There is one
//! compiler for a module at a time; see [`crate::selector::artefact::claim`].

use std::env;
use std::ffi::OsStr;
use std::io;
use std::os::unix::process::{CommandExt as _, ExitStatusExt as _};
use std::path::Path;
use std::process::{Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::process::{Pid, PidfdFlags, Signal, pidfd_open};

use crate::cni::{CniError, code};
use crate::digest::Digest;
use crate::selector::artefact::cache;
use crate::selector::artefact::claim::Claim;
use crate::selector::artefact::load::load_file;
use crate::selector::sandbox::limits::{parse_bytes, show_bytes};
use crate::text::one_line;
use wasmtime::Engine;

/// The environment variable that says how much memory a compiler may take.
pub const MEMORY: &str = "GENIE_COMPILE_MEMORY";
/// How much memory it may take without that variable, in bytes: a third more than was measured for
/// the language with the largest modules.
const DEFAULT_MEMORY: usize = 1 << 30;
/// The time after which a compiler gives up. The largest modules take a minute.
pub const TIME: Duration = Duration::from_mins(10);
/// How many threads a compiler has. Each holds functions in memory while it compiles them.
const THREADS: &str = "2";

/// What to compile, where to, and with which program.
pub struct Compilation<'a> {
    /// The program `genie-host`.
    pub tool: &'a Path,
    /// The module's file, or the name of a built-in selector.
    pub module: &'a OsStr,
    /// The digest that the module must have.
    pub sha256: Digest,
    /// The cache that its artefact goes to.
    pub cache_dir: &'a Path,
}

impl Compilation<'_> {
    /// Makes sure that the module is compiled: compiles it, or waits for the process that does
    /// already.
    ///
    /// # Errors
    /// [`code::TRY_AGAIN`] when compilation goes on after the deadline, [`code::SELECTOR`] when it
    /// failed.
    pub fn carry_out(&self, engine: &Engine, deadline: Instant) -> Result<(), CniError> {
        loop {
            if self.is_done(engine) {
                return Ok(());
            }
            let claim = Claim::take(self.cache_dir, self.sha256, deadline)
                .map_err(|distrust| self.failed(&format!("the cache of selectors is not used: {distrust}")))?;
            let claim = claim.ok_or_else(|| self.goes_on())?;
            if self.is_done(engine) {
                return Ok(());
            }
            if let Some(said) = claim.heard() {
                return Err(self.failed(&explain(None, &said)));
            }
            if claim.is_over().map_err(|error| self.failed(&error.to_string()))? {
                continue;
            }
            let status = self.run(&claim, deadline).map_err(|error| self.failed(&self.unstarted(&error)))?;
            let status = status.ok_or_else(|| self.goes_on())?;
            if status.success() {
                return Ok(());
            }
            let reason = explain(Some(status), &claim.said());
            // Processes that wait get the same reason. If that fails, they compile and find out for
            // themselves.
            let _ = claim.say(&reason);
            claim.finish(self.sha256);
            return Err(self.failed(&reason));
        }
    }

    fn is_done(&self, engine: &Engine) -> bool {
        let path = cache::path(self.cache_dir, self.sha256);
        load_file(engine, &path).is_ok()
    }

    /// How the compiler ended; none when it is still at work at the deadline.
    fn run(&self, claim: &Claim, deadline: Instant) -> io::Result<Option<ExitStatus>> {
        claim.say("")?;
        let mut command = Command::new(self.tool);
        command.args(["compile", "--sha256", &self.sha256.to_string(), "--cache-dir"]);
        command.arg(self.cache_dir).arg(self.module);
        command.env_clear().env("RAYON_NUM_THREADS", THREADS).envs(env::var_os(MEMORY).map(|memory| (MEMORY, memory)));
        command.current_dir("/").stdin(Stdio::null()).stdout(claim.share()?).stderr(claim.share()?);
        // A signal to our own group must not reach the compiler.
        let mut child = command.process_group(0).spawn()?;
        let pidfd = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let left = Timespec::try_from(left).map_err(io::Error::other)?;
            match poll(&mut [PollFd::new(&pidfd, PollFlags::IN)], Some(&left)) {
                Ok(0) => return Ok(None),
                Ok(_) => return child.wait().map(Some),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    fn goes_on(&self) -> CniError {
        let name = Path::new(self.module).file_name().unwrap_or(self.module);
        let message = format!(
            "selector \"{}\" is being compiled, and was not done when the time for this call ran out: try again",
            name.display()
        );
        CniError::new(code::TRY_AGAIN, message)
    }

    /// Advice to compile without a pod that waits, and outside of any container.
    fn by_hand(&self) -> String {
        let (tool, cache_dir) = (self.tool.display(), self.cache_dir.display());
        format!("on the node, run: {tool} compile --cache-dir {cache_dir} {}", self.module.display())
    }

    /// Why no compiler could be started.
    fn unstarted(&self, error: &io::Error) -> String {
        let tool = self.tool.display();
        if self.tool.exists() {
            return format!("{tool} cannot be run: {error}");
        }
        format!("there is no {tool}: install genie-host beside the plugin")
    }

    fn failed(&self, reason: &str) -> CniError {
        let module = self.module.to_string_lossy();
        let reason = one_line(reason.trim_start_matches("genie-host: "));
        // The compiler names the module in errors of which it is the cause.
        let message = if reason.contains(&*module) {
            reason
        } else {
            format!("selector {module:?} is not compiled yet, and compiling it failed: {reason}")
        };
        let error = CniError::new(code::SELECTOR, message);
        // Only lack of memory may be different elsewhere. Such an error names the variable.
        if error.msg.contains(MEMORY) { error.with_details(self.by_hand()) } else { error }
    }
}

/// How much memory a compiler may take, in bytes.
///
/// # Errors
/// The environment variable holds no size.
pub fn memory() -> Result<usize, String> {
    let Some(written) = env::var_os(MEMORY).filter(|written| !written.is_empty()) else { return Ok(DEFAULT_MEMORY) };
    let bytes = written.to_str().and_then(parse_bytes).and_then(|bytes| usize::try_from(bytes).ok());
    bytes
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| format!("{MEMORY} is {}: write a size such as \"768Mi\"", written.display()))
}

/// Why a compiler failed, from its exit status, where that is known, and all that it printed.
fn explain(status: Option<ExitStatus>, said: &str) -> String {
    let limit = || memory().map_or_else(|reason| reason, show_bytes);
    if said.contains(NO_MEMORY) {
        return format!(
            "it takes more memory than the {} that a compiler may have: raise compile.memory of the chart ({MEMORY} in \
             the environment of genie-host)",
            limit()
        );
    }
    match status.and_then(|status| status.signal()) {
        Some(signal) if signal == Signal::KILL.as_raw() => format!(
            "the compiler was killed (SIGKILL), most likely because there was no memory left for it. It may take {}: \
             compile.memory of the chart ({MEMORY}). The memory limit of the container that it runs in has to hold that \
             and the agent (resources.limits.memory), the node has to have it",
            limit()
        ),
        Some(signal) if said.is_empty() => format!("the compiler was ended by signal {signal}"),
        _ if said.is_empty() => "the compiler failed without a word".into(),
        _ => said.to_owned(),
    }
}

/// What a Rust program prints last when it gets no memory.
const NO_MEMORY: &str = "memory allocation of";
