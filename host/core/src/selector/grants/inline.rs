//! The grant `inline`: configurations that a selector writes itself, for these plugins only.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::Grants;
use super::missing::{Missing, shortened};

/// The most missing types that an error names.
const TOLD: usize = 8;

impl Grants {
    /// Checks a configuration and the patch for it. Every `type` counts, wherever it is: a
    /// plugin's, its IPAM's, a nested delegate's. Plugins find what they run by such a member, and
    /// where each of them looks is not known here.
    pub(super) fn check_inline(&self, configuration: &str, patch: Option<&str>) -> Result<(), Missing> {
        let mut types = BTreeSet::new();
        // A text that is no JSON names no plugin, and is refused when the plan is prepared.
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

/// Collects the types in a value. Go programs read a member's name without regard to case.
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
