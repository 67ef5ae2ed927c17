//! The API server as a source of facts. The plugin holds no TLS and no runtime:
//! it asks through a short-lived `genie-host ask-api` ([`ask`]), which has both.

mod access;
mod ask;
#[cfg(feature = "tool")]
mod client;
#[cfg(feature = "tool")]
mod kubeconfig;
#[cfg(feature = "tool")]
mod read;
#[cfg(feature = "tool")]
mod serve;
#[cfg(test)]
mod tests;

pub use access::{Access, Secret};
pub use ask::ask;
#[cfg(feature = "tool")]
pub use client::{connect, in_cluster};
#[cfg(feature = "tool")]
pub use read::{STATIC_UID, facts, object, pod, readable};
#[cfg(feature = "tool")]
pub use serve::serve;
