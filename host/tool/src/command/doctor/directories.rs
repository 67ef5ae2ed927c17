//! Directories: which users may write there, and is there room?

use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use super::finding::{Finding, fail, ok, warn};
use super::site::Site;
use genie_core::selector::artefact::cache;

/// How much room the records need, in bytes. A record takes some KiB; with less room than this, a
/// busy node soon stops.
const ROOM: u64 = 16 << 20;

pub fn check(site: &Site) -> Vec<Finding> {
    let mut found = Vec::new();
    // Files in these directories name the programs that root runs, or are such programs.
    for dir in std::iter::once(&site.conf_dir).chain(&site.path) {
        found.extend(owned(dir, 0o022));
    }
    let state = &site.paths.state_dir;
    // Records hold configurations, which may hold secrets.
    found.extend(owned(state, 0o077).into_iter().chain(room(state)));
    if let Err(reason) = cache::check_dir(&site.paths.cache_dir) {
        found.push(fail(
            format!("compiled selectors are not loaded: {reason}"),
            "put that right; then `genie-host compile` the modules again",
        ));
    }
    if found.is_empty() {
        found.push(ok("only root writes where it matters, and there is room"));
    }
    found
}

/// Returns a finding when the directory is not as it should be. A directory that does not exist yet
/// is fine.
fn owned(dir: &Path, forbidden: u32) -> Option<Finding> {
    let shown = dir.display();
    let metadata = match fs::metadata(dir) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == ErrorKind::NotFound => return None,
        Err(error) => return Some(fail(format!("{shown} cannot be looked at: {error}"), "run this as root")),
    };
    let mode = metadata.mode() & 0o7777;
    if !metadata.is_dir() {
        Some(fail(format!("{shown} is no directory"), "move it away"))
    } else if metadata.uid() != 0 && metadata.uid() != rustix::process::geteuid().as_raw() {
        Some(fail(format!("{shown} belongs to user {}, not to root", metadata.uid()), format!("chown root {shown}")))
    } else if mode & 0o022 & forbidden != 0 {
        Some(fail(format!("others than root can write to {shown} (mode {mode:04o})"), format!("chmod go-w {shown}")))
    } else if mode & forbidden != 0 {
        Some(warn(format!("others than root can look into {shown} (mode {mode:04o})"), format!("chmod go= {shown}")))
    } else {
        None
    }
}

fn room(dir: &Path) -> Option<Finding> {
    // The first call makes the directory, on the file system of its parent.
    let dir = dir.ancestors().find(|dir| dir.exists())?;
    let stat = rustix::fs::statvfs(dir).ok()?;
    let shown = dir.display();
    if stat.f_flag.contains(rustix::fs::StatVfsMountFlags::RDONLY) {
        return Some(fail(format!("{shown} is mounted read-only: no pod can start"), "mount it writable"));
    }
    // A file system without a count of inodes reports zero of them.
    let full = stat.f_bavail.saturating_mul(stat.f_frsize) < ROOM || (stat.f_files > 0 && stat.f_favail == 0);
    full.then(|| fail(format!("the file system of {shown} is full: no pod can start"), "make room"))
}
