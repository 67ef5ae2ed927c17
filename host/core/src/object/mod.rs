//! The name of an object of the cluster.
//!
//! A selector may ask for an object, and what it writes becomes part of an address. So each part of
//! a name is checked for what it claims to be, and everything that asks or answers takes an
//! [`ObjectName`].

pub mod check;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use check::{is_kind, is_label, is_subdomain, is_version};

use crate::cni::quoted;

/// All that it takes to find one object. [`Self::new`] is the only way to make one, also for names
/// that come from another process.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ObjectName {
    /// The API group; empty for the core group.
    group: String,
    version: String,
    kind: String,
    /// None for an object that is in no namespace.
    namespace: Option<String>,
    name: String,
}

/// The form of a name in pipes and records.
#[derive(Serialize, Deserialize)]
struct Written {
    api_version: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

/// A kind whose group is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// The kind, as in a manifest's `kind`.
    pub kind: &'static str,
    /// The kind's group; empty for the core group.
    pub group: &'static str,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
}

const fn known(group: &'static str, kind: &'static str, namespaced: bool) -> Known {
    Known { kind, group, namespaced }
}

/// The kinds that may be written without their group.
const KNOWN: [Known; 18] = [
    known("", "ComponentStatus", false),
    known("", "ConfigMap", true),
    known("", "Endpoints", true),
    known("", "Event", true),
    known("", "LimitRange", true),
    known("", "Namespace", false),
    known("", "Node", false),
    known("", "PersistentVolume", false),
    known("", "PersistentVolumeClaim", true),
    known("", "Pod", true),
    known("", "PodTemplate", true),
    known("", "ReplicationController", true),
    known("", "ResourceQuota", true),
    known("", "Service", true),
    known("", "ServiceAccount", true),
    known("alpha.network.k8s.io", "LogicalNetwork", true),
    known("alpha.network.k8s.io", "PhysicalNetwork", true),
    known("k8s.cni.cncf.io", "NetworkAttachmentDefinition", true),
];

/// What is known of a kind that is written without its group.
pub fn well_known(kind: &str) -> Option<Known> {
    KNOWN.into_iter().find(|known| known.kind == kind)
}

/// The kinds that are known of a group, or all.
pub fn known_kinds(group: Option<&str>) -> impl Iterator<Item = &'static str> {
    KNOWN.into_iter().filter(move |known| group.is_none_or(|group| known.group == group)).map(|known| known.kind)
}

/// Whether this is a way to write the kind `Secret`, which genie never asks for. A client writes a
/// kind in lower case into an address, so the case of its letters hides nothing.
pub fn is_secret(kind: &str) -> bool {
    ["secret", "secrets"].iter().any(|secret| kind.eq_ignore_ascii_case(secret))
}

impl ObjectName {
    /// Makes a name, and checks each part for what it claims to be.
    ///
    /// # Errors
    /// The first wrong part, and what it would have to be.
    pub fn new(api_version: &str, kind: &str, namespace: Option<&str>, name: &str) -> Result<Self, String> {
        let (group, version) = match api_version.split_once('/') {
            Some((group, version)) if is_subdomain(group) => (group, version),
            Some(_) => ("", ""),
            None => ("", api_version),
        };
        if !is_version(version) {
            let wanted = "write v1, or GROUP/VERSION as in apps/v1";
            return Err(format!("{} is no API version: {wanted}", quoted(api_version)));
        }
        if !is_kind(kind) {
            return Err(format!("{} is no kind: write it as in ConfigMap", quoted(kind)));
        }
        if is_secret(kind) {
            return Err(format!("{} is never told: what a selector asks is recorded", quoted(kind)));
        }
        if let Some(namespace) = namespace.filter(|namespace| !is_label(namespace)) {
            let wanted = "at most 63 lower-case letters, digits and hyphens";
            return Err(format!("{} is no name of a namespace: {wanted}", quoted(namespace)));
        }
        if !is_subdomain(name) {
            let wanted = "at most 253 lower-case letters, digits, hyphens and dots";
            return Err(format!("{} is no name of an object: {wanted}", quoted(name)));
        }
        match well_known(kind).filter(|known| known.group == group) {
            Some(known) if known.namespaced && namespace.is_none() => {
                return Err(format!("a {kind} is in a namespace, and none is named"));
            }
            Some(known) if !known.namespaced && namespace.is_some() => {
                return Err(format!("a {kind} is in no namespace, and one is named"));
            }
            _ => {}
        }
        Ok(Self {
            group: group.into(),
            version: version.into(),
            kind: kind.into(),
            namespace: namespace.map(Into::into),
            name: name.into(),
        })
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// The version, such as `v1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Group and version, as in a manifest's `apiVersion`.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// The kind, such as `ConfigMap`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// The object's namespace; none for an object that is in no namespace.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// The object's name in its namespace.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// Writes the name as in `ConfigMap kube-system/coredns`.
impl fmt::Display for ObjectName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.namespace {
            Some(namespace) => write!(f, "{} {namespace}/{}", self.kind, self.name),
            None => write!(f, "{} {}", self.kind, self.name),
        }
    }
}

impl TryFrom<Written> for ObjectName {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { api_version, kind, namespace, name } = written;
        Self::new(&api_version, &kind, namespace.as_deref(), &name)
    }
}

impl From<ObjectName> for Written {
    fn from(object: ObjectName) -> Self {
        let api_version = object.api_version();
        let ObjectName { kind, namespace, name, .. } = object;
        Self { api_version, kind, namespace, name }
    }
}

/// The labels of an object.
pub fn labels_of(object: &Value) -> BTreeMap<String, String> {
    let labels = object["metadata"]["labels"].as_object().into_iter().flatten();
    labels.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}
