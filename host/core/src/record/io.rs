//! Files and directories of the records, with errors that name them.

use std::fs::{self, DirBuilder, DirEntry, File};
use std::io::{self, ErrorKind};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use crate::cni::{CniError, code};

/// Creates a directory and those above it. What is new is made durable, so that a record in it can
/// be made durable, too.
pub(super) fn make_directory(path: &Path) -> Result<(), CniError> {
    if path.is_dir() {
        return Ok(());
    }
    DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(path)
        .and_then(|()| path.ancestors().skip(1).take(2).filter(|above| above.is_dir()).try_for_each(sync_directory))
        .map_err(|error| io_error("cannot create the directory", path, &error))
}

/// Makes the names in a directory durable.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// The content of a record's file; none when there is no such file.
pub(super) fn read_file(path: &Path) -> Result<Option<Vec<u8>>, CniError> {
    match fs::read(path) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(io_error("cannot read the attachment record", path, &error)),
    }
}

/// The files of a directory, sorted. The list is empty when the directory does not exist. What is no
/// file (a directory, a pipe) was not put there by us, and must not keep the files from being read.
pub(super) fn files(directory: &Path) -> Result<Vec<PathBuf>, CniError> {
    let (files, _) = entries(directory)?;
    Ok(files)
}

/// The files of a directory, and what else is in it; each sorted.
pub(super) fn entries(directory: &Path) -> Result<(Vec<PathBuf>, Vec<PathBuf>), CniError> {
    let read = || match fs::read_dir(directory) {
        Ok(entries) => entries.collect::<io::Result<Vec<DirEntry>>>(),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(Vec::new()),
        Err(error) => Err(error),
    };
    let entries = read().map_err(|error| io_error("cannot read", directory, &error))?;
    let (mut files, mut others) = (Vec::new(), Vec::new());
    for entry in entries {
        if is_file(&entry) { files.push(entry.path()) } else { others.push(entry.path()) }
    }
    files.sort();
    others.sort();
    Ok((files, others))
}

fn is_file(entry: &DirEntry) -> bool {
    match entry.file_type() {
        Ok(kind) if kind.is_symlink() => entry.path().is_file(),
        Ok(kind) => kind.is_file(),
        // It is gone by now.
        Err(_) => false,
    }
}

/// An error about a file. The words "no such file" and "not found" are avoided: containerd takes a
/// DEL error with these words for success.
pub(super) fn io_error(doing: &str, path: &Path, error: &io::Error) -> CniError {
    let why = match error.kind() {
        ErrorKind::NotFound => "it is missing".into(),
        _ => error.to_string(),
    };
    CniError::new(code::IO, format!("{doing} {}: {why}", path.display()))
}
