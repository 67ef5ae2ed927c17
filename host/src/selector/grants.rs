//! What a selector may import.
//!
//! The imports of a component are its manifest of capabilities: what it does
//! not import it cannot do. What it imports beyond `log` must be granted to it.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::abi;
use crate::cni::{CniError, code};

/// The kinds that a plain `"cluster"` stands for: those that describe networks.
const NETWORK_KINDS: [&str; 2] = ["LogicalNetwork", "NetworkAttachmentDefinition"];

/// The packages of WASI that are there, empty: no files, no environment, no
/// network. Everything else of WASI is refused.
const WASI: [&str; 6] = ["wasi:cli/", "wasi:clocks/", "wasi:filesystem/", "wasi:io/", "wasi:random/", "wasi:sockets/"];

/// What a configuration entry grants its selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// The import `pod`.
    pub pod: bool,
    /// The import `node`.
    pub node: bool,
    /// The import `cluster`, for these kinds: `Namespace` (of any API version)
    /// or `v1/Namespace`, `apps/v1/Deployment`. Not granted when empty.
    pub cluster: BTreeSet<String>,
}

impl Grants {
    /// Reads a configuration entry's `grant`: a list of `"pod"`, `"node"`,
    /// `"cluster"` (`NetworkAttachmentDefinition` and `LogicalNetwork`) and
    /// `{"cluster": ["v1/Namespace", …]}` (these kinds). Null grants nothing.
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
                Some("cluster") => grants.cluster.extend(NETWORK_KINDS.map(String::from)),
                _ => grants.cluster.extend(kinds(item).ok_or_else(|| {
                    format!(
                        "grant holds {item}: there are \"pod\", \"node\", \"cluster\" and \
                         {{\"cluster\": [\"v1/Namespace\"]}}"
                    )
                })?),
            }
        }
        // What a selector asks is kept in the attachment record.
        if grants.cluster.iter().any(|kind| kind == "Secret" || kind.ends_with("/Secret")) {
            return Err("grant holds the kind Secret: no selector gets Secrets, since what it asks is recorded".into());
        }
        Ok(grants)
    }

    /// Whether objects of this kind may be read.
    pub(super) fn allows(&self, api_version: &str, kind: &str) -> bool {
        self.cluster.contains(kind) || self.cluster.contains(&format!("{api_version}/{kind}"))
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

fn kinds(item: &Value) -> Option<Vec<String>> {
    let members = item.as_object().filter(|members| members.len() == 1)?;
    let kinds = members.get("cluster")?.as_array()?;
    kinds.iter().map(|kind| kind.as_str().filter(|kind| !kind.is_empty()).map(String::from)).collect()
}

/// The name of an interface of the ABI without package and version.
fn interface(import: &str) -> Option<&str> {
    import.strip_prefix(abi::PACKAGE)?.split('@').next()
}

/// Whether what the import answers comes from [`super::facts::Facts`].
pub(super) fn is_fact(import: &str) -> bool {
    matches!(interface(import), Some("pod" | "cluster" | "node"))
}

/// Whether the import is one of WASI.
pub(super) fn is_wasi(import: &str) -> bool {
    import.starts_with("wasi:")
}

/// Fails when the host has no such import at all, or none in this version.
pub(super) fn check_known(selector: &str, imports: &[String]) -> Result<(), CniError> {
    for import in imports {
        check_version(selector, import)?;
        let known = match interface(import) {
            Some(name) => matches!(name, "types" | "log" | "pod" | "cluster" | "node"),
            None => WASI.iter().any(|package| import.starts_with(package)),
        };
        if !known {
            let message = format!(
                "selector {selector:?} imports {import}, which no selector gets: there are log, pod, cluster and node \
                 of genie:selector@0.1, and wasi without http"
            );
            return Err(CniError::new(code::SELECTOR, message));
        }
    }
    Ok(())
}

/// Fails when the name of an interface of the ABI carries a version that this
/// host does not speak.
pub(super) fn check_version(selector: &str, name: &str) -> Result<(), CniError> {
    match name.strip_prefix(abi::PACKAGE).and_then(|rest| rest.split_once('@')) {
        Some((_, version)) if !version.starts_with(abi::VERSIONS) => Err(CniError::new(
            code::SELECTOR,
            format!(
                "selector {selector:?} was built for genie:selector@{version}, this host speaks 0.1: rebuild the \
                 selector, or install a genie-host of its time"
            ),
        )),
        _ => Ok(()),
    }
}
