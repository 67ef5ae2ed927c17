//! What a node has written down about its pods, for `explain` and `replay`.

use std::path::Path;

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

/// Everything that the node has written down, one by one: a node may have more records than belong
/// into memory.
///
/// # Errors
/// The records cannot be read; each item may fail with that, too.
pub fn each(state_dir: &Path) -> Result<Box<dyn Iterator<Item = Result<Account>>>> {
    // Opening a store creates it, and looking must not create anything.
    if !state_dir.exists() {
        return Ok(Box::new(std::iter::empty()));
    }
    let store = Store::open(state_dir)?;
    let records = store.files()?.into_iter().filter_map(move |path| match store.read(path) {
        Ok(Some(Listed::Record(record))) => Some(Ok(Account::Attached(record))),
        // Nobody knows what a damaged record holds; `records` and `doctor` tell of it.
        Ok(Some(Listed::Damaged { .. }) | None) => None,
        Err(error) => Some(Err(error.into())),
    });
    let refused = Spool::of(state_dir).kept().into_iter().map(|refused| Ok(Account::Refused(Box::new(refused))));
    Ok(Box::new(records.chain(refused)))
}
