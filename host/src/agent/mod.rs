//! The agent: the node's daemon. It makes calls faster, publishes what they did
//! and keeps the node clean; no call needs it.
//!
//! The plugin's side is here too: [`protocol`] is what both speak, [`client`] how
//! the plugin does.

pub mod client;
#[cfg(feature = "tool")]
mod connections;
#[cfg(feature = "tool")]
mod context;
#[cfg(feature = "tool")]
mod daemon_set;
#[cfg(feature = "tool")]
mod files;
#[cfg(feature = "tool")]
mod http;
#[cfg(feature = "tool")]
pub mod installation;
#[cfg(feature = "tool")]
mod metrics;
#[cfg(feature = "tool")]
mod networks;
#[cfg(feature = "tool")]
mod pods;
pub mod protocol;
#[cfg(feature = "tool")]
pub mod publish;
#[cfg(feature = "tool")]
pub mod reconcile;
#[cfg(feature = "tool")]
mod run;
#[cfg(feature = "tool")]
mod serve;
#[cfg(all(test, feature = "tool"))]
mod tests;
#[cfg(feature = "tool")]
mod unrecorded;

#[cfg(feature = "tool")]
pub use context::{Context, Options};
#[cfg(feature = "tool")]
pub use run::run;

/// Where the agent listens, unless the configuration's `agent` says otherwise.
pub const SOCKET: &str = "/run/genie/agent.sock";
