//! Loads artefacts from the cache.
//!
//! Wasmtime trusts an artefact's content, so this module vouches for the bytes: only root could
//! have written the file (see [`crate::trust`]), and it is as it was written (see
//! [`super::checksum`]). Wasmtime checks that they fit the engine.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::path::Path;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::selector::artefact::checksum;
use crate::trust::{self, Distrust, Missing};

/// The largest artefact that is loaded, in bytes.
pub const MAX_ARTEFACT: u64 = 256 << 20;

/// Why an artefact is not loaded.
#[derive(Debug)]
pub enum LoadError {
    /// There is no artefact.
    Missing,
    /// The artefact cannot be read.
    Unreadable(String),
    /// Others than root could have written the artefact.
    Untrusted(String),
    /// The artefact is damaged, or was made by or for another engine.
    Unusable(String),
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing => f.write_str("there is no artefact"),
            Self::Unreadable(reason) | Self::Untrusted(reason) | Self::Unusable(reason) => f.write_str(reason),
        }
    }
}

impl From<Distrust> for LoadError {
    fn from(distrust: Distrust) -> Self {
        match distrust {
            Distrust::Missing(_) => Self::Missing,
            Distrust::Unreadable(..) => Self::Unreadable(distrust.to_string()),
            Distrust::Unsafe(..) => Self::Untrusted(distrust.to_string()),
        }
    }
}

/// Loads an artefact from a file, mapped and not copied, if it can be.
///
/// The path must be absolute. The file must be a regular one, belong to root (or to this process's
/// user) and be writable by no other user; the same holds for all directories above it.
pub fn load_file(engine: &Engine, path: &Path) -> Result<Component, LoadError> {
    let (Some(parent), Some(name)) = (path.parent(), path.file_name().and_then(|name| name.to_str())) else {
        return Err(LoadError::Untrusted(format!("{} is not the path of a file", path.display())));
    };
    let dir = trust::open_dir(parent, Missing::Fail)?;
    let (file, stat) = trust::open_file(&dir, name, path)?;
    let size = u64::try_from(stat.st_size).unwrap_or_default();
    if size > MAX_ARTEFACT {
        return Err(LoadError::Unusable(format!("{} is larger than {MAX_ARTEFACT} bytes", path.display())));
    }
    let file = File::from(file);
    let unreadable = |error| LoadError::Unreadable(format!("{} cannot be read: {error}", path.display()));
    if !checksum::holds(&file, size).map_err(unreadable)? {
        return Err(LoadError::Unusable(format!("{} is damaged: its checksum is another one", path.display())));
    }

    // This name leads to the file that was checked, whatever has happened to its path since.
    let opened = format!("/proc/self/fd/{}", file.as_raw_fd());
    // SAFETY: only root (or this process's user, who can do all that this process can) could have
    // written the file, and our tools write nothing there but the output of `Component::serialize`,
    // and do not change it in place.
    let mapped = match unsafe { Component::deserialize_file(engine, &opened) } {
        Ok(component) => return Ok(component),
        Err(error) => error,
    };

    let mut bytes = Vec::new();
    (&file).take(MAX_ARTEFACT).read_to_end(&mut bytes).map_err(unreadable)?;
    // SAFETY: as above, since it is the same file.
    let component = unsafe { Component::deserialize(engine, &bytes) }
        .map_err(|error| LoadError::Unusable(format!("{}: {error:#}", path.display())))?;
    tracing::warn!(
        artefact = %path.display(), reason = %format!("{mapped:#}"),
        "the artefact had to be copied, which is slower: is its directory mounted noexec?"
    );
    Ok(component)
}
