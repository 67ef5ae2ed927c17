//! Facts about the pod that may cost the host a read. They need the grant `"pod"`.
//!
//! Every function here fails with [`Refusal::Unavailable`] when the host cannot tell
//! the fact now. With `?` the pod starts later, when the host can; with a `match` the
//! selector decides without the fact.
//!
//! ```
//! use genie_selector::{pod, testing};
//!
//! let host = testing::Host::new().owner("StatefulSet", "database");
//! let owner = host.run(pod::owner);
//! assert_eq!(owner, Ok(Some(("StatefulSet".to_owned(), "database".to_owned()))));
//! ```

use crate::imports::pod as host;
use crate::{Refusal, request};

/// The pod's labels, sorted by key.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when they cannot be had now.
pub fn labels() -> Result<Vec<(String, String)>, Refusal> {
    host::labels().map_err(|why| Refusal::unavailable(format!("the pod's labels: {why}")))
}

/// One label of the pod, or none if the pod has no such label.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when the pod's labels cannot be had now.
pub fn label(key: &str) -> Result<Option<String>, Refusal> {
    Ok(request::value(&labels()?, key).map(str::to_owned))
}

/// The name of the pod's service account.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when it cannot be had now.
pub fn service_account() -> Result<String, Refusal> {
    host::service_account().map_err(|why| Refusal::unavailable(format!("the pod's service account: {why}")))
}

/// Kind and name of the pod's controlling owner, or none if it has no owner.
///
/// # Errors
///
/// [`Refusal::Unavailable`] when the owner cannot be had now.
pub fn owner() -> Result<Option<(String, String)>, Refusal> {
    host::owner().map_err(|why| Refusal::unavailable(format!("the pod's owner: {why}")))
}
