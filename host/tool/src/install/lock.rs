//! Keeps installation and removal apart: only one of them works on a node at a time.
//!
//! The kernel lets every user who can open a file lock it, for any time. So the lock is on a file
//! that only root can open, and waiting for it has an end.

use std::fs::{self, File};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::io::Errno;

use super::Layout;
use super::file;
use genie_core::lock;

const NAME: &str = "install.lock";

/// The longest wait for the lock. It is longer than a removal waits for calls, and shorter than an
/// agent has to end.
const WAIT: Duration = Duration::from_secs(15);

/// Holds the lock until it is dropped. The kernel frees the lock of a process that is killed.
pub struct Guard(#[expect(dead_code, reason = "closing it unlocks")] File);

/// Waits for the lock. It is in the state directory, which is created where it is missing.
///
/// # Errors
/// Another installation or removal does not end, users other than root could hold the lock, or a
/// file cannot be used.
pub fn take(layout: &Layout) -> Result<Guard> {
    take_until(layout, Instant::now() + WAIT)
}

/// As [`take`], with another deadline.
pub(super) fn take_until(layout: &Layout, deadline: Instant) -> Result<Guard> {
    let dir = layout.on_host(&layout.state_dir);
    let path = dir.join(NAME);
    let locked = lock::until(deadline, || {
        file::make_dir(&dir, 0o700)?;
        try_lock(&dir, &path).with_context(|| format!("{} cannot be locked", path.display()))
    });
    match locked? {
        Some(file) => Ok(Guard(file)),
        None => bail!(
            "another installation or removal is at work on this node and does not end: it holds {}; see which \
             genie-host runs (`fuser {}`) and end it; this is tried again",
            path.display(),
            path.display()
        ),
    }
}

/// Returns none when another process has the lock, or has just removed its file with the state
/// directory.
fn try_lock(dir: &Path, path: &Path) -> Result<Option<File>> {
    let flags = OFlags::RDWR | OFlags::CREATE | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
    let file: File = match openat(CWD, path, flags, Mode::from_raw_mode(0o600)) {
        Ok(file) => file.into(),
        Err(Errno::NOENT) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let ours = file.metadata()?;
    for (what, found, forbidden) in [("the directory", fs::metadata(dir)?, 0o022), ("it", ours.clone(), 0o077)] {
        let is_ours = [0, rustix::process::geteuid().as_raw()].contains(&found.uid());
        ensure!(is_ours, "{what} belongs to user {}, not to root", found.uid());
        let mode = found.mode() & 0o7777;
        ensure!(mode & forbidden == 0, "{what} is not for root alone (mode {mode:04o}): take that away (chmod go=)");
    }
    ensure!(ours.is_file(), "it is not a regular file: remove it");
    // A removal may have taken the file away in the meantime.
    let ours = lock::exclusive(&file)? && lock::is_at(&file, path)?;
    Ok(ours.then_some(file))
}
