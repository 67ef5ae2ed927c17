//! The namespaces of the whole cluster. Their first process is `hold`: when it is killed,
//! everything ends.

use std::env;
use std::fs::{self, File};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{FlockOperation, Timespec, flock};
use rustix::process::{Pid, PidfdFlags, Signal, WaitOptions, pidfd_open, pidfd_send_signal, wait};

use super::cgroup;
use super::shell::{await_that, command, output};

/// A directory on the disk, with a sandbox that may be running.
#[derive(Debug)]
pub struct Sandbox {
    dir: PathBuf,
    _lock: File,
}

/// The process that holds a sandbox. Its number alone does not tell: another process may have it by
/// now.
#[derive(Clone, Debug, PartialEq)]
struct Holder {
    pid: u32,
    started: String,
}

impl Sandbox {
    /// The sandbox of a directory. Only one process at a time has it; others wait here.
    pub fn open(dir: &Path) -> Result<Self> {
        fs::create_dir_all(dir).with_context(|| dir.display().to_string())?;
        let lock = File::create(dir.join("lock"))?;
        flock(&lock, FlockOperation::LockExclusive)?;
        Ok(Self { dir: dir.into(), _lock: lock })
    }

    /// Whether the sandbox runs.
    pub fn runs(&self) -> bool {
        self.holder().is_some()
    }

    /// The path of the file system in memory, for processes inside.
    pub fn inside(dir: &Path) -> PathBuf {
        dir.join("cluster")
    }

    /// The parent of its containers' cgroups.
    pub fn cgroup(dir: &Path) -> Result<String> {
        let text = fs::read_to_string(dir.join("holder")).context("the sandbox does not run")?;
        Ok(format!("genie-e2e-{}", text.split(' ').next().unwrap_or_default()))
    }

    /// Starts the sandbox. Its first process is this program, started as `init`.
    pub fn start(&self) -> Result<()> {
        fs::create_dir_all(Self::inside(&self.dir))?;
        let mut unshare = command("unshare");
        unshare.args(["--pid", "--mount", "--net", "--uts", "--fork", "--propagation", "private", "--"]);
        unshare.arg(env::current_exe()?).arg("init").arg(&self.dir).process_group(0);
        let log = File::create(self.dir.join("init.log"))?;
        unshare.stdout(log.try_clone()?).stderr(log);
        let mut child = unshare.spawn().context("unshare")?;
        std::thread::spawn(move || child.wait());
        await_that("the sandbox", Duration::from_secs(30), || {
            let said = fs::read_to_string(self.dir.join("init.log")).unwrap_or_default();
            Ok((!self.runs()).then(|| format!("it does not run (it takes root) {said}")))
        })
    }

    /// A command that runs inside.
    pub fn command(&self, program: &Path) -> Result<Command> {
        let holder = self.holder().context("the sandbox does not run")?;
        let mut entered = Command::new("nsenter");
        entered.args(["-t", &holder.pid.to_string(), "-p", "-m", "-n", "-u", "--"]).arg(program);
        Ok(entered)
    }

    /// A command that runs inside, but with the machine's network.
    pub fn command_with_our_network(&self, program: &Path) -> Result<Command> {
        let holder = self.holder().context("the sandbox does not run")?;
        let mut entered = Command::new("nsenter");
        entered.args(["-t", &holder.pid.to_string(), "-p", "-m", "--"]).arg(program);
        Ok(entered)
    }

    /// Ends everything inside, and removes the empty cgroups that are left on the machine.
    pub fn end(&self) -> Result<()> {
        if let Some(holder) = self.holder() {
            let pid = i32::try_from(holder.pid).ok().and_then(Pid::from_raw).context("a process id")?;
            let process = pidfd_open(pid, PidfdFlags::empty()).context("the sandbox's first process")?;
            if self.holder().as_ref() == Some(&holder) {
                pidfd_send_signal(&process, Signal::KILL)?;
                let limit = Timespec { tv_sec: 60, tv_nsec: 0 };
                if poll(&mut [PollFd::new(&process, PollFlags::IN)], Some(&limit))? == 0 {
                    bail!("the sandbox's first process ({}) does not end", holder.pid);
                }
            }
        }
        if let Ok(cgroup) = Self::cgroup(&self.dir) {
            cgroup::remove(&cgroup);
            fs::remove_file(self.dir.join("holder"))?;
        }
        for left in ["kept", "kubeconfig"] {
            _ = fs::remove_file(self.dir.join(left));
        }
        _ = fs::remove_dir(Self::inside(&self.dir));
        Ok(())
    }

    fn holder(&self) -> Option<Holder> {
        let text = fs::read_to_string(self.dir.join("holder")).ok()?;
        let (pid, started) = text.trim().split_once(' ')?;
        let holder = Holder { pid: pid.parse().ok()?, started: started.into() };
        (started_at(pid)? == holder.started).then_some(holder)
    }
}

/// Becomes the first process of a sandbox.
pub fn init(dir: &Path) -> Result<()> {
    // /proc is still the machine's here, so it has our number on the machine.
    let pid = fs::read_link("/proc/self").context("/proc")?.to_string_lossy().into_owned();
    let started = started_at(&pid).context("/proc/self/stat")?;
    output(command("mount").args(["-t", "proc", "proc", "/proc"]))?;
    output(command("mount").args(["-t", "tmpfs", "-o", "mode=0755", "tmpfs"]).arg(Sandbox::inside(dir)))?;
    fs::write(dir.join("holder"), format!("{pid} {started}"))?;
    hold()
}

/// Stays for ever. As a first process must, it waits for processes that have lost their parent.
pub fn hold() -> Result<()> {
    // With this child there is always a process to wait for.
    let _company = command("sleep").arg("infinity").spawn()?;
    loop {
        wait(WaitOptions::empty()).context("waiting for orphans")?;
    }
}

/// When a process started, in the kernel's ticks.
fn started_at(pid: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The name in front may hold spaces and parentheses.
    stat.rsplit_once(')')?.1.split_whitespace().nth(19).map(ToOwned::to_owned)
}
