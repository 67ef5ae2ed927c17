//! Finds the module that is named on the command line.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result};

use super::built_in;
use genie_core::digest::Digest;
use genie_core::selector::module::{self, BUILT_INS, Module};

/// A module, with its content.
pub struct Named {
    /// The module as the selectors' room loads it.
    pub module: Module,
    /// The bytes of the file, or of the built-in component.
    pub bytes: Vec<u8>,
    /// The digest of the bytes.
    pub digest: Digest,
}

/// Whether this is the name of a built-in selector.
pub fn is_built_in(written: &str) -> bool {
    BUILT_INS.contains(&written)
}

/// Finds a module by the name of a built-in selector, or else by its file.
///
/// # Errors
/// It is neither, or the file cannot be read.
pub fn find(written: &str) -> Result<Named> {
    find_in(Path::new(""), written)
}

/// As [`find`], with relative paths that start in `dir`.
///
/// # Errors
/// As [`find`].
pub fn find_in(dir: &Path, written: &str) -> Result<Named> {
    if let Some(name) = BUILT_INS.into_iter().find(|name| *name == written) {
        let bytes = built_in::component(name).unwrap_or_default().to_vec();
        return Ok(Named { module: Module::BuiltIn(name), digest: Digest::of(&bytes), bytes });
    }
    let path = fs::canonicalize(dir.join(written)).with_context(|| {
        if written.contains('/') {
            return format!("the module {written} cannot be read");
        }
        let known = BUILT_INS;
        format!("{written:?} is neither a file nor a built-in selector (there are {})", known.join(", "))
    })?;
    let bytes = module::read(&path)?;
    let digest = Digest::of(&bytes);
    Ok(Named { module: Module::File { path, sha256: digest }, bytes, digest })
}
