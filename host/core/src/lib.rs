//! A call of the container runtime, from its parts to the answer: selectors choose the pod's
//! networks, the networks' plugins attach them, and the result is merged and recorded.
//!
//! Both programs are made of this crate: the plugin `genie`, and `genie-host`, which adds the
//! compiler, WASI and a client of the API server. Where the two differ, each hands in its own way
//! as a [`selector::module::Program`].
//!
//! A room (a module here) uses only rooms that `docs/architecture.md` lists below it.

pub mod agent_api;
pub mod call;
pub mod cni;
pub mod config;
pub mod delegate;
pub mod device_info;
pub mod digest;
pub mod lock;
pub mod log;
pub mod network;
pub mod node;
pub mod object;
pub mod plain;
pub mod pod;
pub mod process;
pub mod record;
pub mod report;
pub mod routes;
pub mod selector;
pub mod sources;
pub mod text;
pub mod time;
pub mod trust;
