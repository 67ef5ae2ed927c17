//! Refused pods on their way to the agent, which makes events of them.
//!
//! ```text
//! <state_dir>/spool/<pod>.json      the last refusal of a pod, until it is an event
//! <state_dir>/refused/<pod>.json    the same afterwards, for `genie-host explain`
//! ```
//!
//! The agent creates the directories. On a node without an agent nothing is written.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::timings::Timings;
use crate::agent_api::protocol::NetworkTime;
use crate::cni::{Call, CniArgs, CniError, without_secrets};
use crate::pod::Identity;
use crate::record::{Pod, Store};
use crate::text::{json_size, start};

/// The most refused pods that are kept in each directory; the oldest go first.
const LIMIT: usize = 256;
/// How many bytes of a decision are kept: those of ordinary selectors.
const DECISION_LIMIT: usize = 64 << 10;
/// How many bytes of an error are kept: more than an event can show.
const TEXT_LIMIT: usize = 4 << 10;
/// How many characters of a pod's name are in a file's name, which has room for 255 bytes.
const STEM_LIMIT: usize = 200;

/// A pod that did not get its networks.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
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
    /// The container's id.
    #[serde(default)]
    pub container: String,
    /// What was decided, in the form of an attachment record's; none if the call did not come that
    /// far, or the decision is large.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decision: Option<Value>,
    /// The networks whose plugins ran.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub networks: Vec<NetworkTime>,
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
    RefusedPod { pod, code: PROBLEM, message, details, time: crate::time::now(), ..RefusedPod::default() }
}

/// Leaves a failed ADD to the agent. A failure to do so is only logged: the call's answer is the
/// ADD's error.
pub fn refused(call: &Call, state_dir: &Path, error: &CniError, timings: &Timings) {
    let (decision, networks) = timings.take_refused();
    let decision = decision.filter(|decision| json_size(decision) <= DECISION_LIMIT);
    // It is kept when the pod is gone.
    leave(call, state_dir, error, decision.map(|decision| without_secrets(&decision)), networks);
}

/// Leaves to the agent what a pod's owner should know although the pod starts.
pub fn noticed(call: &Call, state_dir: &Path, message: &str) {
    leave(call, state_dir, &CniError::new(NOTICE, message), None, Vec::new());
}

fn leave(call: &Call, state_dir: &Path, error: &CniError, decision: Option<Value>, networks: Vec<NetworkTime>) {
    let Some(pod) = Identity::from_args(&CniArgs::new(&call.args)).recorded() else { return };
    let refusal = RefusedPod {
        pod,
        code: error.code,
        message: start(&error.msg, TEXT_LIMIT).to_owned(),
        details: start(&error.details, TEXT_LIMIT).to_owned(),
        time: crate::time::now(),
        container: call.container.clone(),
        decision,
        networks,
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
    told: PathBuf,
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
        Self { state_dir: state_dir.into(), directory: state_dir.join("spool"), told: state_dir.join("refused") }
    }

    /// Creates the directories, for root alone. From then on the plugin writes into the spool.
    ///
    /// # Errors
    /// A directory cannot be created.
    pub fn create(&self) -> io::Result<()> {
        [&self.directory, &self.told]
            .into_iter()
            .try_for_each(|dir| DirBuilder::new().recursive(true).mode(0o700).create(dir))
    }

    /// Writes a pod's refusal in place of its earlier one. It is of an ADD of `container`, whose
    /// next call removes what a kill leaves half-written.
    ///
    /// # Errors
    /// The refusal cannot be written. A missing directory is no error.
    pub fn write(&self, container: &str, refusal: &RefusedPod) -> io::Result<()> {
        let Ok(files) = files(&self.directory) else { return Ok(()) };
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
        for path in files(&self.directory)? {
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

    /// Puts a refusal of which the agent has made what it can to those that only `genie-host
    /// explain` reads, unless a newer one is in its place.
    pub fn done(&self, taken: &Taken) {
        if !fs::metadata(&taken.path).is_ok_and(|metadata| metadata.ino() == taken.inode) {
            return;
        }
        _ = files(&self.told).map(|files| make_room(&files));
        let kept = taken.path.file_name().map(|name| fs::rename(&taken.path, self.told.join(name)));
        if !matches!(kept, Some(Ok(()))) {
            _ = fs::remove_file(&taken.path);
        }
    }

    /// All refusals that are still on the disk, whether the agent has taken them or not, the oldest
    /// first. Nothing is removed.
    pub fn kept(&self) -> Vec<RefusedPod> {
        let paths = [&self.told, &self.directory].into_iter().flat_map(|dir| files(dir).unwrap_or_default());
        let mut all: Vec<RefusedPod> =
            paths.filter_map(|path| serde_json::from_slice(&fs::read(path).ok()?).ok()).collect();
        all.sort_by_key(|refusal| refusal.time);
        all
    }
}

fn files(directory: &Path) -> io::Result<Vec<PathBuf>> {
    fs::read_dir(directory)?.map(|entry| entry.map(|entry| entry.path())).collect()
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
