//! Ends processes that a killed call left running.

use std::fs::{self, File};
use std::io::{self, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::{Signal, pidfd_send_signal};

use super::HOST_CALL;

/// Kills those delegates, and the processes that they started, that have the file `held` open.
/// Callers must know that the call which started them is no more.
pub fn kill_orphans(held: &Path) {
    let Ok(held) = fs::metadata(held) else { return };
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        if !name.as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        // An open directory stays that of its process, even if another one gets the same number.
        let directory = openat(CWD, entry.path(), OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
        let Ok(process) = directory else { continue };
        let is_orphan = is_delegate(&process).unwrap_or(false) && has_open(&entry.path(), &held);
        if is_orphan && pidfd_send_signal(&process, Signal::KILL).is_ok() {
            tracing::warn!(process = %name.display(), "killed what an earlier call left running");
        }
    }
}

fn is_delegate(process: &OwnedFd) -> io::Result<bool> {
    let file = openat(process, "environ", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?;
    let mut environment = Vec::new();
    File::from(file).read_to_end(&mut environment)?;
    let mark = format!("{HOST_CALL}=1");
    Ok(environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()))
}

fn has_open(process: &Path, held: &fs::Metadata) -> bool {
    let files = fs::read_dir(process.join("fd")).into_iter().flatten().flatten();
    files
        .filter_map(|file| fs::metadata(file.path()).ok())
        .any(|file| (file.dev(), file.ino()) == (held.dev(), held.ino()))
}
