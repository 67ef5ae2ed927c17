//! Finds a plugin's program by libcni's rule.

use std::path::{Path, PathBuf};

use crate::cni::{CniError, code, quoted};

/// The most directories that a message names.
const DIRECTORIES_NAMED: usize = 8;

/// The program of the plugin type `plugin`: the first directory of `path` that holds a regular file
/// of that name (symbolic links are followed).
///
/// Whether the file may be executed is not checked, as in libcni: a file that cannot be executed
/// hides one in a later directory, and the attempt to start it says why.
///
/// # Errors
/// [`code::INVALID_CONFIG`] for a type that is no file name, [`code::INTERNAL`] when no directory
/// has such a file.
pub fn find(plugin: &str, path: &[PathBuf]) -> Result<PathBuf, CniError> {
    if plugin.is_empty() {
        return Err(CniError::new(code::INVALID_CONFIG, "no plugin name provided: set \"type\""));
    }
    if plugin.contains(['/', '\\']) {
        let msg = format!("invalid plugin name: {}: \"type\" names a file, without a directory", quoted(plugin));
        return Err(CniError::new(code::INVALID_CONFIG, msg));
    }
    // An empty entry would mean the working directory of the process that started us.
    let directories: Vec<&Path> =
        path.iter().map(PathBuf::as_path).filter(|directory| !directory.as_os_str().is_empty()).collect();
    if directories.is_empty() {
        return Err(CniError::new(code::INTERNAL, "no paths provided: CNI_PATH names no directory"));
    }
    directories
        .iter()
        .map(|directory| directory.join(plugin))
        .find(|program| program.is_file())
        .ok_or_else(|| CniError::new(code::INTERNAL, missing(plugin, &directories)))
}

fn missing(plugin: &str, directories: &[&Path]) -> String {
    let named: Vec<String> =
        directories.iter().take(DIRECTORIES_NAMED).map(|directory| directory.display().to_string()).collect();
    let more = match directories.len().saturating_sub(DIRECTORIES_NAMED) {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    format!(
        "failed to find plugin {} in path [{}{more}]: install it there, or correct \"type\"",
        quoted(plugin),
        named.join(" ")
    )
}
