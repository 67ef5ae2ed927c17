//! The grant `annotations`: which annotations a merge may publish.

use genie_selector::merge::MULTI_IP_PREFERENCES;
use serde_json::json;

use super::Grants;
use super::missing::{Missing, shortened};
use crate::cni::quoted;

/// The annotation that tells the pod's networks. The host writes it, whatever a merge says.
pub const NETWORK_STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

/// The host's own annotations, which tell what the host did.
const HOSTS: [&str; 2] = [NETWORK_STATUS, MULTI_IP_PREFERENCES];

/// Checks the patterns of a grant, and returns them.
///
/// # Errors
/// A pattern is one of the host's own annotations.
pub(super) fn check_keys(patterns: Vec<String>) -> Result<Vec<String>, String> {
    match patterns.iter().find(|pattern| HOSTS.contains(&pattern.as_str())) {
        Some(key) => Err(format!("grant holds {{\"annotations\": [\"{key}\"]}}: that one is the host's own")),
        None => Ok(patterns),
    }
}

impl Grants {
    /// Checks the annotations of a merge. Those of `standard` are what the host itself would
    /// publish; a selector may pass on the host's own words. The status of the networks is not
    /// looked at, because it is replaced.
    pub(super) fn check_annotations(
        &self,
        merged: &[(String, String)],
        standard: &[(String, String)],
    ) -> Result<(), Missing> {
        let own = merged.iter().filter(|annotation| !standard.contains(annotation));
        for (key, _) in own.filter(|(key, _)| key != NETWORK_STATUS) {
            if HOSTS.contains(&key.as_str()) {
                return Err(Missing::never(format!(
                    "the annotation {key:?} is the host's own, and not what the standard merge says: leave it out"
                )));
            }
            if !self.annotations.matches(key) {
                let what = format!("the annotation {} is to be published", quoted(key));
                return Err(Missing::new(what, json!({"annotations": [shortened(key)]})));
            }
        }
        Ok(())
    }
}
