//! The labels of the pod's own namespace. They need the grant `{"cluster": ["v1/Namespace"]}`.
//!
//! A user who may create pods in a namespace may usually not label it, so a namespace's label says more
//! about a tenant than a pod's does. The host reads the Namespace and hands over its labels alone:
//! a module that asks needs no JSON parser.
//!
//! ```
//! use genie_selector::{namespace, testing};
//!
//! let host = testing::Host::new().namespace_label("tenant", "blue");
//! assert_eq!(host.run(|| namespace::label("tenant")), Ok(Some("blue".to_owned())));
//! ```

use crate::imports::cluster as host;
use crate::{Refusal, request};

/// The labels of the pod's namespace, sorted by key. The label `kubernetes.io/metadata.name`,
/// which every namespace has, is its name.
///
/// The call does not return when the entry does not grant the Namespace, which the operator has to
/// correct.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when they cannot be had now.
pub fn labels() -> Result<Vec<(String, String)>, Refusal> {
    host::namespace_labels().map_err(|why| Refusal::unavailable(format!("the namespace's labels: {why}")))
}

/// One label of the pod's namespace, or none if the namespace has no such label. Like
/// [`labels`], the call does not return without the grant.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when the namespace's labels cannot be had now.
pub fn label(key: &str) -> Result<Option<String>, Refusal> {
    Ok(request::value(&labels()?, key).map(str::to_owned))
}
