//! What the agent's own watches have in common: how long they are open, when one is dead, and how its
//! events come.
//!
//! A cluster has as many agents as nodes, and they begin at the same time. So nothing that an agent
//! does again comes after a time that all agents have.

use std::hash::{BuildHasher as _, RandomState};
use std::time::{Duration, Instant};

use futures::{TryStream, TryStreamExt as _};
use kube::api::{WatchEvent, WatchParams};
use tokio::time::timeout;

/// How long the server keeps a watch open at least and at most, in seconds. Agents that began at
/// the same time come back at different ones.
pub const OPEN: (u64, u64) = (200, 290);
/// How long a watch may say nothing. The server sends a bookmark every minute, so a connection that
/// says nothing for longer is dead.
const SILENCE: Duration = Duration::from_secs(150);
/// How long opening may take, and a list. The server lets requests wait when it has many.
pub const OPENING: Duration = Duration::from_mins(1);
/// A watch that ends sooner has failed.
const SHORT: Duration = Duration::from_secs(30);

/// Why a watch ended before its time.
pub enum Broken {
    /// Nothing comes any more.
    Silent,
    /// It ended as soon as it was open.
    AtOnce,
    /// The API server refuses it, or the connection breaks.
    Error(kube::Error),
}

/// What a watch asks for, beside its objects: to be open for a while.
pub fn params() -> WatchParams {
    WatchParams { timeout: u32::try_from(between(OPEN).as_secs()).ok(), ..WatchParams::default() }
}

/// The next event of a watch that is open since `opened`. The result is none when the watch has come to
/// its end, as it has to from time to time.
///
/// # Errors
/// It ended before its time.
pub async fn next<K>(
    events: &mut (impl TryStream<Ok = WatchEvent<K>, Error = kube::Error> + Unpin),
    opened: Instant,
) -> Result<Option<WatchEvent<K>>, Broken> {
    match timeout(SILENCE, events.try_next()).await {
        Err(_) => Err(Broken::Silent),
        Ok(Err(error)) => Err(Broken::Error(error)),
        Ok(Ok(None)) if opened.elapsed() < SHORT => Err(Broken::AtOnce),
        Ok(Ok(event)) => Ok(event),
    }
}

/// A time between both, in seconds, another one each time.
pub fn between((least, most): (u64, u64)) -> Duration {
    Duration::from_secs(least + RandomState::new().hash_one(0) % (most - least))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn agents_that_began_at_the_same_time_do_not_come_back_at_the_same_time() {
        let times: BTreeSet<_> = (0..50).map(|_| between(OPEN)).collect();
        assert!(times.len() > 10);
        let (least, most) = (Duration::from_secs(OPEN.0), Duration::from_secs(OPEN.1));
        assert!(times.iter().all(|time| (least..most).contains(time)));
    }
}
