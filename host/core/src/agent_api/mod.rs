//! What the plugin and the node's agent say to each other ([`protocol`]), and the plugin's
//! side of it ([`client`]).

pub mod client;
pub mod protocol;

/// Where the agent listens, unless the configuration's `agent` says otherwise.
pub const SOCKET: &str = "/run/genie/agent.sock";
