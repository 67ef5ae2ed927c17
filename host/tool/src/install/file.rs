//! Files that are complete at any time.

use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use genie_core::digest::Digest;

/// Puts a file in its place, durably, with this mode. Returns whether anything had to be done: a
/// file that is as it should be is not touched.
pub fn place(path: &Path, bytes: &[u8], mode: u32) -> Result<bool> {
    if digest(path)? == Some(Digest::of(bytes)) && is_mode(path, mode)? {
        return Ok(false);
    }
    replace(path, bytes, mode).with_context(|| format!("{} cannot be written", path.display()))?;
    Ok(true)
}

/// Writes a new file beside the place and renames it. A program that runs keeps its old file.
pub fn replace(path: &Path, bytes: &[u8], mode: u32) -> std::io::Result<()> {
    let beside = beside(path);
    // A writer that was killed may have left this file; there is only one writer at a time.
    remove(&beside)?;
    let written = || {
        let mut file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&beside)?;
        file.write_all(bytes)?;
        // The mode must not depend on the umask.
        file.set_permissions(fs::Permissions::from_mode(mode))?;
        file.sync_all()?;
        fs::rename(&beside, path)?;
        sync_parent(path)
    };
    written().inspect_err(|_| _ = remove(&beside))
}

/// The digest of a file. The result is none when there is no such file.
pub fn digest(path: &Path) -> Result<Option<Digest>> {
    Ok(read(path)?.map(|bytes| Digest::of(&bytes)))
}

/// The content of a file. The result is none when there is no such file.
pub fn read(path: &Path) -> Result<Option<Vec<u8>>> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error).with_context(|| format!("{} cannot be read", path.display())),
    }
}

/// Removes a file that may be gone already.
pub fn remove(path: &Path) -> std::io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

/// Creates a directory and its parents.
pub fn make_dir(path: &Path, mode: u32) -> Result<()> {
    let created = DirBuilder::new().recursive(true).mode(mode).create(path);
    created.with_context(|| format!("the directory {} cannot be created", path.display()))
}

/// Makes a change of a file's name durable.
pub fn sync_parent(path: &Path) -> std::io::Result<()> {
    File::open(path.parent().unwrap_or(Path::new("/")))?.sync_all()
}

/// A hidden name, which no runtime takes for a configuration or a plugin.
fn beside(path: &Path) -> PathBuf {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    path.with_file_name(format!(".{name}.genie-new"))
}

fn is_mode(path: &Path, mode: u32) -> Result<bool> {
    let metadata = fs::symlink_metadata(path).with_context(|| path.display().to_string())?;
    Ok(metadata.is_file() && metadata.permissions().mode() & 0o7777 == mode)
}
