//! What a node has written down about its pods, for `explain` and `replay`.

use std::path::{Path, PathBuf};

use serde_json::Value;

use genie_core::cni::CniError;
use genie_core::record::{Listed, Record, Store};
use genie_core::report::spool::{RefusedPod, Spool};

/// One ADD of a pod: it is attached, or was refused.
pub enum Account {
    /// The pod's attachments.
    Attached(Box<Record>),
    /// The pod was refused, or got less than it asked for.
    Refused(Box<RefusedPod>),
}

impl Account {
    /// The pod as `NAMESPACE/NAME`, or the container's id where no pod is known.
    pub fn subject(&self) -> String {
        let pod = match self {
            Self::Attached(record) => record.header.pod.as_ref(),
            Self::Refused(refused) => Some(&refused.pod),
        };
        match pod {
            Some(pod) => format!("{}/{}", pod.namespace, pod.name),
            None => format!("container {}", self.container()),
        }
    }

    /// The container's id.
    pub fn container(&self) -> &str {
        match self {
            Self::Attached(record) => &record.header.container,
            Self::Refused(refused) => &refused.container,
        }
    }

    /// When it was, in seconds since 1970.
    pub fn time(&self) -> u64 {
        match self {
            Self::Attached(record) => record.header.created,
            Self::Refused(refused) => refused.time,
        }
    }

    /// What was decided; none if the call did not come that far.
    pub fn decision(&self) -> Option<&Value> {
        match self {
            Self::Attached(record) => Some(&record.header.decision),
            Self::Refused(refused) => refused.decision.as_ref(),
        }
    }
}

/// A record of which nobody knows what it holds.
pub struct DamagedRecord {
    path: PathBuf,
    /// What is wrong with it.
    pub error: CniError,
}

impl DamagedRecord {
    /// The name of its file.
    pub fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// The container's id, as the file's name says.
    pub fn container(&self) -> String {
        let name = self.name();
        name.split_once('@').map_or(name.as_str(), |(container, _)| container).to_owned()
    }
}

/// Everything that a node has written down, to be read one by one: it may have more records than
/// belong into memory.
pub struct Accounts {
    store: Store,
    records: Vec<PathBuf>,
    refused: Vec<RefusedPod>,
}

impl Accounts {
    /// Looks for what there is in a state directory.
    ///
    /// # Errors
    /// The directory of the records cannot be read.
    pub fn of(state_dir: &Path) -> Result<Self, CniError> {
        let store = Store::read_only(state_dir)?;
        Ok(Self { records: store.files()?, store, refused: Spool::of(state_dir).kept() })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.records.len() + self.refused.len()
    }

    /// Reads one of them. The result is none for one that is gone by now.
    pub fn read(&self, index: usize) -> Option<Result<Account, DamagedRecord>> {
        let Some(path) = self.records.get(index) else {
            let refused = self.refused.get(index - self.records.len());
            return refused.map(|refused| Ok(Account::Refused(Box::new(refused.clone()))));
        };
        Some(match self.store.read(path.clone())? {
            Listed::Record(record) => Ok(Account::Attached(record)),
            Listed::Damaged { path, error } => Err(DamagedRecord { path, error }),
        })
    }
}
