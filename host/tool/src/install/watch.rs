//! Waits until something happens in one of several directories.

use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;

use anyhow::{Context as _, Result};
use rustix::fs::inotify::{self, CreateFlags, WatchFlags};
use tokio::io::Interest;
use tokio::io::unix::AsyncFd;

/// The directories that are watched.
pub struct Watch(AsyncFd<OwnedFd>);

impl Watch {
    /// Watches those of these directories that exist.
    ///
    /// # Errors
    /// The kernel has no more watches to give.
    pub fn new<'a>(directories: impl IntoIterator<Item = &'a Path>) -> Result<Self> {
        let inotify = inotify::init(CreateFlags::NONBLOCK | CreateFlags::CLOEXEC).context("inotify")?;
        let events = WatchFlags::CLOSE_WRITE
            | WatchFlags::CREATE
            | WatchFlags::DELETE
            | WatchFlags::DELETE_SELF
            | WatchFlags::MOVE
            | WatchFlags::ONLYDIR;
        for directory in directories.into_iter().filter(|directory| directory.is_dir()) {
            let watched = inotify::add_watch(&inotify, directory, events);
            watched.with_context(|| format!("{} cannot be watched", directory.display()))?;
        }
        // rustix deprecates this for values that do not own their descriptor; an `OwnedFd` does.
        #[expect(deprecated, reason = "what replaces it is unsafe")]
        let descriptor = AsyncFd::with_interest(inotify, Interest::READABLE).context("inotify")?;
        Ok(Self(descriptor))
    }

    /// Waits for the next change, and takes all changes that are there.
    ///
    /// # Errors
    /// The kernel fails to tell.
    pub async fn changed(&mut self) -> Result<()> {
        loop {
            let mut ready = self.0.readable().await.context("inotify")?;
            if take(ready.get_inner()).context("inotify")? {
                return Ok(());
            }
            ready.clear_ready();
        }
    }
}

/// Takes the events that are there. Returns whether there were any.
fn take(inotify: &OwnedFd) -> rustix::io::Result<bool> {
    let mut buffer = [const { MaybeUninit::uninit() }; 4096];
    let mut reader = inotify::Reader::new(inotify, &mut buffer);
    let mut any = false;
    loop {
        match reader.next() {
            Ok(_) => any = true,
            Err(rustix::io::Errno::WOULDBLOCK) => return Ok(any),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(error),
        }
    }
}
