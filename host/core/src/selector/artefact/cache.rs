//! Where artefacts are: `CACHE/ENGINE_ID/SHA256.cwasm`.
//!
//! The path holds everything that decides whether an artefact fits, so a changed module or a new
//! engine finds none there. Files are written once and never changed: a running call may have them
//! mapped.

use std::path::{Path, PathBuf};

use crate::digest::Digest;
use crate::selector::artefact::engine::ENGINE_ID;

mod write;

pub use write::{check_dir, holds, usable, write};

/// The path of the artefact of the module with this digest, whether or not it exists.
pub fn path(cache_dir: &Path, digest: Digest) -> PathBuf {
    cache_dir.join(ENGINE_ID).join(file_name(digest))
}

fn file_name(digest: Digest) -> String {
    format!("{digest}.cwasm")
}
