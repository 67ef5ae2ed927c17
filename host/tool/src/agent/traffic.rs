//! What the node's interfaces receive and send in a second. The agent runs in the node's network namespace.
//! It reads the counters of all interfaces on a fixed period, and forgets what is older than a minute.

mod counters;
mod window;

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::task::spawn_blocking;
use tokio::time::{MissedTickBehavior, interval};

use genie_core::agent_api::protocol::Answer;
use window::{Bytes, Window};

/// How often counters are read, unless the agent is told otherwise.
pub const EVERY: Duration = Duration::from_secs(10);
/// After so many periods without a reading the last ones tell nothing of now.
const STALE: u32 = 3;

/// The traffic of the last minute.
#[derive(Debug)]
pub struct Traffic {
    every: Duration,
    window: Mutex<Window>,
}

impl Traffic {
    /// Knows nothing yet. `every` is the period of [`watch`](Self::watch).
    pub fn new(every: Duration) -> Self {
        Self { every, window: Mutex::default() }
    }

    /// Reads the counters for ever.
    pub async fn watch(&self) {
        let mut ticks = interval(self.every);
        // A reading that comes late makes a longer step, and the next one shall not be a short one.
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            ticks.tick().await;
            // With thousands of interfaces a reading takes longer than a plugin waits for an answer.
            let read = spawn_blocking(|| (counters::read(), Instant::now())).await;
            match read {
                Ok((Ok(text), now)) => self.window().add(now, counters::parse(&text)),
                Ok((Err(error), _)) => {
                    tracing::warn!(%error, "the counters of the node's interfaces cannot be read; trying again");
                }
                Err(error) => tracing::warn!(%error, "reading the counters of the node's interfaces ended early"),
            }
        }
    }

    /// What all interfaces whose names start with `prefix` receive and send, for a plugin that asks at `now`.
    pub fn answer(&self, prefix: &str, now: Instant) -> Answer {
        match self.rate(prefix, now) {
            Ok(Bytes { received, sent }) => Answer::TrafficRate { rx_bytes: received, tx_bytes: sent },
            Err(why) => Answer::Error(why),
        }
    }

    fn rate(&self, prefix: &str, now: Instant) -> Result<Bytes, String> {
        let window = self.window();
        let newest = window.newest().ok_or("it has not read the counters of the node's interfaces yet")?;
        let age = now.saturating_duration_since(newest);
        if age > self.every * STALE {
            return Err(format!("it could not read the counters of the node's interfaces for {} s", age.as_secs()));
        }
        let soon = || format!("it has read the counters of the node's interfaces only once, {} s ago", age.as_secs());
        window.rate(prefix).ok_or_else(soon)
    }

    fn window(&self) -> MutexGuard<'_, Window> {
        self.window.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests;
