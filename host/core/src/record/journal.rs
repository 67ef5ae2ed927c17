//! Writing a record.

use std::borrow::Cow;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::time::Instant;

use serde_json::Value;

use super::event::{Ending, Event};
use super::gone;
use super::io::io_error;
use super::left_running::LeftRunning;
use super::line;
use super::lock::Lock;
use crate::cni::{CniError, code};

/// The stack of the thread that syncs, in bytes.
const SYNC_STACK: usize = 64 << 10;

/// A record that is open for further events. The holder of one also holds the container's lock.
#[derive(Debug)]
pub struct Journal {
    file: File,
    path: PathBuf,
    left_running: LeftRunning,
}

impl Journal {
    pub(super) fn new(file: File, path: PathBuf, left_running: LeftRunning) -> Self {
        Self { file, path, left_running }
    }

    pub(super) fn open(path: PathBuf, lock: &Lock) -> Result<Self, CniError> {
        let file = OpenOptions::new().append(true).open(&path);
        let opened = file.and_then(|file| Ok((file, LeftRunning::open(lock.path())?)));
        let (file, left_running) =
            opened.map_err(|error| io_error("cannot open the attachment record", &path, &error))?;
        Ok(Self { file, path, left_running })
    }

    /// Waits until no delegate of an earlier, killed call runs any more, at most until `deadline`.
    /// Returns whether that is so. Delegates that are started afterwards are waited for by later
    /// calls.
    ///
    /// # Errors
    /// [`code::IO`] when the kernel refuses the lock.
    pub fn alone(&self, deadline: Instant) -> Result<bool, CniError> {
        self.left_running
            .wait(deadline)
            .map_err(|error| io_error("cannot lock the attachment record", &self.path, &error))
    }

    /// The file that delegates hold open as long as they run.
    pub fn held(&self) -> &Path {
        self.left_running.path()
    }

    /// The record's file.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes the record durable on a thread of its own, while the caller goes on.
    pub fn sync_beside(&self) -> Syncing {
        let (sender, receiver) = sync_channel(1);
        match self.file.try_clone().and_then(|file| Ok((file, directory(&self.path)?))) {
            Ok((file, directory)) => {
                // The thread allocates nothing: a second heap would cost more than the thread.
                let run = move || {
                    let synced = sync(&file, &directory);
                    // When the ADD has failed meanwhile, nothing waits for this.
                    let _ = sender.send(synced);
                };
                // If the thread cannot be started, the sender is dropped, and `wait` syncs.
                let _ = std::thread::Builder::new().stack_size(SYNC_STACK).spawn(run);
            }
            Err(error) => drop(sender.send(Err(error))),
        }
        Syncing { receiver, path: self.path.clone() }
    }

    /// Notes that attachment `index` was made, with its own result. Its plugins took `micros`
    /// microseconds.
    pub fn added(&mut self, index: usize, result: &Value, micros: u64) -> Result<(), CniError> {
        self.append(&Event::Added { index, result: Cow::Borrowed(result), micros: Some(micros) })
    }

    /// Notes that the DEL of attachment `index` succeeded.
    pub fn deleted(&mut self, index: usize) -> Result<(), CniError> {
        self.append(&Event::Deleted { index })
    }

    /// Notes that everything is attached, and what ADD answers.
    pub fn done(&mut self, outcome: &Ending) -> Result<(), CniError> {
        self.append(&Event::Done(Cow::Borrowed(outcome)))
    }

    /// Notes what the shadows answered, after the call.
    pub fn shadows(&mut self, answers: &Value) -> Result<(), CniError> {
        self.append(&Event::Shadows { answers: Cow::Borrowed(answers) })
    }

    /// Removes the record, since nothing is attached any more.
    pub fn remove(self) -> Result<(), CniError> {
        if gone::leave(&self.path) {
            return Ok(());
        }
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error("cannot remove the attachment record", &self.path, &error))
            }
            _ => Ok(()),
        }
    }

    /// Appends an event. A kill or a full disk in the middle of this leaves a torn last line, which
    /// readers ignore. The newline in front keeps the next line apart from a torn one.
    fn append(&mut self, event: &Event<'_>) -> Result<(), CniError> {
        let mut line = vec![b'\n'];
        line::encode(event)
            .and_then(|event| {
                line.extend(event);
                self.file.write_all(&line)
            })
            .map_err(|error| io_error("cannot write to the attachment record", &self.path, &error))
    }
}

/// A sync that is under way. Dropping it does not wait.
#[derive(Debug)]
#[must_use = "ADD may answer only after it"]
pub struct Syncing {
    receiver: Receiver<io::Result<()>>,
    path: PathBuf,
}

impl Syncing {
    /// Waits until the record is durable, at most until `deadline`.
    ///
    /// # Errors
    /// [`code::IO`] when the disk reports an error, [`code::TRY_AGAIN`] when it is too slow.
    pub fn wait(self, deadline: Instant) -> Result<(), CniError> {
        let left = deadline.saturating_duration_since(Instant::now());
        let synced = match self.receiver.recv_timeout(left) {
            Ok(synced) => synced,
            Err(RecvTimeoutError::Disconnected) => {
                File::open(&self.path).and_then(|file| sync(&file, &directory(&self.path)?))
            }
            Err(RecvTimeoutError::Timeout) => {
                let path = self.path.display();
                let msg =
                    format!("the attachment record {path} was not on disk in time: the disk is too slow or hangs");
                return Err(CniError::new(code::TRY_AGAIN, msg));
            }
        };
        synced.map_err(|error| io_error("cannot sync the attachment record", &self.path, &error))
    }
}

/// Makes the file's bytes durable, and its name in the directory.
fn sync(file: &File, directory: &File) -> io::Result<()> {
    file.sync_data()?;
    directory.sync_all()
}

/// Opens the directory that the file is in.
fn directory(path: &Path) -> io::Result<File> {
    File::open(path.parent().unwrap_or(Path::new(".")))
}
