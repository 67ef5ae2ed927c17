//! What a pod's owner sees of a call: annotations on the pod, events about it.
//!
//! The plugin only leaves both on disk, and the agent brings them to the API
//! server: finished attachment records hold the annotations, the spool ([`genie_core::report::spool`]) holds
//! refusals. So neither a dead agent nor a dead API server fails a call or loses
//! what it said.

pub mod annotations;
pub mod events;
pub(crate) mod retry;

use std::time::Duration;

use genie_core::pod::{Annotations, Identity};

/// Who writes to the API server.
const WRITER: &str = "genie-host";

/// How long one request may take. What is not published is tried again anyway.
const REQUEST_TIME: Duration = Duration::from_secs(15);

/// What a round did of one kind: annotations, or events.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// Patched or written.
    pub published: usize,
    /// Given up: the API server never accepts it.
    pub dropped: usize,
    /// Still to be published.
    pub waiting: usize,
    /// Of those, what the API server has refused, and is asked for again later.
    pub refused: usize,
    /// The first failure, for the log.
    pub failure: Option<String>,
    /// Nobody answers: nothing further was sent.
    pub silent: bool,
}

/// A pod as the watch shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who it is for the API server.
    pub identity: Identity,
    /// Its annotations; none when they are too large to be kept.
    pub annotations: Option<Annotations>,
}

/// Knows the pods of this node.
pub type FindPod<'a> = &'a (dyn Fn(&Identity) -> Option<Shown> + Send + Sync);
