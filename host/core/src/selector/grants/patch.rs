//! The grant `patch`: which members a merge patch may touch.

use serde_json::{Value, json};

use super::Grants;
use super::missing::{Missing, shortened};

/// The members of a path such as `ipam.subnet`.
pub(super) fn members(path: &str) -> Vec<String> {
    path.split('.').map(String::from).collect()
}

impl Grants {
    /// Checks a patch. It touches the members that it sets or removes, and all below them.
    pub(super) fn check_patch(&self, patch: &str) -> Result<(), Missing> {
        // A patch that is no object is refused when the plan is prepared.
        let Ok(patch) = serde_json::from_str::<Value>(patch) else { return Ok(()) };
        let mut touched = Vec::new();
        collect(&patch, &mut Vec::new(), &mut touched);
        let covers = |path: &[String]| self.patch.iter().any(|granted| path.starts_with(granted));
        let Some(missing) = touched.into_iter().find(|touched| !covers(touched)) else { return Ok(()) };
        let missing = shortened(&missing.join("."));
        Err(Missing::new(format!("gets a patch of {missing}"), json!({"patch": [missing]})))
    }
}

/// Collects the paths that a patch touches. An empty object counts: where there is none, it
/// appears.
fn collect(value: &Value, path: &mut Vec<String>, touched: &mut Vec<Vec<String>>) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            for (key, value) in members {
                path.push(key.clone());
                collect(value, path, touched);
                path.pop();
            }
        }
        _ if path.is_empty() => {}
        _ => touched.push(path.clone()),
    }
}
