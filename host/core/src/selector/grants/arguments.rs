//! The grant `args`: keys of `CNI_ARGS`.

use serde_json::json;

use super::Grants;
use super::missing::{Missing, shortened};
use crate::cni::quoted;

/// Checks the keys of a grant, and returns them.
///
/// # Errors
/// A key is one of the runtime's own.
pub(super) fn check_keys(keys: Vec<String>) -> Result<Vec<String>, String> {
    match keys.iter().find(|key| is_runtimes(key)) {
        Some(key) => {
            Err(format!("grant holds {{\"args\": [\"{key}\"]}}: K8S_… and IgnoreUnknown are the runtime's own"))
        }
        None => Ok(keys),
    }
}

/// Whether the key is one of the runtime's own, which tell delegates the pod that they work for.
fn is_runtimes(key: &str) -> bool {
    key.eq_ignore_ascii_case("IgnoreUnknown") || key.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("K8S_"))
}

impl Grants {
    pub(super) fn check_argument(&self, key: &str) -> Result<(), Missing> {
        if self.args.contains(key) {
            return Ok(());
        }
        let what = format!("gets {} in CNI_ARGS", quoted(key));
        if is_runtimes(key) {
            return Err(Missing::never(format!("{what}, which is the runtime's own")));
        }
        Err(Missing::new(what, json!({"args": [shortened(key)]})))
    }
}
