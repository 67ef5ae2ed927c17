//! Objects of the cluster. Need the grant `"cluster"`, for the kinds that the
//! configuration lists.

use crate::Refusal;
use crate::imports::cluster as host;

/// One object as JSON text; none if it does not exist. `namespace` is none for
/// objects that have no namespace.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when the object cannot be had now, or when its kind
/// is not granted.
pub fn get(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Result<Option<String>, Refusal> {
    host::get(api_version, kind, namespace, name).map_err(|why| {
        let place = namespace.map(|namespace| format!("{namespace}/")).unwrap_or_default();
        Refusal::unavailable(format!("{kind} {place}{name}: {why}"))
    })
}
