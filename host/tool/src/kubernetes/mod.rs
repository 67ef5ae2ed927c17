//! The client of the API server, and the child that asks the API server for the plugin: the plugin
//! holds no TLS and no async runtime ([`genie_core::sources::ask`]).

mod ask_api;
mod client;
mod kubeconfig;
mod read;
#[cfg(test)]
mod tests;

pub use ask_api::ask_api;
pub use client::{connect, in_cluster};
pub use read::{STATIC_UID, Untold, definitions, facts, object, pod, readable};
