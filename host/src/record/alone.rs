//! Whether something that an earlier call started still runs.
//!
//! A killed call leaves processes behind: its delegate's children, and a delegate whose
//! DEL is left to finish. Every delegate inherits a lock on the record's file, with
//! whatever it starts, so that the kernel knows when the last of them has ended.

use std::fs::File;
use std::io;
use std::path::Path;
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, Mode, OFlags, flock, open};
use rustix::io::Errno;

const FIRST_PAUSE: Duration = Duration::from_millis(1);
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// An open record whose lock is passed on to delegates.
#[derive(Debug)]
pub(super) struct Alone(File);

impl Alone {
    /// Opens the record's file, so that programs started from now on inherit it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Without CLOEXEC.
        let file = open(path, OFlags::RDONLY, Mode::empty())?;
        Ok(Self(file.into()))
    }

    /// Waits until nothing of an earlier call runs, at most until `deadline`. False when
    /// something still does.
    pub(super) fn wait(&self, deadline: Instant) -> io::Result<bool> {
        let mut pause = FIRST_PAUSE;
        loop {
            match flock(&self.0, FlockOperation::NonBlockingLockExclusive) {
                Ok(()) => return Ok(true),
                Err(Errno::WOULDBLOCK | Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            std::thread::sleep(pause.min(left));
            pause = (pause * 2).min(LONGEST_PAUSE);
        }
    }
}

impl Drop for Alone {
    /// A delegate of a call that has come to its end may have left a daemon.
    fn drop(&mut self) {
        _ = flock(&self.0, FlockOperation::Unlock);
    }
}
