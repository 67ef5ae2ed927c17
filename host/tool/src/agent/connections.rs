//! Connections: anybody may open as many as they like, so their number is bounded.

#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::future::Future;

use tokio::task::{AbortHandle, yield_now};

/// The connections that are being served. There is always room for one more: when there are too
/// many, the oldest one is closed, so that waiting connections keep no others out.
pub struct Connections {
    most: usize,
    open: VecDeque<AbortHandle>,
}

impl Connections {
    /// Makes an empty set, which holds at most `most` connections.
    pub fn at_most(most: usize) -> Self {
        Self { most, open: VecDeque::new() }
    }

    /// Serves one more connection. When this function returns, the connection has had its first
    /// turn: a client that has already sent its request is answered, however many come next.
    pub async fn add(&mut self, connection: impl Future<Output = ()> + Send + 'static) {
        self.open.retain(|open| !open.is_finished());
        if self.open.len() >= self.most
            && let Some(oldest) = self.open.pop_front()
        {
            oldest.abort();
        }
        self.open.push_back(tokio::spawn(connection).abort_handle());
        yield_now().await;
    }
}
