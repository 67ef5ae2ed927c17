//! What a node has written down about its pods, for `explain` and `replay`.

use std::path::{Path, PathBuf};

use anyhow::Result;
use serde_json::Value;

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

/// Everything that a node has written down, to be read one by one: it may have more records than
/// belong into memory.
pub struct Accounts {
    store: Option<Store>,
    records: Vec<PathBuf>,
    refused: Vec<RefusedPod>,
}

impl Accounts {
    /// Looks for what there is in a state directory.
    ///
    /// # Errors
    /// The directory of the records cannot be read.
    pub fn of(state_dir: &Path) -> Result<Self> {
        // Opening a store creates it, and looking must not create anything.
        if !state_dir.exists() {
            return Ok(Self { store: None, records: Vec::new(), refused: Vec::new() });
        }
        let store = Store::open(state_dir)?;
        Ok(Self { records: store.files()?, store: Some(store), refused: Spool::of(state_dir).kept() })
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.records.len() + self.refused.len()
    }

    /// Reads one of them. The result is none for one that is gone by now, and for a damaged one:
    /// nobody knows what it holds, and `records` and `doctor` tell of it.
    ///
    /// # Errors
    /// A record cannot be read.
    pub fn read(&self, index: usize) -> Result<Option<Account>> {
        let Some(path) = self.records.get(index) else {
            let refused = self.refused.get(index - self.records.len());
            return Ok(refused.map(|refused| Account::Refused(Box::new(refused.clone()))));
        };
        let listed = self.store.as_ref().map(|store| store.read(path.clone())).transpose()?.flatten();
        Ok(match listed {
            Some(Listed::Record(record)) => Some(Account::Attached(record)),
            Some(Listed::Damaged { .. }) | None => None,
        })
    }
}
