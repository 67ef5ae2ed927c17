//! `genie-host`: everything for people and nodes. These are the commands, the agent, the node's
//! installation, and the plugin's helper, which compiles selectors, runs those that import WASI,
//! and asks the API server.
//!
//! [`genie_core`] serves a call of the runtime. A room (a module here) uses only the rooms that
//! `docs/architecture.md` lists below it.

pub mod adopt;
pub mod agent;
pub mod approve;
pub mod command;
pub mod install;
pub mod kubernetes;
pub mod log;
pub mod project;
pub mod publish;
pub mod registry;
pub mod script;
pub mod selector;
pub mod show;
pub mod suite;
pub mod trial;
