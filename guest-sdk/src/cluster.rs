//! Objects of the cluster. Need the grant `"cluster"`, for the kinds and
//! namespaces that the configuration lists; Secrets are granted to nobody.

use crate::Refusal;
use crate::imports::cluster as host;

/// One object as JSON text; none if it does not exist. `namespace` is none for
/// objects that have no namespace.
///
/// It does not return when the entry does not grant the object, which is for the
/// operator to correct, nor when a part of its name is malformed: check what a user
/// wrote before you ask for it.
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
