//! Facts about the pod that may cost the host a read. Need the grant `"pod"`.
//!
//! Every function here fails with [`Refusal::Unavailable`] when the fact cannot
//! be had now, so that `?` makes the runtime try again later.

use crate::imports::pod as host;
use crate::{Refusal, request};

/// The pod's labels, sorted by key.
pub fn labels() -> Result<Vec<(String, String)>, Refusal> {
    host::labels().map_err(|why| Refusal::unavailable(format!("the pod's labels: {why}")))
}

/// One label of the pod; none if it has no such label.
pub fn label(key: &str) -> Result<Option<String>, Refusal> {
    Ok(request::value(&labels()?, key).map(str::to_owned))
}

/// The name of the pod's service account.
pub fn service_account() -> Result<String, Refusal> {
    host::service_account().map_err(|why| Refusal::unavailable(format!("the pod's service account: {why}")))
}

/// Kind and name of the pod's controlling owner, if it has one.
pub fn owner() -> Result<Option<(String, String)>, Refusal> {
    host::owner().map_err(|why| Refusal::unavailable(format!("the pod's owner: {why}")))
}
