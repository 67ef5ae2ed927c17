//! A pod of the watch, with the parts that we need. Decoding skips the rest: field managers, what
//! kubelet and kubectl keep, and pods that are larger than we want to hold.

use std::borrow::Cow;
use std::fmt;

use k8s_openapi::NamespaceResourceScope;
use k8s_openapi::api::core::v1::Pod;
use kube::Resource;
use kube::core::ObjectMeta;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, MapAccess, Visitor};

use crate::kubernetes::STATIC_UID;
use genie_core::pod::{Annotations, Identity, PodFacts, is_private};

/// How much memory a pod's annotations and labels may take, in bytes. Those of a larger pod are
/// read from the API server when they are wanted. Few pods have more than some hundred bytes.
pub const LARGEST: usize = 32 << 10;
/// What an entry of a map takes beside its texts, in bytes.
const ENTRY: usize = 96;

/// Metadata of a pod.
#[derive(Clone, Debug, Default)]
pub struct Slim {
    /// Namespace, name, uid and version, which the watch needs.
    metadata: ObjectMeta,
    static_uid: Option<String>,
    held: Option<Held>,
}

/// Facts of a pod, and how much memory they take.
#[derive(Clone, Debug, Default)]
struct Held {
    annotations: Annotations,
    labels: Annotations,
    owner: Option<(String, String)>,
    size: usize,
}

impl Slim {
    /// Who the pod is.
    pub fn identity(&self) -> Identity {
        Identity {
            namespace: self.metadata.namespace.clone().unwrap_or_default(),
            name: self.metadata.name.clone().unwrap_or_default(),
            uid: self.metadata.uid.clone(),
        }
    }

    /// The uid by which the kubelet and the runtime know a static pod. Its mirror in the API server
    /// has another uid.
    pub fn static_uid(&self) -> Option<&String> {
        self.static_uid.as_ref()
    }

    /// The facts of the pod, and how much memory they take in bytes. The result is none when they
    /// are too large.
    pub fn into_facts(self) -> Option<(PodFacts, usize)> {
        let identity = self.identity();
        let Held { annotations, labels, owner, size } = self.held?;
        Some((PodFacts { identity, annotations, labels, service_account: None, owner }, size))
    }
}

impl<'de> Deserialize<'de> for Slim {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let Wire { metadata } = Wire::deserialize(deserializer)?;
        let annotations = metadata.annotations.unwrap_or_default();
        let labels = metadata.labels.unwrap_or_default();
        let size = annotations.size + labels.size;
        let owner = metadata.owner_references.unwrap_or_default().0;
        let held =
            (size <= LARGEST).then_some(Held { annotations: annotations.entries, labels: labels.entries, owner, size });
        Ok(Self {
            metadata: ObjectMeta {
                namespace: metadata.namespace,
                name: metadata.name,
                uid: metadata.uid,
                resource_version: metadata.resource_version,
                ..ObjectMeta::default()
            },
            static_uid: annotations.static_uid,
            held,
        })
    }
}

#[derive(Deserialize)]
struct Wire {
    #[serde(default)]
    metadata: Metadata,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    namespace: Option<String>,
    name: Option<String>,
    uid: Option<String>,
    resource_version: Option<String>,
    annotations: Option<Map>,
    labels: Option<Map>,
    owner_references: Option<Controller>,
}

/// A map of texts. It is empty when the texts are too large.
#[derive(Default)]
struct Map {
    entries: Annotations,
    static_uid: Option<String>,
    size: usize,
}

impl<'de> Deserialize<'de> for Map {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Entries)
    }
}

struct Entries;

impl<'de> Visitor<'de> for Entries {
    type Value = Map;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map of texts")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Map, A::Error> {
        let mut kept = Map::default();
        while let Some(key) = entries.next_key::<Cow<'_, str>>()? {
            if key == STATIC_UID {
                kept.static_uid = Some(entries.next_value()?);
            } else if is_private(&key) || kept.size > LARGEST {
                entries.next_value::<IgnoredAny>()?;
            } else {
                let value: String = entries.next_value()?;
                kept.size += key.len() + value.len() + ENTRY;
                if kept.size > LARGEST {
                    kept.entries.clear();
                } else {
                    kept.entries.insert(key.into_owned(), value);
                }
            }
        }
        Ok(kept)
    }
}

/// Kind and name of the owner that controls the pod.
#[derive(Default)]
struct Controller(Option<(String, String)>);

impl<'de> Deserialize<'de> for Controller {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        struct Owner {
            kind: String,
            name: String,
            controller: Option<bool>,
        }
        let owners = Vec::<Owner>::deserialize(deserializer)?;
        let controller = owners.into_iter().find(|owner| owner.controller == Some(true));
        Ok(Self(controller.map(|owner| (owner.kind, owner.name))))
    }
}

impl Resource for Slim {
    type DynamicType = ();
    type Scope = NamespaceResourceScope;

    fn metadata_api() -> bool {
        true
    }

    fn kind((): &()) -> Cow<'_, str> {
        Pod::kind(&())
    }

    fn group((): &()) -> Cow<'_, str> {
        Pod::group(&())
    }

    fn version((): &()) -> Cow<'_, str> {
        Pod::version(&())
    }

    fn plural((): &()) -> Cow<'_, str> {
        Pod::plural(&())
    }

    fn meta(&self) -> &ObjectMeta {
        &self.metadata
    }

    fn meta_mut(&mut self) -> &mut ObjectMeta {
        &mut self.metadata
    }
}
