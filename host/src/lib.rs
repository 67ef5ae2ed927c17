//! `genie-host`: a CNI meta plugin. Sandboxed WebAssembly selectors decide which
//! networks a pod gets; the host attaches them as libcni would.
//!
//! `docs/architecture.md` says which module does what, and what is deliberately
//! absent.

pub mod agent;
pub mod call;
pub mod cni;
#[cfg(feature = "tool")]
pub mod command;
pub mod config;
pub mod delegate;
#[cfg(feature = "tool")]
pub mod install;
pub mod kubernetes;
pub mod log;
pub mod network;
pub mod node;
pub mod object;
pub mod plain;
pub mod pod;
pub mod process;
pub mod publish;
pub mod record;
pub mod routes;
pub mod selector;
