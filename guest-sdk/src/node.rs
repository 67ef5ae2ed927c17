//! Facts about this node. Need the grant `"node"`.
//!
//! Every function here fails with [`Refusal::Unavailable`] when the fact cannot
//! be had now.

use crate::Refusal;
use crate::imports::node as host;

#[doc(inline)]
pub use crate::bindings::genie::selector::node::Counters;

/// The counters of all interfaces of the node whose names start with `prefix`,
/// added up: bytes since the interfaces came up.
pub fn traffic(prefix: &str) -> Result<Counters, Refusal> {
    host::traffic(prefix)
        .map_err(|why| Refusal::unavailable(format!("traffic of the node's interfaces {prefix}*: {why}")))
}

/// A label of this node; none if it has no such label.
pub fn label(key: &str) -> Result<Option<String>, Refusal> {
    host::label(key).map_err(|why| Refusal::unavailable(format!("the node's label {key}: {why}")))
}

/// How many addresses are left for a network of the request, named by its
/// `file`; none where its address management does not tell.
pub fn free_addresses(file: &str) -> Result<Option<u64>, Refusal> {
    host::free_addresses(file).map_err(|why| Refusal::unavailable(format!("free addresses of {file}: {why}")))
}
