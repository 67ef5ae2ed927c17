//! What a pod's owner sees of a call: annotations on the pod, events about it.
//!
//! The plugin only leaves both on disk: finished attachment records hold the annotations, the spool
//! ([`genie_core::report::spool`]) holds refusals. The agent brings them to the API server. So a
//! dead agent or a dead API server fails no call, and nothing is lost.

pub mod annotations;
pub mod events;
pub(crate) mod retry;

use std::time::Duration;

use genie_core::pod::{Annotations, Identity};

/// The name under which we write to the API server.
const WRITER: &str = "genie-host";

/// How long one request may take. What is not published is tried again anyway.
const REQUEST_TIME: Duration = Duration::from_secs(15);

/// What a round did for one kind: annotations or events.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Round {
    /// How many were patched or written.
    pub published: usize,
    /// How many were given up: the API server never accepts them.
    pub dropped: usize,
    /// How many are still to be published.
    pub waiting: usize,
    /// How many of those that wait the API server has refused; they are tried again later.
    pub refused: usize,
    /// The first failure, for the log.
    pub failure: Option<String>,
    /// Whether the API server did not answer. Nothing further was sent then.
    pub silent: bool,
}

/// A pod as the watch shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Shown {
    /// Who the pod is for the API server.
    pub identity: Identity,
    /// The pod's annotations. There are none when they are too large to be kept.
    pub annotations: Option<Annotations>,
}

/// Finds a pod of this node.
pub type FindPod<'a> = &'a (dyn Fn(&Identity) -> Option<Shown> + Send + Sync);
