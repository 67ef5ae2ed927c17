//! The grant `inline`: configurations of a selector's own, of these plugins.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Grants;
use super::missing::{Missing, shortened};

/// So many types that are missing are told.
const TOLD: usize = 8;

impl Grants {
    /// Every `type` counts, wherever in the configuration (or in the patch for it) it
    /// is: a plugin's, its IPAM's, a nested delegate's. Plugins find what they run by
    /// such a member, and which of them look where is not ours to know.
    pub(super) fn check_inline(&self, configuration: &str, patch: Option<&str>) -> Result<(), Missing> {
        let mut types = BTreeSet::new();
        // What is no JSON names no plugin, and is refused when the plan is prepared.
        for text in [Some(configuration), patch].into_iter().flatten() {
            if let Ok(value) = serde_json::from_str(text) {
                collect(&value, &mut types);
            }
        }
        let missing: Vec<_> = types.iter().filter(|kind| !self.inline.contains(*kind)).take(TOLD).collect();
        if missing.is_empty() && !self.inline.is_empty() {
            return Ok(());
        }
        let named = if missing.is_empty() {
            vec!["PLUGIN".into()]
        } else {
            missing.into_iter().map(|kind| shortened(kind)).collect()
        };
        Err(Missing::new(format!("is a configuration of its own, of {}", named.join(", ")), json!({"inline": named})))
    }
}

/// Go programs read a member's name without regard to case.
fn collect(value: &Value, types: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            for (key, value) in members {
                match value {
                    Value::String(kind) if key.eq_ignore_ascii_case("type") => _ = types.insert(kind.clone()),
                    value => collect(value, types),
                }
            }
        }
        Value::Array(values) => values.iter().for_each(|value| collect(value, types)),
        _ => {}
    }
}
