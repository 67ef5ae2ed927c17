//! The name of an object of the cluster.
//!
//! Whoever asks for an object may be a selector, and what a selector writes becomes part of
//! an address. So a name is one only after each of its parts was found to be what it claims
//! to be, and everything that asks or answers takes an [`ObjectName`].

pub mod check;
#[cfg(test)]
mod tests;

use std::fmt;

use serde::{Deserialize, Serialize};

use check::{is_kind, is_label, is_subdomain, is_version};

use crate::cni::quoted;

/// What it takes to find one object. There is no other way to one than [`Self::new`], and
/// what comes from another process goes through it as well.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub struct ObjectName {
    /// Empty for the core group.
    group: String,
    version: String,
    kind: String,
    /// None for what has no namespace.
    namespace: Option<String>,
    name: String,
}

/// How it crosses a pipe, and stands in records.
#[derive(Serialize, Deserialize)]
struct Written {
    api_version: String,
    kind: String,
    namespace: Option<String>,
    name: String,
}

/// A kind of which it is known where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Known {
    /// As in `kind`.
    pub kind: &'static str,
    /// Its group; empty for the core group.
    pub group: &'static str,
    /// Whether its objects are in namespaces.
    pub namespaced: bool,
}

const fn known(group: &'static str, kind: &'static str, namespaced: bool) -> Known {
    Known { kind, group, namespaced }
}

/// The kinds that may be written without their group.
const KNOWN: [Known; 17] = [
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

/// Whether this is a way to write the kind that nobody here asks for. A client makes an
/// address of a kind in lower case, so the case of its letters hides nothing.
pub fn is_secret(kind: &str) -> bool {
    ["secret", "secrets"].iter().any(|secret| kind.eq_ignore_ascii_case(secret))
}

impl ObjectName {
    /// Checks each part as what it claims to be.
    ///
    /// # Errors
    /// Which part is not, and what it would have to be.
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

    /// Empty for the core group.
    pub fn group(&self) -> &str {
        &self.group
    }

    /// Such as `v1`.
    pub fn version(&self) -> &str {
        &self.version
    }

    /// Group and version, as in a manifest.
    pub fn api_version(&self) -> String {
        if self.group.is_empty() { self.version.clone() } else { format!("{}/{}", self.group, self.version) }
    }

    /// Such as `ConfigMap`.
    pub fn kind(&self) -> &str {
        &self.kind
    }

    /// None for what has no namespace.
    pub fn namespace(&self) -> Option<&str> {
        self.namespace.as_deref()
    }

    /// Its name, in its namespace.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// `ConfigMap kube-system/coredns`.
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
