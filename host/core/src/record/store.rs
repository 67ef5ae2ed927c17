//! The state directory and its files.

use std::ffi::OsStr;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::header::Header;
use super::io::{entries, files, io_error, make_directory, read_file};
use super::journal::Journal;
use super::left_running::LeftRunning;
use super::line;
use super::lock::Lock;
use super::name;
use super::read::{Record, Unreadable, Wanted, belongs, damaged, newer};
use crate::cni::{CniError, code};

/// The most bytes of a record that commands read when they read all records of a node. DEL reads
/// only one, and reads it whatever its size.
pub const MODERATE: u64 = 4 << 20;

/// The records of this node.
#[derive(Clone, Debug)]
pub struct Store {
    directory: PathBuf,
    records: PathBuf,
}

/// One file of [`Store::list`].
#[derive(Clone, Debug, PartialEq)]
pub enum Listed {
    /// A record.
    Record(Box<Record>),
    /// A file that is no record, a damaged one, or one that cannot be read.
    Damaged {
        /// The file's path.
        path: PathBuf,
        /// What is wrong with the file, under [`code::RECORD`] or [`code::IO`].
        error: CniError,
    },
}

impl Store {
    /// The store in `directory`, which is created if it is missing, for root alone.
    ///
    /// # Errors
    /// [`code::IO`] when a directory cannot be created.
    pub fn open(directory: &Path) -> Result<Self, CniError> {
        let store = Self::at(directory);
        for part in [store.records(), store.new_files(), store.locks()] {
            make_directory(&part)?;
        }
        Ok(store)
    }

    /// The store for who only looks: nothing is created. A directory of records itself, such as a copy
    /// of one, will do.
    ///
    /// # Errors
    /// [`code::IO`] when there is no such directory, or it cannot be read.
    pub fn read_only(directory: &Path) -> Result<Self, CniError> {
        if !directory.is_dir() {
            let msg = format!("there is no directory {}: no node keeps its records there", directory.display());
            return Err(CniError::new(code::IO, msg));
        }
        let mut store = Self::at(directory);
        if store.files()?.is_empty() && files(directory)?.iter().any(|path| name::is_record(path)) {
            store.records = directory.into();
        }
        Ok(store)
    }

    fn at(directory: &Path) -> Self {
        Self { directory: directory.into(), records: directory.join("records") }
    }

    /// Waits until no other call works on the container, at most until `deadline`. Then removes
    /// what a killed call of the same container left half-written.
    ///
    /// # Errors
    /// [`code::TRY_AGAIN`] when the container stays busy, [`code::INVALID_ENVIRONMENT`] for an
    /// invalid id, [`code::IO`] when a file cannot be locked or removed.
    pub fn lock(&self, container: &str, deadline: Instant) -> Result<Lock, CniError> {
        let lock = self.lock_only(container, deadline)?;
        self.sweep(&lock)?;
        Ok(lock)
    }

    /// As [`Store::lock`], but removes nothing: an attachment with a record was not killed before
    /// it had one.
    ///
    /// # Errors
    /// As [`Store::lock`].
    pub fn lock_only(&self, container: &str, deadline: Instant) -> Result<Lock, CniError> {
        Lock::acquire(self.locks().join(name::stem(container)?), container, deadline)
    }

    /// Writes the record that everything else relies on, before the first delegate runs. Other
    /// processes see it from here on. It survives a power failure only after
    /// [`Journal::sync_beside`].
    ///
    /// # Errors
    /// [`code::INTERNAL`] when the container's interface has a record already: an ADD without a
    /// DEL, which must not overwrite what the DEL needs. [`code::IO`] when the record cannot be
    /// written.
    pub fn create(&self, lock: &Lock, header: &Header) -> Result<Journal, CniError> {
        belongs(lock, header)?;
        let name = name::record(&header.container, &header.interface)?;
        let path = self.records().join(&name);
        // No other call can create it in between: we hold the lock.
        if path.try_exists().map_err(|error| io_error("cannot look for", &path, &error))? {
            let msg = format!(
                "container {:.100} is already attached on {}: it needs a DEL before another ADD",
                header.container, header.interface
            );
            return Err(CniError::new(code::INTERNAL, msg).with_details(format!("record: {}", path.display())));
        }
        let new = self.new_files().join(&name);
        let written = line::encode(header).and_then(|header| {
            // A kill before the rename leaves `new`: no delegate has run, and the next call that
            // locks the container sweeps it. After the rename the record is complete.
            let mut file = OpenOptions::new().append(true).create_new(true).mode(0o600).open(&new)?;
            file.write_all(&header)?;
            let left_running = LeftRunning::open(lock.path())?;
            left_running.wait(Instant::now())?;
            fs::rename(&new, &path)?;
            Ok((file, left_running))
        });
        match written {
            Ok((file, left_running)) => Ok(Journal::new(file, path, left_running)),
            Err(error) => {
                let _ = fs::remove_file(&new);
                Err(io_error("cannot write the attachment record", &path, &error))
            }
        }
    }

    /// The record of a container's interface, if there is one. Reading it needs no lock, but acting
    /// on it does.
    ///
    /// # Errors
    /// [`code::RECORD`] for a damaged record, which is moved away so that the next call can go on
    /// without it, and for a record of a newer build, which stays. [`code::IO`] when it cannot be
    /// read.
    pub fn load(&self, container: &str, interface: &str) -> Result<Option<Record>, CniError> {
        self.load_what(container, interface, Wanted::All)
    }

    /// As [`Store::load`], without the decision: that is half of a record, and no DEL reads it.
    ///
    /// # Errors
    /// As [`Store::load`].
    pub fn load_attachments(&self, container: &str, interface: &str) -> Result<Option<Record>, CniError> {
        self.load_what(container, interface, Wanted::Attachments)
    }

    fn load_what(&self, container: &str, interface: &str, wanted: Wanted) -> Result<Option<Record>, CniError> {
        let path = self.records().join(name::record(container, interface)?);
        let Some(bytes) = read_file(&path)? else {
            return Ok(None);
        };
        match Record::decode(&bytes, &path, wanted) {
            Ok(record) => Ok(Some(record)),
            Err(Unreadable::Damaged(reason)) => {
                Err(self.quarantine(&path, CniError::new(code::RECORD, damaged(&path, &reason))))
            }
            Err(Unreadable::Newer(version)) => Err(CniError::new(code::RECORD, newer(&path, version))),
        }
    }

    /// Whether there is a record of attachments that only we can undo.
    ///
    /// # Errors
    /// The records cannot be read.
    pub fn has_attachments(&self) -> Result<bool, CniError> {
        Ok(self.list()?.iter().any(|listed| match listed {
            Listed::Record(_) => true,
            // A file that was moved away needs a person. A damaged one among the records may be
            // readable for another build.
            Listed::Damaged { path, .. } => path.parent().and_then(Path::file_name) != Some(OsStr::new("damaged")),
        }))
    }

    /// Every record of the node and every damaged file, in the order of their names.
    ///
    /// # Errors
    /// [`code::IO`] when a directory cannot be read.
    pub fn list(&self) -> Result<Vec<Listed>, CniError> {
        Ok(self.each()?.collect())
    }

    /// As [`Store::list`], one by one: a node may have more records than belong into memory.
    ///
    /// # Errors
    /// [`code::IO`] when a directory cannot be read.
    pub fn each(&self) -> Result<impl Iterator<Item = Listed>, CniError> {
        let records = self.files()?.into_iter().filter_map(|path| self.read(path));
        let damaged = files(&self.damaged())?.into_iter().map(|path| {
            let reason = damaged(&path, "it was moved here for that");
            Listed::Damaged { path, error: CniError::new(code::RECORD, reason) }
        });
        Ok(records.chain(damaged))
    }

    /// The records' files, in the order of their names.
    ///
    /// # Errors
    /// [`code::IO`] when the directory cannot be read.
    pub fn files(&self) -> Result<Vec<PathBuf>, CniError> {
        files(&self.records())
    }

    /// What is among the records and is no file. Nobody reads it.
    ///
    /// # Errors
    /// [`code::IO`] when the directory cannot be read.
    pub fn others(&self) -> Result<Vec<PathBuf>, CniError> {
        Ok(entries(&self.records())?.1)
    }

    /// Reads one of [`Store::files`]. The result is none when the file is gone by now, after a DEL
    /// that has just ended. A file that cannot be read does not hide the others.
    pub fn read(&self, path: PathBuf) -> Option<Listed> {
        let record = read_file(&path).transpose()?.and_then(|bytes| Record::read(&bytes, &path));
        Some(match record {
            Ok(record) => Listed::Record(Box::new(record)),
            Err(error) => Listed::Damaged { path, error },
        })
    }

    /// Moves a damaged file away, and never deletes it: it may hold what a person needs to clean up
    /// by hand. Returns `error`, which is about the file, with what became of it.
    pub(super) fn quarantine(&self, path: &Path, error: CniError) -> CniError {
        match self.move_away(path) {
            Ok(to) => error.with_details(format!(
                "moved to {}: remove it after the clean-up; the next call goes on without it",
                to.display()
            )),
            Err(failed) => error.with_details(format!("{}; move it away so that calls can go on", failed.msg)),
        }
    }

    fn move_away(&self, path: &Path) -> Result<PathBuf, CniError> {
        make_directory(&self.damaged())?;
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let mut free = (0..1000).map(|n| self.damaged().join(format!("{name}.{n}")));
        let to = free.find(|to| !to.exists()).ok_or_else(|| {
            let msg = format!("{} is full of files like it", self.damaged().display());
            CniError::new(code::IO, msg)
        })?;
        let moved = fs::rename(path, &to).or_else(|error| match error.kind() {
            // libcni's files may be on another file system.
            ErrorKind::CrossesDevices => fs::copy(path, &to).and_then(|_| fs::remove_file(path)),
            _ => Err(error),
        });
        moved.map_err(|error| io_error("cannot move", path, &error))?;
        Ok(to)
    }

    /// Removes the container's unfinished files. The directory holds only those of running and
    /// killed calls, so looking through it costs nothing.
    ///
    /// # Errors
    /// [`code::IO`] when a file cannot be removed.
    pub fn sweep(&self, lock: &Lock) -> Result<(), CniError> {
        let stem = name::stem(lock.container())?;
        for path in files(&self.new_files())? {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if name.split_once('@').is_some_and(|(of, _)| of == stem) {
                fs::remove_file(&path).map_err(|error| io_error("cannot remove", &path, &error))?;
            }
        }
        Ok(())
    }

    /// The path for a container's file on its way to another place of the state directory. A file
    /// that a killed call leaves there is removed by the container's next call.
    ///
    /// # Errors
    /// [`code::INVALID_ENVIRONMENT`] for an invalid id, [`code::IO`] when the directory cannot be
    /// created.
    pub fn unfinished(directory: &Path, container: &str, what: &str) -> Result<PathBuf, CniError> {
        let new = Self::at(directory).new_files();
        make_directory(&new)?;
        Ok(new.join(format!("{}@{what}", name::stem(container)?)))
    }

    fn records(&self) -> PathBuf {
        self.records.clone()
    }

    fn new_files(&self) -> PathBuf {
        self.directory.join("new")
    }

    fn locks(&self) -> PathBuf {
        self.directory.join("locks")
    }

    fn damaged(&self) -> PathBuf {
        self.directory.join("damaged")
    }
}

/// Whether there is a record of a container's interface.
pub(super) fn has_record(directory: &Path, container: &str, interface: &str) -> bool {
    let store = Store::at(directory);
    name::record(container, interface).is_ok_and(|name| store.records().join(name).exists())
}
