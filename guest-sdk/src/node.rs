//! Facts about this node. They need the grant `"node"`.
//!
//! Every function here fails with [`Refusal::Unavailable`] when the host cannot tell
//! the fact now.
//!
//! ```
//! use genie_selector::{Refusal, node, testing};
//!
//! /// Whether the node's bridges have carried less than a gigabyte.
//! fn is_quiet() -> Result<bool, Refusal> {
//!     Ok(node::traffic("cni")?.tx_bytes < 1_000_000_000)
//! }
//!
//! let host = testing::Host::new().traffic("cni0", 5_000, 7_000);
//! assert_eq!(host.run(is_quiet), Ok(true));
//! ```

use crate::Refusal;
use crate::imports::node as host;

#[doc(inline)]
pub use crate::types::{Counters, Rates};

/// The counters of all interfaces of the node whose names start with `prefix`,
/// added up.
///
/// The call does not return when no interface's name can start with `prefix`.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when the counters cannot be read now.
pub fn traffic(prefix: &str) -> Result<Counters, Refusal> {
    host::traffic(prefix)
        .map_err(|why| Refusal::unavailable(format!("traffic of the node's interfaces {prefix}*: {why}")))
}

/// What all interfaces of the node whose names start with `prefix` receive and send in
/// a second, added up: the mean over the last minute or so.
///
/// The node's agent counts it. Be ready for a node whose agent is away, or has just
/// started: [`traffic`] is there without it. Never compare the one with the other.
///
/// The call does not return when no interface's name can start with `prefix`.
///
/// ```
/// use genie_selector::{node, testing};
///
/// let host = testing::Host::new().traffic_rate("cni0", 500, 700);
/// assert_eq!(host.run(|| node::traffic_rate("cni").unwrap().rx_bytes), 500);
/// ```
///
/// # Errors
///
/// [`Refusal::Unavailable`] when the rates cannot be had now.
pub fn traffic_rate(prefix: &str) -> Result<Rates, Refusal> {
    host::traffic_rate(prefix)
        .map_err(|why| Refusal::unavailable(format!("the traffic's rate on the node's interfaces {prefix}*: {why}")))
}

/// A label of this node, or none if the node has no such label.
///
/// The call does not return when `key` cannot be the key of a label.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when the node's labels cannot be had now.
pub fn label(key: &str) -> Result<Option<String>, Refusal> {
    host::label(key).map_err(|why| Refusal::unavailable(format!("the node's label {key}: {why}")))
}

/// How many addresses are left for a network of the request, named by its `file`.
/// The answer is none where the network's address management does not tell.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when the number cannot be had now.
pub fn free_addresses(file: &str) -> Result<Option<u64>, Refusal> {
    host::free_addresses(file).map_err(|why| Refusal::unavailable(format!("free addresses of {file}: {why}")))
}
