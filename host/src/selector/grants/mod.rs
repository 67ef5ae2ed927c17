//! What a selector may import.
//!
//! The imports of a component are its manifest of capabilities: what it does
//! not import it cannot do. What it imports beyond `log` must be granted to it.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::cni::{CniError, code};

mod cluster;
mod imports;

pub use cluster::{Cluster, Home};
use imports::interface;
pub(super) use imports::{check_known, check_version, is_fact, is_wasi};

/// What a configuration entry grants its selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// The import `pod`.
    pub pod: bool,
    /// The import `node`.
    pub node: bool,
    /// The import `cluster`, for what it lists.
    pub cluster: Cluster,
}

impl Grants {
    /// Reads a configuration entry's `grant`: a list of `"pod"`, `"node"`,
    /// `"cluster"` (`NetworkAttachmentDefinition` and `LogicalNetwork` of the pod's own
    /// namespace), `{"cluster": ["v1/Namespace", …]}` (these kinds) and `{"cluster":
    /// {"kinds": […], "namespaces": […]}}` (in these namespaces, too). Null grants nothing.
    ///
    /// The error says what is wrong and what would be right.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let mut grants = Self::default();
        let list = match value {
            Value::Null => return Ok(grants),
            Value::Array(list) => list,
            other => return Err(format!("grant is {other}, not a list such as [\"pod\"]")),
        };
        for item in list {
            match item.as_str() {
                Some("pod") => grants.pod = true,
                Some("node") => grants.node = true,
                _ => {
                    let read = grants.cluster.add(item)?;
                    if !read {
                        return Err(format!(
                            "grant holds {item}: there are \"pod\", \"node\", \"cluster\" and \
                             {{\"cluster\": [\"v1/Namespace\"]}}"
                        ));
                    }
                }
            }
        }
        Ok(grants)
    }

    /// Fails when one of these imports is not granted. `selector` is the
    /// selector's name as written in the configuration.
    pub(super) fn check(&self, selector: &str, imports: &[String]) -> Result<(), CniError> {
        for import in imports {
            let missing = match interface(import) {
                Some("pod") => (!self.pod).then_some("\"pod\""),
                Some("node") => (!self.node).then_some("\"node\""),
                Some("cluster") => self.cluster.is_empty().then_some("\"cluster\""),
                _ => None,
            };
            if let Some(grant) = missing {
                let message = format!(
                    "selector {selector:?} imports {import}, which is not granted to it: if it may have it, add \
                     \"grant\": [{grant}] to its entry in the configuration"
                );
                return Err(CniError::new(code::INVALID_CONFIG, message));
            }
        }
        Ok(())
    }
}
