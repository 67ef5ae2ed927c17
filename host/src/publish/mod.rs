//! What a pod's owner sees of a call: annotations on the pod, events about it.
//!
//! The plugin only leaves both on disk, and the agent brings them to the API
//! server: finished attachment records hold the annotations, the [`spool`] holds
//! refusals. So neither a dead agent nor a dead API server fails a call or loses
//! what it said.

#[cfg(feature = "tool")]
pub mod annotations;
#[cfg(feature = "tool")]
pub mod events;
pub mod key;
pub mod spool;

#[cfg(feature = "tool")]
use std::time::Duration;

#[cfg(feature = "tool")]
use crate::pod::{Identity, PodFacts};

/// Who writes to the API server.
#[cfg(feature = "tool")]
const WRITER: &str = "genie-host";

/// How long one request may take. What is not published is tried again anyway.
#[cfg(feature = "tool")]
const REQUEST_TIME: Duration = Duration::from_secs(15);

/// Knows the pods of this node, as the watch shows them.
#[cfg(feature = "tool")]
pub type Lookup<'a> = &'a (dyn Fn(&Identity) -> Option<PodFacts> + Send + Sync);
