//! Whether processes that an earlier call started still run.
//!
//! A killed call leaves processes behind: children of its delegates, and a delegate whose DEL is
//! left to finish. Every delegate inherits a lock, with everything that it starts, so that the
//! kernel knows when the last of them has ended. The lock is on the container's lock file, which is
//! empty: a delegate could read any other file that it inherited, and a record holds the
//! configurations of other networks.

use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Instant;

use nix::errno::Errno;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::{F_UNLCK, F_WRLCK, SEEK_SET, c_int, c_short, flock};
use rustix::fs::{Mode, OFlags, open};

use crate::lock;

/// A lock that is passed on to delegates. It belongs to an open file (`F_OFD_SETLK`), and is
/// independent of the other kind of lock that [`Lock`](super::Lock) is.
#[derive(Debug)]
pub(super) struct LeftRunning {
    file: File,
    path: PathBuf,
}

impl LeftRunning {
    /// Opens the container's lock file, so that programs started from now on inherit it.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        // Without CLOEXEC, so that it is inherited. Only a process that may write to the file can
        // exclude others.
        let file = open(path, OFlags::RDWR, Mode::empty())?;
        Ok(Self { file: file.into(), path: path.into() })
    }

    /// The locked file.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// Waits until nothing of an earlier call runs, at most until `deadline`. Returns whether that
    /// is so.
    pub(super) fn wait(&self, deadline: Instant) -> io::Result<bool> {
        let ended = lock::until(deadline, || match self.set(F_WRLCK) {
            Ok(()) => Ok(Some(())),
            Err(Errno::EAGAIN | Errno::EACCES | Errno::EINTR) => Ok(None),
            Err(error) => Err(error),
        })?;
        Ok(ended.is_some())
    }

    fn set(&self, kind: c_int) -> Result<(), Errno> {
        let short = |number: c_int| c_short::try_from(number).unwrap_or_default();
        let whole = flock { l_type: short(kind), l_whence: short(SEEK_SET), l_start: 0, l_len: 0, l_pid: 0 };
        fcntl(&self.file, FcntlArg::F_OFD_SETLK(&whole)).map(drop)
    }
}

impl Drop for LeftRunning {
    /// Unlocks explicitly: a delegate may have left a daemon that keeps the file open.
    fn drop(&mut self) {
        _ = self.set(F_UNLCK);
    }
}
