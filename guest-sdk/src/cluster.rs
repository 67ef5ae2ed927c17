//! Objects of the cluster. They need the grant `"cluster"`, for the kinds and
//! namespaces that the configuration lists. Nobody is granted Secrets.
//!
//! ```
//! use genie_selector::{Refusal, Request, cluster, testing};
//!
//! /// Whether the pod's namespace has a `ConfigMap` with the name `isolated`.
//! fn is_isolated(request: &Request) -> Result<bool, Refusal> {
//!     Ok(cluster::get("v1", "ConfigMap", Some(&request.pod.namespace), "isolated")?.is_some())
//! }
//!
//! let host = testing::Host::new().object("v1", "ConfigMap", Some("demo"), "isolated", "{}");
//! assert_eq!(host.run(|| is_isolated(&testing::request())), Ok(true));
//! ```

use crate::Refusal;
use crate::imports::cluster as host;

/// One object as JSON text, or none if it does not exist. `api_version` is `v1` or
/// `GROUP/VERSION`. Objects without a namespace are asked for with the namespace `None`.
///
/// The call does not return when the entry does not grant the object, which the
/// operator has to correct, nor when a part of the object's name is malformed. Check
/// names that a user wrote before you ask for them.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when the object cannot be had now.
pub fn get(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Result<Option<String>, Refusal> {
    host::get(api_version, kind, namespace, name).map_err(|why| {
        let place = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
        Refusal::unavailable(format!("{kind} {place}{name}: {why}"))
    })
}
