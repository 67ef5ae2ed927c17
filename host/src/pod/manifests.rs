//! A directory of Kubernetes manifests: what a node without a cluster knows.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use super::{Annotations, Identity, PodFacts};
use crate::cni::{CniError, code};
use crate::object::ObjectName;

/// A directory of manifests (`*.yaml`, `*.yml`, `*.json`), or one such file.
#[derive(Clone, Debug)]
pub struct Manifests {
    path: PathBuf,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Metadata {
    namespace: Option<String>,
    name: Option<String>,
    uid: Option<String>,
    annotations: Option<Annotations>,
    labels: Option<Annotations>,
    owner_references: Vec<OwnerReference>,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct OwnerReference {
    kind: String,
    name: String,
    controller: Option<bool>,
}

impl Manifests {
    /// Nothing is read until something is asked.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into() }
    }

    /// The pod of that namespace and name; and of that uid, where both tell one.
    ///
    /// # Errors
    /// The directory or one of its files cannot be read or decoded.
    pub fn pod(&self, wanted: &Identity) -> Result<Option<PodFacts>, CniError> {
        let pods = self.pods()?;
        Ok(pods.into_iter().find(|pod| {
            let same_uid = match (&pod.identity.uid, &wanted.uid) {
                (Some(one), Some(other)) => one == other,
                _ => true,
            };
            pod.identity.name == wanted.name && pod.identity.namespace == wanted.namespace && same_uid
        }))
    }

    /// All pods, in the order of the files.
    ///
    /// # Errors
    /// As [`Self::pod`].
    pub fn pods(&self) -> Result<Vec<PodFacts>, CniError> {
        self.documents()?.iter().filter(|document| document["kind"] == "Pod").map(decode_pod).collect()
    }

    /// One object of any kind as it stands in its manifest.
    ///
    /// # Errors
    /// As [`Self::pod`].
    pub fn object(&self, wanted: &ObjectName) -> Result<Option<Value>, CniError> {
        let documents = self.documents()?;
        Ok(documents.into_iter().find(|document| {
            let metadata = &document["metadata"];
            let own_namespace = metadata["namespace"].as_str();
            let same_namespace = match wanted.namespace() {
                Some(namespace) => namespace == own_namespace.unwrap_or("default"),
                None => own_namespace.is_none(),
            };
            document["apiVersion"] == wanted.api_version()
                && document["kind"] == wanted.kind()
                && metadata["name"] == wanted.name()
                && same_namespace
        }))
    }

    fn documents(&self) -> Result<Vec<Value>, CniError> {
        let mut documents = Vec::new();
        for file in self.files()? {
            let failed = |error: String| CniError::new(code::IO, format!("manifest {}: {error}", file.display()));
            let text = fs::read_to_string(&file).map_err(|error| failed(error.to_string()))?;
            // The lines around a mistake may hold anything: only where it is, is told.
            let options = serde_saphyr::options! { with_snippet: false };
            let found: Vec<Value> =
                serde_saphyr::from_multiple_with_options(&text, options).map_err(|error| failed(error.to_string()))?;
            documents.extend(found.into_iter().filter(|document| !document.is_null()));
        }
        Ok(documents)
    }

    fn files(&self) -> Result<Vec<PathBuf>, CniError> {
        if self.path.is_file() {
            return Ok(vec![self.path.clone()]);
        }
        let failed = |error: io::Error| {
            CniError::new(code::IO, format!("cannot read the pod manifests in {}: {error}", self.path.display()))
        };
        let mut files = Vec::new();
        for entry in fs::read_dir(&self.path).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            if is_manifest(&path) {
                files.push(path);
            }
        }
        files.sort();
        Ok(files)
    }
}

fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

fn decode_pod(document: &Value) -> Result<PodFacts, CniError> {
    // The decoder would quote what it found, and that may be anything.
    let metadata: Metadata = serde_json::from_value(document["metadata"].clone()).map_err(|_| {
        let message = "a pod manifest's metadata is not as Kubernetes has it: names are texts, annotations and labels \
                       are maps of texts";
        CniError::new(code::DECODE, message)
    })?;
    let owner = metadata.owner_references.into_iter().find(|owner| owner.controller == Some(true));
    Ok(PodFacts {
        identity: Identity {
            namespace: metadata.namespace.unwrap_or_else(|| "default".into()),
            name: metadata.name.unwrap_or_default(),
            uid: metadata.uid,
        },
        annotations: metadata.annotations.unwrap_or_default(),
        labels: metadata.labels.unwrap_or_default(),
        service_account: Some(document["spec"]["serviceAccountName"].as_str().unwrap_or("default").to_owned()),
        owner: owner.map(|owner| (owner.kind, owner.name)),
    })
}
