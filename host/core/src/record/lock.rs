//! Keeps all but one call at a time from working on a container.

use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use super::io::io_error;
use super::left_running::LeftRunning;
use crate::cni::{CniError, code};
use crate::lock;

/// Holds a container's lock, which is released when this is dropped.
///
/// The kernel's lock belongs to the open file, so a killed holder releases it, too. The container's
/// next call then takes over the file, which stays as long as the container has attachments
/// ([`Lock::keep_file`]).
#[derive(Debug)]
pub struct Lock {
    /// It is closed, and so unlocked, after [`Drop::drop`] has removed the file.
    _file: File,
    path: PathBuf,
    container: String,
    keep: bool,
}

impl Lock {
    /// Leaves the file for the container's next call. Removing it would cost an ADD more than all
    /// its other work with files, and a delegate that cannot be killed is known by it.
    pub fn keep_file(&mut self) {
        self.keep = true;
    }

    /// The locked file, which is empty.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// The container that is locked.
    pub fn container(&self) -> &str {
        &self.container
    }

    pub(super) fn acquire(path: PathBuf, container: &str, deadline: Instant) -> Result<Self, CniError> {
        let started = Instant::now();
        let locked = lock::until(deadline, || try_lock(&path));
        match locked.map_err(|error| io_error("cannot lock", &path, &error))? {
            Some(file) => Ok(Self { _file: file, path, container: container.into(), keep: false }),
            None => Err(busy(&path, container, started.elapsed())),
        }
    }
}

impl Drop for Lock {
    /// Removes the file while it is still locked. Only a holder removes it, so it can only be ours. It
    /// stays while what a killed call left running has it open: the container's DEL has to find that.
    fn drop(&mut self) {
        let alone = || LeftRunning::open(&self.path).and_then(|left| left.wait(Instant::now()));
        if !self.keep && alone().unwrap_or(true) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

/// Opens and locks the file; none when another process has the lock.
fn try_lock(path: &Path) -> std::io::Result<Option<File>> {
    let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
    // Between opening and locking, the file's holder may have removed it.
    let ours = lock::exclusive(&file)? && lock::is_at(&file, path)?;
    Ok(ours.then_some(file))
}

fn busy(path: &Path, container: &str, waited: Duration) -> CniError {
    let holder = holder(path).map_or_else(|| "another process".into(), |pid| format!("process {pid}"));
    let msg = format!(
        "container {container:.100} is busy: {holder} has been working on it for the {:.1} s that this call waited; \
         it is an earlier call for the same container, which may still be waiting for one of its plugins",
        waited.as_secs_f64()
    );
    CniError::new(code::TRY_AGAIN, msg).with_details(format!("lock: {}", path.display()))
}

/// The process that has locked the file, as the kernel lists it: `1: FLOCK  ADVISORY  WRITE 123
/// fe:00:4711 0 EOF`.
fn holder(path: &Path) -> Option<String> {
    let inode = format!(":{}", fs::metadata(path).ok()?.ino());
    let locks = fs::read_to_string("/proc/locks").ok()?;
    let mut fields = locks.lines().map(|line| line.split_whitespace().collect::<Vec<_>>());
    let line =
        fields.find(|line| line.get(1) == Some(&"FLOCK") && line.get(5).is_some_and(|id| id.ends_with(&inode)))?;
    line.get(4).map(|pid| (*pid).to_owned())
}
