//! Waits until a file of a suite changes.

use std::collections::BTreeSet;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// How long nothing may happen before a change counts as whole, in nanoseconds: editors write a
/// file in several steps.
const QUIET: i64 = 50_000_000;

/// Directories that are watched. Files are watched by their directories, since editors replace
/// them.
pub struct Watch {
    inotify: OwnedFd,
}

impl Watch {
    /// Watches these files and directories. Changes count from now on.
    ///
    /// # Errors
    /// The kernel watches no more directories.
    pub fn new(paths: &[PathBuf]) -> io::Result<Self> {
        let watch = Self { inotify: inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)? };
        watch.add(paths)?;
        Ok(watch)
    }

    /// Watches these, too.
    ///
    /// # Errors
    /// As [`Watch::new`].
    pub fn add(&self, paths: &[PathBuf]) -> io::Result<()> {
        let changes = WatchFlags::CLOSE_WRITE | WatchFlags::MOVE | WatchFlags::CREATE | WatchFlags::DELETE;
        for dir in directories(paths) {
            match inotify::add_watch(&self.inotify, &dir, changes | WatchFlags::ONLYDIR) {
                // What is not there is told by the run.
                Ok(_) | Err(Errno::NOENT | Errno::NOTDIR) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// Waits for a change, and until nothing changes any more.
    ///
    /// # Errors
    /// The kernel cannot be asked.
    pub fn wait(&self) -> io::Result<()> {
        self.poll(None)?;
        loop {
            self.drain()?;
            if !self.poll(Some(&Timespec { tv_sec: 0, tv_nsec: QUIET }))? {
                return Ok(());
            }
        }
    }

    fn poll(&self, time: Option<&Timespec>) -> io::Result<bool> {
        loop {
            match poll(&mut [PollFd::new(&self.inotify, PollFlags::IN)], time) {
                Err(Errno::INTR) => {}
                polled => return Ok(polled? > 0),
            }
        }
    }

    fn drain(&self) -> io::Result<()> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        loop {
            match events.next() {
                Ok(_) => {}
                Err(Errno::WOULDBLOCK) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

fn directories(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let dir = |path: &PathBuf| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.is_dir() { path.clone() } else { parent.into() }
    };
    paths.iter().map(dir).collect()
}
