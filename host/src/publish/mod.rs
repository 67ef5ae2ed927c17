//! What a pod's owner sees of a call: annotations on the pod, events about it.
//!
//! The plugin only leaves both on disk, and the agent brings them to the API
//! server: finished attachment records hold the annotations, the [`spool`] holds
//! refusals. So neither a dead agent nor a dead API server fails a call or loses
//! what it said.

pub mod key;
pub mod spool;
