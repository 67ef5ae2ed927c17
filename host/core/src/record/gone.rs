//! Records of what is attached no more.
//!
//! Removing a file gives its blocks back, which can take a file system milliseconds while its disk is
//! busy. So while somebody sweeps the node, a DEL only moves the record away. Who sweeps holds the
//! directory's lock; when its process ends, however it does, the next DEL removes its record itself.

use std::fs::{self, File};
use std::path::{Path, PathBuf};

use rustix::fs::{FlockOperation, flock};
use rustix::io::Errno;

use super::io::{files, io_error, make_directory};
use crate::cni::CniError;
use crate::lock;

/// The directory beside the records.
const GONE: &str = "gone";

/// Moves a record away, if somebody sweeps. Returns whether it was moved.
pub(super) fn leave(record: &Path) -> bool {
    let gone = record.parent().map(|records| records.with_file_name(GONE));
    let place = gone.as_ref().zip(record.file_name()).map(|(gone, name)| gone.join(name));
    gone.is_some_and(|gone| is_swept(&gone)) && place.is_some_and(|place| fs::rename(record, place).is_ok())
}

/// Whether somebody holds the directory's lock.
fn is_swept(directory: &Path) -> bool {
    let held = |file: &File| flock(file, FlockOperation::NonBlockingLockShared) == Err(Errno::WOULDBLOCK);
    File::open(directory).is_ok_and(|file| held(&file))
}

/// Removes what DELs leave. There is one on a node; DELs leave records as long as it lives.
#[derive(Debug)]
pub struct Sweeper {
    directory: PathBuf,
    lock: File,
}

impl Sweeper {
    /// The node's sweeper. The result is none while there is another one.
    ///
    /// # Errors
    /// [`code::IO`](crate::cni::code::IO) when the directory cannot be created or locked.
    pub fn start(state_dir: &Path) -> Result<Option<Self>, CniError> {
        let directory = state_dir.join(GONE);
        make_directory(&directory)?;
        let locked = File::open(&directory).and_then(|lock| Ok(lock::exclusive(&lock)?.then_some(lock)));
        let lock = locked.map_err(|error| io_error("cannot lock", &directory, &error))?;
        Ok(lock.map(|lock| Self { directory, lock }))
    }

    /// Removes what was left until now, and waits until the file system is done with it. Returns how
    /// many records that were.
    ///
    /// # Errors
    /// [`code::IO`](crate::cni::code::IO) when one cannot be removed.
    pub fn sweep(&self) -> Result<usize, CniError> {
        let gone = files(&self.directory)?;
        for path in &gone {
            fs::remove_file(path).map_err(|error| io_error("cannot remove", path, &error))?;
        }
        if !gone.is_empty() {
            // Else an ADD that makes its record durable would wait for all of that.
            self.lock.sync_all().map_err(|error| io_error("cannot sync", &self.directory, &error))?;
        }
        Ok(gone.len())
    }
}
