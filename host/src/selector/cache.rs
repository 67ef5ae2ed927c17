//! Where artefacts are kept: `CACHE/ENGINE_ID/SHA256.cwasm`.
//!
//! The path says everything that decides whether an artefact fits, so a changed
//! module or a new engine simply finds none. Files are written once and never
//! changed: a running call may have them mapped.

use std::fs::File;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};

use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;

#[cfg(feature = "tool")]
use super::artefact::{self, LoadError};
use super::digest::Digest;
use super::engine::ENGINE_ID;
use super::seal;
#[cfg(feature = "tool")]
use super::trust::Distrust;
use super::trust::{self, Missing};
use crate::cni::{CniError, code};

/// Tells the temporary files of this process apart.
static WRITES: AtomicU64 = AtomicU64::new(0);

/// The path of the artefact of the module with this digest, whether or not it
/// exists.
pub fn path(cache_dir: &Path, digest: Digest) -> PathBuf {
    cache_dir.join(ENGINE_ID).join(file_name(digest))
}

/// Puts an artefact in its place, durably, and gives its path. One that is
/// there already is replaced.
///
/// `cache_dir` is created where it is missing. Like all directories above it,
/// it must be one that only root (or this process's user) can write.
pub fn write(cache_dir: &Path, digest: Digest, bytes: &[u8]) -> Result<PathBuf, CniError> {
    let path = path(cache_dir, digest);
    let dir = trust::open_dir(&cache_dir.join(ENGINE_ID), Missing::Create)
        .map_err(|distrust| CniError::new(code::IO, format!("the cache of selectors is not used: {distrust}")))?;
    let count = WRITES.fetch_add(1, Ordering::Relaxed);
    let temporary = format!(".{digest}.{}.{count}.tmp", std::process::id());
    let place = || -> std::io::Result<()> {
        let mut file = create(&dir, &temporary)?;
        file.write_all(bytes)?;
        file.write_all(&seal::of(bytes))?;
        rustix::fs::fchmod(&file, Mode::from_raw_mode(0o444))?;
        file.sync_all()?;
        rustix::fs::renameat(&dir, &temporary, &dir, file_name(digest))?;
        rustix::fs::fsync(&dir)?;
        Ok(())
    };
    place().map_err(|error| {
        // Best effort: what is left over is never loaded.
        let _ = rustix::fs::unlinkat(&dir, &temporary, AtFlags::empty());
        CniError::new(code::IO, format!("{} cannot be written: {error}", path.display()))
    })?;
    Ok(path)
}

/// Whether the artefact of the module with this digest is there and loads. False:
/// it has to be compiled.
///
/// # Errors
/// Why one that is there is not loaded.
#[cfg(feature = "tool")]
pub fn check(cache_dir: &Path, digest: Digest) -> Result<bool, String> {
    let engine = super::engine::engine().map_err(|error| error.to_string())?;
    match artefact::load_file(engine, &path(cache_dir, digest)) {
        Ok(_) => Ok(true),
        Err(LoadError::Missing) => Ok(false),
        Err(error) => Err(error.to_string()),
    }
}

/// Whether the directory is one that artefacts are loaded from. One that does not
/// exist is.
///
/// # Errors
/// Why it is not trusted, and what to do about it.
#[cfg(feature = "tool")]
pub fn check_dir(cache_dir: &Path) -> Result<(), String> {
    match trust::open_dir(cache_dir, Missing::Fail) {
        Ok(_) | Err(Distrust::Missing(_)) => Ok(()),
        Err(distrust) => Err(distrust.to_string()),
    }
}

fn file_name(digest: Digest) -> String {
    format!("{digest}.cwasm")
}

fn create(dir: impl rustix::fd::AsFd, name: &str) -> Result<File, Errno> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let open = || rustix::fs::openat(&dir, name, flags, Mode::from_raw_mode(0o600)).map(File::from);
    match open() {
        // Left over from a process that had our number.
        Err(Errno::EXIST) => {
            rustix::fs::unlinkat(&dir, name, AtFlags::empty())?;
            open()
        }
        other => other,
    }
}
