//! Refused pods on their way to the agent, which makes events of them.
//!
//! ```text
//! <state_dir>/spool/<pod>.json    the last refusal of a pod
//! ```
//!
//! The agent creates the directory. On a node without an agent nothing is written.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::cni::{Call, CniArgs, CniError};
use crate::pod::Identity;
use crate::record::{Pod, Store};
use crate::text::start;

/// The most refused pods that are kept while no agent takes them; the oldest go first.
const LIMIT: usize = 256;
/// How many bytes of an error are kept: more than an event can show.
const TEXT_LIMIT: usize = 4 << 10;
/// How many characters of a pod's name are in a file's name, which has room for 255 bytes.
const STEM_LIMIT: usize = 200;

/// A pod that did not get its networks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RefusedPod {
    /// The pod.
    pub pod: Pod,
    /// The error's code.
    pub code: u32,
    /// The error's message.
    pub message: String,
    /// The error's details; may be empty.
    pub details: String,
    /// When the pod was refused, in seconds since 1970.
    pub time: u64,
}

/// The code of a [`RefusedPod`] that was not refused: it has networks, but not all that it asks
/// for.
pub const NOTICE: u32 = 0;

/// The code of a [`RefusedPod`] that is the agent's own pod: its node is not as the configuration
/// wants it.
pub const PROBLEM: u32 = u32::MAX;

/// What the agent leaves of a problem of its node, about its own pod.
pub fn problem(pod: Pod, message: &str) -> RefusedPod {
    let (message, details) = (start(message, TEXT_LIMIT).to_owned(), String::new());
    RefusedPod { pod, code: PROBLEM, message, details, time: crate::time::now() }
}

/// Leaves a failed ADD to the agent. A failure to do so is only logged: the call's answer is the
/// ADD's error.
pub fn refused(call: &Call, state_dir: &Path, error: &CniError) {
    leave(call, state_dir, error);
}

/// Leaves to the agent what a pod's owner should know although the pod starts.
pub fn noticed(call: &Call, state_dir: &Path, message: &str) {
    leave(call, state_dir, &CniError::new(NOTICE, message));
}

fn leave(call: &Call, state_dir: &Path, error: &CniError) {
    let Some(pod) = Identity::from_args(&CniArgs::new(&call.args)).recorded() else { return };
    let refusal = RefusedPod {
        pod,
        code: error.code,
        message: start(&error.msg, TEXT_LIMIT).to_owned(),
        details: start(&error.details, TEXT_LIMIT).to_owned(),
        time: crate::time::now(),
    };
    if let Err(error) = Spool::of(state_dir).write(&call.container, &refusal) {
        tracing::warn!(%error, "the agent will not hear of this error: it cannot be written to the spool");
    }
}

/// The directory of refusals.
#[derive(Clone, Debug)]
pub struct Spool {
    state_dir: PathBuf,
    directory: PathBuf,
}

/// A refusal that was read, and the inode of its file, which a newer refusal does not have.
#[derive(Debug)]
pub struct Taken {
    /// The file's content.
    pub refusal: RefusedPod,
    path: PathBuf,
    inode: u64,
}

impl Taken {
    /// The path of the file; the pod's next refusal will have the same path.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Spool {
    /// The spool below a state directory.
    pub fn of(state_dir: &Path) -> Self {
        Self { state_dir: state_dir.into(), directory: state_dir.join("spool") }
    }

    /// Creates the directory, for root alone. From then on the plugin writes into it.
    ///
    /// # Errors
    /// The directory cannot be created.
    pub fn create(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.directory)
    }

    /// Writes a pod's refusal in place of its earlier one. It is of an ADD of `container`, whose
    /// next call removes what a kill leaves half-written.
    ///
    /// # Errors
    /// The refusal cannot be written. A missing directory is no error.
    pub fn write(&self, container: &str, refusal: &RefusedPod) -> io::Result<()> {
        let Ok(files) = self.files() else { return Ok(()) };
        make_room(&files);
        let new = Store::unfinished(&self.state_dir, container, "refusal").map_err(io::Error::other)?;
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(&new)?;
        let written = serde_json::to_vec(refusal)
            .map_err(io::Error::from)
            .and_then(|text| file.write_all(&text))
            .and_then(|()| fs::rename(&new, self.directory.join(file_name(&refusal.pod))));
        if written.is_err() {
            _ = fs::remove_file(&new);
        }
        written
    }

    /// All refusals, the oldest first. Files that hold none are removed.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn list(&self) -> io::Result<Vec<Taken>> {
        let mut all = Vec::new();
        for path in self.files()? {
            // The file is gone by now: the plugin made room.
            let (Ok(metadata), Ok(text)) = (fs::metadata(&path), fs::read(&path)) else { continue };
            match serde_json::from_slice(&text) {
                Ok(refusal) => all.push(Taken { refusal, path, inode: metadata.ino() }),
                Err(error) => {
                    tracing::warn!(file = %path.display(), %error, "removed from the spool: it is no refusal");
                    _ = fs::remove_file(&path);
                }
            }
        }
        all.sort_by_key(|taken| taken.refusal.time);
        Ok(all)
    }

    /// Removes a refusal, unless a newer one is in its place.
    pub fn remove(&self, taken: &Taken) {
        if fs::metadata(&taken.path).is_ok_and(|metadata| metadata.ino() == taken.inode) {
            _ = fs::remove_file(&taken.path);
        }
    }

    fn files(&self) -> io::Result<Vec<PathBuf>> {
        fs::read_dir(&self.directory)?.map(|entry| entry.map(|entry| entry.path())).collect()
    }
}

/// Removes the oldest files, so that one more has room.
fn make_room(files: &[PathBuf]) {
    let surplus = (files.len() + 1).saturating_sub(LIMIT);
    if surplus == 0 {
        return;
    }
    let age = |path: &PathBuf| fs::metadata(path).and_then(|metadata| metadata.modified()).ok();
    let mut aged: Vec<_> = files.iter().filter_map(|path| Some((age(path)?, path))).collect();
    aged.sort();
    for (_, path) in aged.into_iter().take(surplus) {
        _ = fs::remove_file(path);
    }
}

/// The name of a pod's file: by uid, or by name where an older runtime does not tell the uid.
fn file_name(pod: &Pod) -> String {
    let named = format!("{}_{}", pod.namespace, pod.name);
    let stem = if pod.uid.is_empty() { &named } else { &pod.uid };
    let safe = |c: char| if c.is_ascii_alphanumeric() || matches!(c, '-' | '_') { c } else { '_' };
    format!("{}.json", stem.chars().take(STEM_LIMIT).map(safe).collect::<String>())
}

#[cfg(test)]
mod tests;
