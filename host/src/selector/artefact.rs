//! Loads artefacts: native code that was compiled from selectors. The only
//! module of the crate that may hold `unsafe`.
//!
//! Wasmtime trusts an artefact's content, so what this module vouches for is
//! where the bytes come from: this binary itself, or a file that only root
//! could have written (see [`super::trust`]) and that is as it was written (see
//! [`super::seal`]). Whether they fit this engine is checked by wasmtime.
#![allow(unsafe_code)]

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::os::fd::AsRawFd;
use std::path::Path;
#[cfg(any(test, not(feature = "tool")))]
use std::ptr::NonNull;

#[cfg(not(feature = "tool"))]
use rustix::mm::{MprotectFlags, mprotect};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::seal;
use super::trust::{self, Distrust, Missing};

/// The smallest page that any supported machine has, in bytes; an artefact's
/// sections are aligned at least so.
#[cfg(any(test, not(feature = "tool")))]
const PAGE: usize = 4096;

/// The largest artefact that is loaded, in bytes.
pub(super) const MAX_ARTEFACT: u64 = 256 << 20;

/// Why an artefact is not loaded.
#[derive(Debug)]
pub(super) enum LoadError {
    /// There is none.
    Missing,
    /// It cannot be read.
    Unreadable(String),
    /// Somebody else than root could have written it.
    Untrusted(String),
    /// It is damaged, or made by or for another engine.
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

/// Loads an artefact that is part of this binary.
#[cfg(any(test, not(feature = "tool")))]
pub(super) fn load_embedded(engine: &Engine, bytes: &'static [u8]) -> Result<Component, LoadError> {
    // SAFETY: the only `'static` bytes that this crate has are those that its
    // own build put into the binary, out of `Engine::precompile_component`;
    // whoever can change them can change any other code of the binary. They are
    // read-only, and there as long as the process.
    let component = unsafe {
        if cfg!(not(feature = "tool")) && bytes.as_ptr().addr().is_multiple_of(PAGE) {
            Component::deserialize_raw(engine, NonNull::from(bytes))
        } else {
            Component::deserialize(engine, bytes)
        }
    };
    component.map_err(|error| LoadError::Unusable(format!("{error:#}")))
}

/// Bytes on a page of their own, as code has to be.
#[cfg(all(feature = "plugin", not(feature = "tool")))]
#[repr(C, align(4096))]
pub(super) struct Paged<T: ?Sized>(pub(super) T);

/// Runs an artefact where it lies. What is inside this binary is in the page
/// cache already; a copy would cost a page fault for every 4 KiB of it, used or
/// not.
#[cfg(not(feature = "tool"))]
pub(super) struct InPlace;

#[cfg(not(feature = "tool"))]
impl wasmtime::CustomCodeMemory for InPlace {
    fn required_alignment(&self) -> usize {
        PAGE
    }

    fn publish_executable(&self, ptr: *const u8, len: usize) -> wasmtime::Result<()> {
        // SAFETY: Wasmtime hands over whole pages of an artefact's text that it holds,
        // and nobody writes there: it is a constant of this binary, or a mapping of
        // Wasmtime's own that is frozen by now.
        unsafe { mprotect(ptr.cast_mut().cast(), len, MprotectFlags::READ | MprotectFlags::EXEC) }
            .map_err(wasmtime::Error::from)
    }

    fn unpublish_executable(&self, _: *const u8, _: usize) -> wasmtime::Result<()> {
        // Nobody can write there, and nobody is left to run it: the process ends.
        Ok(())
    }
}

/// Loads an artefact from a file, mapped, not copied.
///
/// The file must be an absolute path, a regular file, belong to root (or to
/// this process's user) and be writable by nobody else; the same holds for all
/// directories above it.
pub(super) fn load_file(engine: &Engine, path: &Path) -> Result<Component, LoadError> {
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
    if !seal::holds(&file, size).map_err(unreadable)? {
        return Err(LoadError::Unusable(format!("{} is damaged: its checksum is another one", path.display())));
    }

    // The name in /proc leads to the file that was checked, whatever has
    // happened to its path since.
    let opened = format!("/proc/self/fd/{}", file.as_raw_fd());
    // SAFETY: only root (or this process's user, who can do all that this
    // process can) could have written the file, and our tools write nothing
    // there but what `Component::serialize` gave, nor change it in place.
    let mapped = match unsafe { Component::deserialize_file(engine, &opened) } {
        Ok(component) => return Ok(component),
        Err(error) => error,
    };

    let mut bytes = Vec::new();
    (&file).take(MAX_ARTEFACT).read_to_end(&mut bytes).map_err(unreadable)?;
    // SAFETY: as above, it is the same file.
    let component = unsafe { Component::deserialize(engine, &bytes) }
        .map_err(|error| LoadError::Unusable(format!("{}: {error:#}", path.display())))?;
    tracing::warn!(
        artefact = %path.display(), reason = %format!("{mapped:#}"),
        "the artefact had to be copied, which is slower: is its directory mounted noexec?"
    );
    Ok(component)
}
