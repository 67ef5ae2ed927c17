use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::*;

/// Counts up when it is dropped.
struct Closed(Arc<AtomicUsize>);

impl Drop for Closed {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn the_oldest_makes_room_and_who_has_ended_takes_none() {
    let (closed, ended) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut connections = Connections::at_most(2);
    for _ in 0..2 {
        let idle = Closed(Arc::clone(&closed));
        connections
            .add(async move {
                drop(pending::<Closed>().await);
                drop(idle);
            })
            .await;
        for _ in 0..10 {
            let quick = Closed(Arc::clone(&ended));
            connections.add(async move { drop(quick) }).await;
        }
    }
    assert_eq!(ended.load(Ordering::Relaxed), 20, "each was served at once");
    // A quick connection may have taken the place of the first idle one.
    assert!(closed.load(Ordering::Relaxed) <= 1);
    for _ in 0..5 {
        connections.add(pending()).await;
        assert!(connections.open.len() <= 2);
    }
    yield_now().await;
    assert_eq!(closed.load(Ordering::Relaxed), 2);
}
