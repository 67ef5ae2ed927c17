//! The agent: the node's daemon. It makes calls faster, publishes what they did
//! and keeps the node clean; no call needs it.
//!
//! What plugin and agent say to each other is [`genie_core::agent_api`].

mod child;
mod connections;
mod context;
mod daemon_set;
pub mod definitions;
mod files;
mod gone;
mod http;
pub mod installation;
mod metrics;
mod networks;
mod pods;
pub mod publish;
pub mod pull;
pub mod reconcile;
mod reports;
mod run;
mod shadow;
mod socket;
#[cfg(test)]
mod tests;
pub mod traffic;
mod unrecorded;
mod watching;

pub use context::{Context, Options};
pub use run::{follow, run};
