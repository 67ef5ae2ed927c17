//! What a killed call left running.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::fd::OwnedFd;

use rustix::fs::{CWD, Mode, OFlags, openat};
use rustix::process::{Signal, pidfd_send_signal};

use super::HOST_CALL;

/// Kills the delegates of a container, with what they started, as far as that kept its
/// environment. Only for who knows that no call for this container runs.
pub fn kill_orphans(container: &str) {
    let marks = [format!("{HOST_CALL}=1"), format!("CNI_CONTAINERID={container}")];
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let name = entry.file_name();
        if !name.as_encoded_bytes().iter().all(u8::is_ascii_digit) {
            continue;
        }
        // The directory stands for its process: whoever gets the number after it is
        // another one's.
        let Ok(process) = openat(CWD, entry.path(), OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()) else {
            continue;
        };
        if is_marked(&process, &marks) && pidfd_send_signal(&process, Signal::KILL).is_ok() {
            tracing::warn!(container, process = %name.display(), "killed what an earlier call left running");
        }
    }
}

fn is_marked(process: &OwnedFd, marks: &[String]) -> bool {
    let mut environment = Vec::new();
    let read = openat(process, "environ", OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())
        .map_err(std::io::Error::from)
        .and_then(|file| File::from(file).read_to_end(&mut environment));
    read.is_ok()
        && marks.iter().all(|mark| environment.split(|byte| *byte == 0).any(|variable| variable == mark.as_bytes()))
}
