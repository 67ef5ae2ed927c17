//! Writes artefacts, and tells whether they can be used: the tool's side.

use std::env;
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use rustix::fs::{Access, AtFlags, Mode, OFlags};
use rustix::io::Errno;
use wasmtime::Engine;

use super::Digest;
use super::file_name;
use super::path;
use crate::cni::{CniError, code};
use crate::selector::artefact::checksum;
use crate::selector::artefact::claim::Claim;
use crate::selector::artefact::load::{LoadError, load_file};
use crate::trust::{self, Distrust, Missing};

/// Puts an artefact in its place, durably, and replaces one that is there already.
pub fn write(claim: Claim, digest: Digest, bytes: &[u8]) -> Result<(), CniError> {
    // Only the holder of the claim writes, so one name is enough. A file that a kill left there is
    // removed.
    let temporary = format!(".{digest}.tmp");
    let dir = &claim.dir;
    let place = || -> std::io::Result<()> {
        let mut file = create(dir, &temporary)?;
        file.write_all(bytes)?;
        file.write_all(&checksum::of(bytes))?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(0o444))?;
        file.sync_all()?;
        rustix::fs::renameat(dir, &temporary, dir, file_name(digest))?;
        rustix::fs::fsync(dir)?;
        Ok(())
    };
    place().map_err(|error| {
        // Failures do not matter: a file that is left over is never loaded.
        let _ = rustix::fs::unlinkat(dir, &temporary, AtFlags::empty());
        CniError::new(code::IO, format!("the artefact cannot be written: {error}"))
    })?;
    claim.finish(digest);
    Ok(())
}

/// Whether the artefact of the module with this digest exists and can be loaded. False when the
/// module has yet to be compiled.
///
/// # Errors
/// The reason why an existing artefact is not loaded.
pub fn holds(engine: &Engine, cache_dir: &Path, digest: Digest) -> Result<bool, String> {
    match load_file(engine, &path(cache_dir, digest)) {
        Ok(_) => Ok(true),
        Err(LoadError::Missing) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

/// Checks that artefacts would be loaded from the directory. One that does not exist passes.
///
/// # Errors
/// The reason why the directory is not trusted, and what to do about it.
pub fn check_dir(cache_dir: &Path) -> Result<(), String> {
    match trust::open_dir(cache_dir, Missing::Fail) {
        Ok(_) | Err(Distrust::Missing(_)) => Ok(()),
        Err(distrust) => Err(distrust.to_string()),
    }
}

/// The cache that this process's user can fill: this one, if it exists, else the user's own, below
/// `XDG_CACHE_HOME` or `~/.cache`. The result is none when neither can be filled.
pub fn usable(cache_dir: &Path) -> Option<PathBuf> {
    let can_be_filled = |dir: &Path, missing| {
        trust::open_dir(dir, missing)
            .is_ok_and(|dir| rustix::fs::accessat(dir, ".", Access::WRITE_OK, AtFlags::EACCESS).is_ok())
    };
    if can_be_filled(cache_dir, Missing::Fail) {
        return Some(cache_dir.to_owned());
    }
    of_user().filter(|dir| can_be_filled(dir, Missing::Create))
}

fn of_user() -> Option<PathBuf> {
    let given = env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|dir| dir.is_absolute());
    let dir = given.or_else(|| Some(PathBuf::from(env::var_os("HOME")?).join(".cache")))?;
    // A home directory is often behind a link. The directory that it leads to is checked.
    fs::create_dir_all(&dir).ok()?;
    Some(fs::canonicalize(dir).ok()?.join("genie"))
}

fn create(dir: impl rustix::fd::AsFd, name: &str) -> Result<File, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(&dir, name, flags, Mode::from_raw_mode(0o600)).map(File::from);
    match open() {
        // A process that was killed has left it.
        Err(Errno::EXIST) => {
            rustix::fs::unlinkat(&dir, name, AtFlags::empty())?;
            open()
        }
        other => other,
    }
}
