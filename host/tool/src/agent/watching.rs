//! What the agent's own watches have in common: how long they are open, and when one is dead.
//!
//! A cluster has as many agents as nodes, and they begin at the same time. So nothing that an agent
//! does again comes after a time that all agents have.

use std::hash::{BuildHasher as _, RandomState};
use std::time::Duration;

/// How long the server keeps a watch open at least and at most, in seconds. Agents that began at
/// the same time come back at different ones.
pub const OPEN: (u64, u64) = (200, 290);
/// How long a watch may say nothing. The server sends a bookmark every minute, so a connection that
/// says nothing for longer is dead.
pub const SILENCE: Duration = Duration::from_secs(150);
/// How long opening may take, and a list. The server lets requests wait when it has many.
pub const OPENING: Duration = Duration::from_mins(1);
/// A watch that ends sooner has failed.
pub const SHORT: Duration = Duration::from_secs(30);

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
