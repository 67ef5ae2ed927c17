//! Where artefacts are kept: `CACHE/ENGINE_ID/SHA256.cwasm`.
//!
//! The path says everything that decides whether an artefact fits, so a changed
//! module or a new engine simply finds none. Files are written once and never
//! changed: a running call may have them mapped.

use std::path::{Path, PathBuf};

use super::digest::Digest;
use super::engine::ENGINE_ID;

#[cfg(feature = "tool")]
mod write;

#[cfg(feature = "tool")]
pub(super) use write::write;
#[cfg(feature = "tool")]
pub use write::{check, check_dir, usable};

/// The path of the artefact of the module with this digest, whether or not it
/// exists.
pub fn path(cache_dir: &Path, digest: Digest) -> PathBuf {
    cache_dir.join(ENGINE_ID).join(file_name(digest))
}

fn file_name(digest: Digest) -> String {
    format!("{digest}.cwasm")
}
