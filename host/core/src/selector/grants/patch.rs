//! The grant `patch`: what a merge patch may touch.

use serde_json::{Value, json};

use super::Grants;
use super::missing::{Missing, shortened};

/// A path such as `ipam.subnet`, member by member.
pub(super) fn members(path: &str) -> Vec<String> {
    path.split('.').map(String::from).collect()
}

impl Grants {
    /// A patch touches what it sets or removes, and all that is below that.
    pub(super) fn check_patch(&self, patch: &str) -> Result<(), Missing> {
        // What is no object is refused when the plan is prepared.
        let Ok(patch) = serde_json::from_str::<Value>(patch) else { return Ok(()) };
        let mut touched = Vec::new();
        collect(&patch, &mut Vec::new(), &mut touched);
        let covers = |path: &[String]| self.patch.iter().any(|granted| path.starts_with(granted));
        let Some(missing) = touched.into_iter().find(|touched| !covers(touched)) else { return Ok(()) };
        let missing = shortened(&missing.join("."));
        Err(Missing::new(format!("gets a patch of {missing}"), json!({"patch": [missing]})))
    }
}

/// An empty object is set, too: where there is none, it appears.
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
