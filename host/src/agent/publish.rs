//! The task that brings to the API server what calls left on disk.

use std::path::Path;
use std::time::Duration;

use tokio::sync::Notify;

use crate::cni::CniError;
use crate::publish::Lookup;
use crate::publish::annotations::{Publisher, Round};
use crate::publish::events::Events;
use crate::publish::spool::Spool;
use crate::record::Store;

/// How often is looked without being woken: after a wake-up that was lost, and when
/// the API server is back.
const EVERY: Duration = Duration::from_secs(10);

/// Annotations and events of this node.
pub struct Publication {
    store: Store,
    spool: Spool,
    publisher: Publisher,
    events: Events,
    /// The last round could not publish all.
    failing: bool,
}

/// What a round did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Pods whose annotations were patched, and records that wait for that.
    pub annotations: Round,
    /// Refusals that became events.
    pub events: usize,
}

impl Publication {
    /// For the state directory as we reach it. From now on the plugin writes to the
    /// spool.
    ///
    /// # Errors
    /// The state directory cannot be used.
    pub fn new(state_dir: &Path, node: &str) -> Result<Self, CniError> {
        let store = Store::open(state_dir)?;
        let spool = Spool::of(state_dir);
        spool.create().map_err(|error| {
            let message = format!("cannot create the spool in {}: {error}", state_dir.display());
            CniError::new(crate::cni::code::IO, message)
        })?;
        Ok(Self { store, spool, publisher: Publisher::default(), events: Events::new(node), failing: false })
    }

    /// Publishes for ever: now, whenever `wake` says so, and now and then. Each round
    /// is told to `done`.
    pub async fn run(&mut self, lookup: Lookup<'_>, client: &kube::Client, wake: &Notify, done: impl Fn(&Published)) {
        loop {
            done(&self.round(lookup, client).await);
            // Woken or not: the records say what is to be done.
            _ = tokio::time::timeout(EVERY, wake.notified()).await;
        }
    }

    /// Publishes what is there. What fails is only logged: it comes again.
    pub async fn round(&mut self, lookup: Lookup<'_>, client: &kube::Client) -> Published {
        let mut failures = Vec::new();
        let events = self.events.deliver(&self.spool, lookup, client).await.unwrap_or_else(|failure| {
            failures.push(failure);
            0
        });
        let annotations = self.publisher.round(&self.store, lookup, client).await.unwrap_or_else(|error| {
            failures.push(error.to_string());
            Round::default()
        });
        failures.extend(annotations.failure.clone());
        self.log(&failures.join("; "));
        Published { annotations, events }
    }

    /// A failure that lasts is one message, and so is its end.
    fn log(&mut self, why: &str) {
        let fails = !why.is_empty();
        match (std::mem::replace(&mut self.failing, fails), fails) {
            (false, true) => tracing::warn!(why, "annotations and events cannot be published; trying again"),
            (true, true) => tracing::debug!(why, "annotations and events still cannot be published"),
            (true, false) => tracing::info!("annotations and events are published again"),
            (false, false) => {}
        }
    }
}
