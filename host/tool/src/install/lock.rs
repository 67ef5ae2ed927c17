//! Keeps installation and removal apart: one of them works on a node at a time.
//!
//! The kernel lets whoever can open a file lock it, for as long as he likes. So what is
//! locked is a file that root alone can open, and nobody waits for ever.

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

/// A removal waits for calls that have begun, and whoever ends an agent for less than this.
const WAIT: Duration = Duration::from_secs(15);

/// Held until it is dropped, by the kernel, so that nobody who was killed holds it.
pub struct Guard(#[expect(dead_code, reason = "closing it unlocks")] File);

/// Waits for the turn, in the state directory, which is created where it is missing.
///
/// # Errors
/// Somebody else does not end; others than root could lock; the disk's.
pub fn take(layout: &Layout) -> Result<Guard> {
    take_until(layout, Instant::now() + WAIT)
}

/// The same, with a time of one's own.
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

/// None: somebody else has it, or has just taken it away with the state directory.
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
    // A removal takes the file with it.
    let ours = lock::exclusive(&file)? && lock::is_at(&file, path)?;
    Ok(ours.then_some(file))
}
