//! The task that publishes at the API server what calls left on disk.

use std::path::Path;
use std::time::{Duration, Instant};

use tokio::sync::Notify;

use crate::publish::FindPod;
use crate::publish::Round;
use crate::publish::annotations::Publisher;
use crate::publish::events::Events;
use crate::publish::retry::{NotPublished, Retry};
use genie_core::cni::CniError;
use genie_core::record::Store;
use genie_core::report::spool::Spool;

/// The longest time between two rounds. It covers a wake-up that was lost, and an API server that
/// is back.
const EVERY: Duration = Duration::from_secs(10);

/// Publishes the annotations and events of this node.
pub struct Publication {
    store: Store,
    spool: Spool,
    publisher: Publisher,
    events: Events,
    /// When to try again after the API server did not answer. Nothing is sent before.
    silence: Option<Retry>,
    /// Whether something could not be published, and is still to be.
    failing: bool,
}

/// What a round did.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Published {
    /// Annotations of pods.
    pub annotations: Round,
    /// Refusals that became events.
    pub events: Round,
}

impl Publication {
    /// Makes the task for a state directory, and the spool in it. From now on the plugin writes to
    /// the spool. `state_dir` is the path as the agent sees it.
    ///
    /// # Errors
    /// The state directory cannot be used.
    pub fn new(state_dir: &Path, node: &str) -> Result<Self, CniError> {
        let store = Store::open(state_dir)?;
        let spool = Spool::of(state_dir);
        spool.create().map_err(|error| {
            let message = format!("cannot create the spool in {}: {error}", state_dir.display());
            CniError::new(genie_core::cni::code::IO, message)
        })?;
        let (publisher, events) = (Publisher::default(), Events::new(node));
        Ok(Self { store, spool, publisher, events, silence: None, failing: false })
    }

    /// Publishes for ever: at once, whenever `wake` is notified, and every ten seconds. `done` is
    /// called after each round.
    pub async fn run(&mut self, lookup: FindPod<'_>, client: &kube::Client, wake: &Notify, done: impl Fn(&Published)) {
        loop {
            done(&self.round(lookup, client).await);
            // Woken or not, the next round finds in the records what is to be done.
            _ = tokio::time::timeout(EVERY, wake.notified()).await;
        }
    }

    /// Publishes what is due. Failures are only logged: what failed is tried again in a later
    /// round.
    pub async fn round(&mut self, lookup: FindPod<'_>, client: &kube::Client) -> Published {
        let may_send = self.silence.is_none_or(|silence| silence.is_due(Instant::now()));
        let client = may_send.then_some(client);
        let failed = |why: String| Round { failure: Some(why), ..Round::default() };
        let annotations = self.publisher.round(&self.store, lookup, client).await;
        let annotations = annotations.unwrap_or_else(|error| failed(error.to_string()));
        let events = self.events.round(&self.spool, lookup, client.filter(|_| !annotations.silent)).await;
        let round = Published { annotations, events: events.unwrap_or_else(failed) };
        if may_send {
            self.note_silence(&round);
        }
        self.log(&round);
        round
    }

    fn note_silence(&mut self, round: &Published) {
        let silent = round.annotations.silent || round.events.silent;
        self.silence = silent.then(|| Retry::after(&NotPublished::Silent(String::new()), self.silence, Instant::now()));
    }

    /// Logs once when publication begins to fail, and once when it works again.
    fn log(&mut self, round: &Published) {
        let kinds = [&round.annotations, &round.events];
        let why: Vec<_> = kinds.iter().filter_map(|kind| kind.failure.as_deref()).collect();
        let why = why.join("; ");
        let fails = !why.is_empty() || self.silence.is_some() || kinds.iter().any(|kind| kind.refused > 0);
        match (std::mem::replace(&mut self.failing, fails), fails) {
            (false, true) => tracing::warn!(why, "annotations and events cannot be published; trying again"),
            (true, true) if !why.is_empty() => {
                tracing::debug!(why, "annotations and events still cannot be published");
            }
            (true, false) => tracing::info!("annotations and events are published again"),
            (true, true) | (false, false) => {}
        }
    }
}
