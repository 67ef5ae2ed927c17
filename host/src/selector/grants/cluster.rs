//! Which objects of the cluster a selector may read.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// The kinds that a plain `"cluster"` stands for: those that describe networks.
const NETWORK_KINDS: [&str; 2] = ["LogicalNetwork", "NetworkAttachmentDefinition"];

/// The grant `cluster`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cluster {
    /// These kinds: `Namespace` (of any API version) or `v1/Namespace`,
    /// `apps/v1/Deployment`.
    kinds: BTreeSet<String>,
}

impl Cluster {
    /// Adds an item of `grant`: `"cluster"` or `{"cluster": [KIND, …]}`. False: it is
    /// neither.
    pub(super) fn add(&mut self, item: &Value) -> Result<bool, String> {
        if item == "cluster" {
            self.kinds.extend(NETWORK_KINDS.map(String::from));
            return Ok(true);
        }
        let Some(kinds) = kinds(item) else { return Ok(false) };
        // What a selector asks is kept in the attachment record.
        if kinds.iter().any(|kind| kind == "Secret" || kind.ends_with("/Secret")) {
            return Err("grant holds the kind Secret: no selector gets Secrets, since what it asks is recorded".into());
        }
        self.kinds.extend(kinds);
        Ok(true)
    }

    /// Whether nothing is granted.
    pub(super) fn is_empty(&self) -> bool {
        self.kinds.is_empty()
    }

    /// For people; none when nothing is granted.
    pub(super) fn in_words(&self) -> Option<String> {
        (!self.kinds.is_empty()).then(|| self.kinds.iter().map(String::as_str).collect::<Vec<_>>().join(", "))
    }

    /// Whether objects of this kind may be read.
    pub(in crate::selector) fn allows(&self, api_version: &str, kind: &str) -> bool {
        self.kinds.contains(kind) || self.kinds.contains(&format!("{api_version}/{kind}"))
    }
}

fn kinds(item: &Value) -> Option<Vec<String>> {
    let members = item.as_object().filter(|members| members.len() == 1)?;
    let kinds = members.get("cluster")?.as_array()?;
    kinds.iter().map(|kind| kind.as_str().filter(|kind| !kind.is_empty()).map(String::from)).collect()
}
