//! Finds the module that is named on the command line.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, ensure};

use super::built_in;
use genie_core::digest::Digest;
use genie_core::selector::module::{self, Module, built_in_name, built_in_names};

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
    built_in_name(written).is_some()
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
    if let Some(name) = built_in_name(written) {
        let bytes = built_in::component(name).unwrap_or_default().to_vec();
        return Ok(Named { module: Module::BuiltIn(name), digest: Digest::of(&bytes), bytes });
    }
    let path = fs::canonicalize(dir.join(written)).with_context(|| {
        if written.contains('/') {
            return format!("the module {written} cannot be read");
        }
        let known = built_in_names().join(", ");
        format!("{written:?} is neither a file nor a built-in selector (there are {known})")
    })?;
    ensure!(
        path.extension() != Some(OsStr::new("js")),
        "{written:?} is a script, and no module: `genie-host test-selector {written}` asks it, and the engine that \
         runs it is script.wasm"
    );
    let bytes = module::read(&path)?;
    let digest = Digest::of(&bytes);
    Ok(Named { module: Module::File { path, sha256: digest }, bytes, digest })
}
