//! Waits until a file of a suite changes.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{OsStr, OsString};
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};
use rustix::io::Errno;

/// How long nothing may happen before a change counts as whole, in nanoseconds: editors write a
/// file in several steps.
const QUIET: i64 = 50_000_000;

/// Directories that are watched. Files are watched by their directories, since editors replace
/// them, and the directories of suites by those above, since a checkout replaces these.
pub struct Watch {
    inotify: OwnedFd,
    /// The names that count in a directory by its watch; none where all do.
    names: BTreeMap<i32, Option<BTreeSet<OsString>>>,
}

impl Watch {
    /// Watches these suites. Changes count from now on.
    ///
    /// # Errors
    /// The kernel watches no more directories.
    pub fn new(suites: &[PathBuf]) -> io::Result<Self> {
        let inotify = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        let mut watch = Self { inotify, names: BTreeMap::new() };
        watch.add_suites(suites)?;
        Ok(watch)
    }

    /// Watches these suites as they are now: a directory may have come back as another one.
    ///
    /// # Errors
    /// As [`Watch::new`].
    pub fn add_suites(&mut self, suites: &[PathBuf]) -> io::Result<()> {
        for suite in suites {
            if let (Some(above), Some(name)) = (suite.parent(), suite.file_name()) {
                self.add_dir(if above.as_os_str().is_empty() { Path::new(".") } else { above }, Some(name))?;
            }
        }
        let there: Vec<_> = suites.iter().filter(|suite| suite.exists()).cloned().collect();
        self.add(&there)
    }

    /// Watches these files and directories, too.
    ///
    /// # Errors
    /// As [`Watch::new`].
    pub fn add(&mut self, paths: &[PathBuf]) -> io::Result<()> {
        directories(paths).iter().try_for_each(|dir| self.add_dir(dir, None))
    }

    /// Watches a directory, or one name in it.
    fn add_dir(&mut self, dir: &Path, name: Option<&OsStr>) -> io::Result<()> {
        let changes = WatchFlags::CLOSE_WRITE | WatchFlags::MOVE | WatchFlags::CREATE | WatchFlags::DELETE;
        match inotify::add_watch(&self.inotify, dir, changes | WatchFlags::ONLYDIR) {
            Ok(watch) => {
                let names = self.names.entry(watch).or_insert_with(|| Some(BTreeSet::new()));
                match name {
                    Some(name) => _ = names.as_mut().map(|names| names.insert(name.into())),
                    None => *names = None,
                }
                Ok(())
            }
            // What is not there is told by the run.
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for a change, and until nothing changes any more. The result is false when nobody reads
    /// standard output any more.
    ///
    /// # Errors
    /// The kernel cannot be asked.
    pub fn wait(&self) -> io::Result<bool> {
        let mut changed = false;
        loop {
            let quiet = Timespec { tv_sec: 0, tv_nsec: QUIET };
            match self.poll(changed.then_some(&quiet))? {
                Polled::Changes => changed |= self.drain()?,
                Polled::Nothing => return Ok(true),
                Polled::NobodyReads => return Ok(false),
            }
        }
    }

    fn poll(&self, time: Option<&Timespec>) -> io::Result<Polled> {
        let stdout = io::stdout();
        let mut waited = [PollFd::new(&self.inotify, PollFlags::IN), PollFd::new(&stdout, PollFlags::empty())];
        loop {
            match poll(&mut waited, time) {
                Err(Errno::INTR) => {}
                Err(error) => return Err(error.into()),
                Ok(0) => return Ok(Polled::Nothing),
                // The other end of the pipe is closed.
                Ok(_) if waited[1].revents().contains(PollFlags::ERR) => return Ok(Polled::NobodyReads),
                Ok(_) => return Ok(Polled::Changes),
            }
        }
    }

    /// Takes the changes until now. Returns whether one counts.
    fn drain(&self) -> io::Result<bool> {
        let mut buffer = [MaybeUninit::uninit(); 4096];
        let mut events = Reader::new(&self.inotify, &mut buffer);
        let mut counts = false;
        loop {
            match events.next() {
                Ok(event) => {
                    let name = event.file_name().map(|name| OsStr::from_bytes(name.to_bytes()));
                    counts |= match self.names.get(&event.wd()) {
                        Some(Some(names)) => name.is_some_and(|name| names.contains(name)),
                        Some(None) | None => true,
                    };
                }
                Err(Errno::WOULDBLOCK) => return Ok(counts),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What came of waiting.
enum Polled {
    /// Something has changed in a watched directory.
    Changes,
    /// Nothing in that time.
    Nothing,
    /// Standard output is closed at its other end.
    NobodyReads,
}

fn directories(paths: &[PathBuf]) -> BTreeSet<PathBuf> {
    let dir = |path: &PathBuf| {
        let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        if path.is_dir() { path.clone() } else { parent.into() }
    };
    paths.iter().map(dir).collect()
}
