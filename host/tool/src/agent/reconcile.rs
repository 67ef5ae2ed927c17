//! Records whose container is gone: the node was rebooted, or the runtime was reset or lost a DEL.
//! Their attachments are taken away as DEL would have done it.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use rustix::fs::{Mode, OFlags, ResolveFlags, openat2};
use rustix::io::Errno;
use tokio::process::Command;

use super::child;
use crate::install::on_host;
use genie_core::cni::CniError;
use genie_core::record::{Header, Listed, MODERATE, Store, boot_id, is_earlier};

/// How often records are compared with what exists.
const EVERY: Duration = Duration::from_secs(30);
/// How old a record must be, in seconds, before its container's absence counts: the container may
/// not be there yet.
const GRACE: u64 = 60;
/// How long it may take to take one record away. The child's own deadline is shorter.
const COLLECT_TIME: Duration = Duration::from_secs(90);
/// Where delegates find `iptables` and its like.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Compares records with the containers that exist.
pub struct Reconciler {
    root: PathBuf,
    state_dir: PathBuf,
    program: PathBuf,
    boot_id: String,
    seen: BTreeMap<PathBuf, Seen>,
}

/// A record of the last round.
struct Seen {
    inode: u64,
    /// None when the record is too large to be read.
    container: Option<Container>,
    /// Whether its container was gone in that round.
    suspect: bool,
}

/// What a record says of its container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Container {
    /// The container's id.
    pub id: String,
    /// The interface that the runtime named.
    pub interface: String,
    /// The path of its network namespace.
    pub netns: PathBuf,
    boot_id: String,
    created: u64,
}

impl Reconciler {
    /// Makes the task for the host whose file system is at `root`. `state_dir` is a path of the
    /// host. `program` is a path by which this program can be started.
    pub fn new(root: &Path, state_dir: &Path, program: &Path) -> Self {
        Self {
            root: root.into(),
            state_dir: state_dir.into(),
            program: program.into(),
            boot_id: boot_id(),
            seen: BTreeMap::new(),
        }
    }

    /// Compares for ever: at once and every half minute. `done` is called after each round with the
    /// number of containers whose attachments were taken away.
    pub async fn run(&mut self, done: impl Fn(usize)) {
        loop {
            match self.round(SystemTime::now()).await {
                Ok(collected) => done(collected),
                Err(error) => tracing::warn!(%error, "records cannot be compared with what exists; trying again"),
            }
            tokio::time::sleep(EVERY).await;
        }
    }

    /// Takes away the attachments of containers that are gone, and returns the number of these
    /// containers. Those that could not be taken away are tried again in the next round.
    ///
    /// # Errors
    /// The records cannot be read.
    pub async fn round(&mut self, now: SystemTime) -> Result<usize, CniError> {
        let now = genie_core::time::seconds(now);
        let mut collected = 0;
        for container in self.gone(now)? {
            let (id, interface) = (&container.id, &container.interface);
            match self.collect(&container).await {
                Ok(()) => {
                    collected += 1;
                    tracing::info!(container = id, interface, "the container is gone: its attachments were taken away");
                }
                Err(why) => {
                    tracing::warn!(
                        container = id,
                        interface,
                        why,
                        "the container is gone, but its attachments cannot be taken away; trying again"
                    );
                }
            }
        }
        Ok(collected)
    }

    /// The containers that are certainly gone.
    fn gone(&mut self, now: u64) -> Result<Vec<Container>, CniError> {
        let store = Store::open(&on_host(&self.root, &self.state_dir))?;
        let mut seen = BTreeMap::new();
        let mut gone = Vec::new();
        for path in store.files()? {
            let Ok(metadata) = fs::metadata(&path) else { continue };
            let known = self.seen.remove(&path).filter(|known| known.inode == metadata.ino());
            let mut current = match known {
                Some(known) => known,
                None if metadata.len() > MODERATE => {
                    tracing::warn!(
                        record = %path.display(),
                        bytes = metadata.len(),
                        "a record is too large to be read: whether its container is gone is not looked at; \
                         the runtime's DEL and GC take it away"
                    );
                    Seen { inode: metadata.ino(), container: None, suspect: false }
                }
                None => match store.read(path.clone()) {
                    Some(Listed::Record(record)) => {
                        let container = Some(Container::of(&record.header));
                        Seen { inode: metadata.ino(), container, suspect: false }
                    }
                    // Nobody knows what a damaged record holds. The runtime's DEL reports it.
                    Some(Listed::Damaged { .. }) | None => continue,
                },
            };
            if self.is_gone(&mut current, now) {
                gone.extend(current.container.clone());
            }
            seen.insert(path, current);
        }
        self.seen = seen;
        Ok(gone)
    }

    /// Whether the container is gone. A container of an earlier boot is gone. A container without a
    /// network namespace is gone if it had none in the last round either: the runtime may be about
    /// to call DEL.
    fn is_gone(&self, seen: &mut Seen, now: u64) -> bool {
        let Some(container) = &seen.container else { return false };
        if is_earlier(&container.boot_id, &self.boot_id) {
            return true;
        }
        let suspect = container.created + GRACE <= now && is_netns_missing(&self.root, &container.netns);
        std::mem::replace(&mut seen.suspect, suspect) && suspect
    }

    /// Takes one container's attachments away, in a child. The child makes the host's file system
    /// its own root, since the delegates and what they need are there. Under the container's lock
    /// it checks once more that the container is gone.
    async fn collect(&self, container: &Container) -> Result<(), String> {
        let mut command = Command::new(&self.program);
        command
            .arg("collect")
            .args([OsStr::new("--root"), self.root.as_os_str(), OsStr::new("--state-dir"), self.state_dir.as_os_str()])
            .args(["--", &container.id, &container.interface])
            .env_clear()
            .env("PATH", PATH);
        child::output(&mut command, COLLECT_TIME).await.map(drop)
    }
}

impl Container {
    fn of(header: &Header) -> Self {
        Self {
            id: header.container.clone(),
            interface: header.interface.clone(),
            netns: PathBuf::from(&header.netns),
            boot_id: header.boot_id.clone(),
            created: header.created,
        }
    }
}

/// Whether the network namespace is missing. If the whole directory of namespaces or of processes
/// is missing, our view of the host is incomplete, and the answer is no.
fn is_netns_missing(root: &Path, netns: &Path) -> bool {
    let dir = if netns.starts_with("/proc") { Some(Path::new("/proc/self")) } else { netns.parent() };
    dir.is_some_and(|dir| !is_missing(root, dir)) && is_missing(root, netns)
}

/// Whether nothing is at this path of the host. Links are followed inside of the host: `/var/run`
/// leads to the host's `/run`, not to ours. What cannot be looked at counts as present.
fn is_missing(root: &Path, path: &Path) -> bool {
    if path.as_os_str().is_empty() {
        return false;
    }
    let flags = OFlags::PATH | OFlags::CLOEXEC;
    let found = rustix::fs::open(root, flags | OFlags::DIRECTORY, Mode::empty())
        .and_then(|root| openat2(root, path, flags, Mode::empty(), ResolveFlags::IN_ROOT));
    matches!(found, Err(Errno::NOENT | Errno::NOTDIR))
}
