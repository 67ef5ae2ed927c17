//! A plugin that is running.

use std::fs::File;
use std::io::Read;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::process::Child;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::{Mode, OFlags};
use rustix::process::{Pid, PidfdFlags, pidfd_open};

use crate::Answer;

/// How long a test waits for something before it fails. Nothing is expected to be quick.
const PATIENCE: Timespec = Timespec { tv_sec: 60, tv_nsec: 0 };

/// A call that was started, and that is not waited for yet.
#[derive(Debug)]
pub struct Running {
    child: Child,
}

/// A process that can be waited for although it is not our child.
#[derive(Debug)]
pub struct Watched(OwnedFd);

impl Running {
    pub(crate) fn new(child: Child) -> Self {
        Self { child }
    }

    pub(crate) fn into_child(self) -> Child {
        self.child
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Kills the plugin, as a runtime does that waits no longer.
    ///
    /// # Panics
    /// When the plugin has ended already.
    pub fn kill(mut self) {
        let ended = self.child.try_wait().expect("a child can be waited for");
        assert!(ended.is_none(), "the plugin was to be killed but has ended: {ended:?}");
        self.child.kill().expect("a running child can be killed");
        self.child.wait().expect("a child can be waited for");
    }

    /// Stops reading the answer, as if the runtime had been killed.
    pub fn leave_unread(&mut self) {
        drop(self.child.stdout.take());
    }

    /// Kills the plugin after this time. Returns its answer if it ended before.
    ///
    /// # Panics
    /// When it cannot be killed.
    pub fn kill_after(mut self, time: Duration) -> Option<Answer> {
        let plugin = Watched::process(self.child.id());
        let time = Timespec::try_from(time).expect("a short time");
        let ended =
            poll(&mut [PollFd::new(&plugin.0, PollFlags::IN)], Some(&time)).expect("a process can be waited for");
        if ended > 0 {
            return Some(self.wait());
        }
        self.child.kill().expect("a child can be killed");
        self.child.wait().expect("a child can be waited for");
        None
    }

    /// Waits until the plugin has ended.
    ///
    /// # Panics
    /// When its output cannot be read.
    pub fn wait(self) -> Answer {
        Answer::of(&self.child.wait_with_output().expect("a child's output can be read"))
    }
}

impl Watched {
    /// Watches the process that runs under this number.
    ///
    /// # Panics
    /// When there is no such process.
    pub fn process(pid: u32) -> Self {
        let pid = i32::try_from(pid).ok().and_then(Pid::from_raw).expect("a process id is a number above 0");
        Self(pidfd_open(pid, PidfdFlags::empty()).expect("the process runs"))
    }

    /// Waits until the process has ended.
    ///
    /// # Panics
    /// When the process does not end.
    pub fn wait_for_end(&self) {
        assert!(is_ready(&self.0), "the process did not end");
    }
}

/// Waits until a process writes into the pipe at `path` and closes it. Returns what was written.
///
/// # Panics
/// When no process does.
pub(crate) fn read_pipe(path: &Path) -> String {
    let pipe = rustix::fs::open(path, OFlags::RDWR | OFlags::CLOEXEC, Mode::empty()).expect("the pipe can be opened");
    assert!(is_ready(&pipe), "nobody wrote into {}", path.display());
    let mut text = [0; 64];
    let read = File::from(pipe).read(&mut text).expect("the pipe can be read");
    String::from_utf8_lossy(&text[..read]).into_owned()
}

fn is_ready(fd: &OwnedFd) -> bool {
    let ready = poll(&mut [PollFd::new(fd, PollFlags::IN)], Some(&PATIENCE));
    ready.expect("the descriptor can be waited for") > 0
}
