//! Facts as people write them, in a case of a suite or a file of facts.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::GivenFacts;
use crate::trial::question;
use genie_core::object::ObjectName;
use genie_core::selector::sandbox::facts::Question;
use genie_core::sources::Manifests;

/// Facts as they are written.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct WrittenFacts {
    /// What is known of the pod, in place of all that its manifest says.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pod: Option<WrittenPod>,
    /// Objects of the cluster, or paths of files and directories that hold some.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub objects: Vec<Value>,
    /// Objects that do not exist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub absent: Vec<WrittenName>,
    /// The labels of the pod's namespace, all of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub namespace_labels: Option<BTreeMap<String, String>>,
    /// The node's labels; null for one that the node has not.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub node_labels: BTreeMap<String, Option<String>>,
    /// Traffic by interface, or by the beginning of several interfaces' names.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub traffic: BTreeMap<String, WrittenTraffic>,
    /// Traffic in a second, likewise.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub traffic_rate: BTreeMap<String, WrittenTraffic>,
    /// Free addresses by the network's file; null where its address management does not tell.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub free_addresses: BTreeMap<String, Option<u64>>,
    /// Facts that cannot be had: each a question with a `reason`.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub unavailable: Vec<Value>,
}

/// What is known of a pod beside its name and annotations.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct WrittenPod {
    /// All of its labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub labels: Option<BTreeMap<String, String>>,
    /// Its service account.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub service_account: Option<String>,
    /// Its controlling owner; null for none.
    #[serde(skip_serializing_if = "Option::is_none", deserialize_with = "given")]
    pub owner: Option<Value>,
}

/// A pod's controlling owner.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WrittenOwner {
    kind: String,
    name: String,
}

/// An object's name.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WrittenName {
    /// `v1`, or `GROUP/VERSION`.
    pub api_version: String,
    /// Its kind.
    pub kind: String,
    /// Its namespace; none for an object that is in none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// Its name.
    pub name: String,
}

/// Bytes since an interface came up, or in a second.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct WrittenTraffic {
    /// Received.
    pub rx_bytes: u64,
    /// Sent.
    pub tx_bytes: u64,
}

/// Tells a null that was written from a key that was left out.
fn given<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Value>, D::Error> {
    Value::deserialize(from).map(Some)
}

impl WrittenFacts {
    /// Adds these facts to those that are known already. Paths start in `dir`.
    ///
    /// # Errors
    /// A file cannot be read, or a name is none.
    pub fn add_to(self, facts: &mut GivenFacts, dir: &Path) -> Result<()> {
        if let Some(WrittenPod { labels, service_account, owner }) = self.pod {
            facts.labels = labels;
            facts.service_account = service_account;
            let owner = owner.map(serde_json::from_value::<Option<WrittenOwner>>).transpose();
            let owner = owner.context("facts.pod.owner")?;
            facts.owner = owner.map(|owner| owner.map(|owner| (owner.kind, owner.name)));
        }
        for object in self.objects {
            match object {
                Value::String(path) => {
                    let read = Manifests::new(dir.join(&path)).objects();
                    facts.objects.extend(read.with_context(|| format!("facts.objects: {path}"))?);
                }
                object => facts.objects.push(object),
            }
        }
        for WrittenName { api_version, kind, namespace, name } in self.absent {
            let name = ObjectName::new(&api_version, &kind, namespace.as_deref(), &name);
            facts.absent.insert(name.map_err(|why| anyhow!("facts.absent: {why}"))?);
        }
        if let Some(labels) = self.namespace_labels {
            facts.namespace_labels = Some(labels);
        }
        facts.node_labels.extend(self.node_labels);
        let figures = |(name, bytes): (String, WrittenTraffic)| (name, (bytes.rx_bytes, bytes.tx_bytes));
        facts.traffic.extend(self.traffic.into_iter().map(figures));
        facts.traffic_rate.extend(self.traffic_rate.into_iter().map(figures));
        facts.free_addresses.extend(self.free_addresses);
        for written in self.unavailable {
            facts.unavailable.push(unavailable(written).map_err(|why| anyhow!("facts.unavailable: {why}"))?);
        }
        Ok(())
    }
}

fn unavailable(mut written: Value) -> Result<(Question, String), String> {
    let reason = written.as_object_mut().and_then(|members| members.remove("reason"));
    let reason = reason.as_ref().and_then(Value::as_str).ok_or("each needs a \"reason\"")?.to_owned();
    Ok((question::from_json(&written)?, reason))
}
