//! `genie-host`: everything for people and nodes. The commands, the agent, the node's
//! installation, and the plugin's helper, which compiles selectors, runs those that import
//! WASI, and asks the API server.
//!
//! A call of the runtime is served by [`genie_core`]. A room (a module here) uses only those
//! that `docs/architecture.md` lists below it.

pub mod agent;
pub mod approve;
pub mod command;
pub mod install;
pub mod kubernetes;
pub mod log;
pub mod publish;
pub mod selector;
