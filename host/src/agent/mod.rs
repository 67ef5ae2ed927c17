//! The agent: the node's daemon. It makes calls faster, publishes what they did
//! and keeps the node clean; no call needs it.
//!
//! The plugin's side is here too: [`protocol`] is what both speak.

pub mod client;
pub mod protocol;
#[cfg(feature = "tool")]
pub mod publish;
#[cfg(feature = "tool")]
pub mod reconcile;

use std::path::Path;

/// Where the agent listens, unless the configuration's `agent` says otherwise.
pub const SOCKET: &str = "/run/genie/agent.sock";

/// The socket as a path.
pub fn default_socket() -> &'static Path {
    Path::new(SOCKET)
}
