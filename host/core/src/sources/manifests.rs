//! Kubernetes manifests, which tell of pods on a node without a cluster.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::Value;

use crate::cni::{CniError, code};
use crate::object::ObjectName;
use crate::pod::{Annotations, Identity, PodFacts};

/// Manifests. A list of objects (`kind: List`, as `kubectl get -o yaml` prints it) stands for the
/// objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Manifests {
    /// The manifests of a directory (`*.yaml`, `*.yml`, `*.json`), or of one such file.
    At(PathBuf),
    /// These objects.
    These(Vec<Value>),
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
    /// The manifests at a path. Nothing is read until a question is asked.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self::At(path.into())
    }

    /// The pod of that namespace and name, and of that uid where both have one.
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
        self.objects()?.iter().filter(|document| document["kind"] == "Pod").map(decode_pod).collect()
    }

    /// One object of any kind as it stands in its manifest.
    ///
    /// # Errors
    /// As [`Self::pod`].
    pub fn object(&self, wanted: &ObjectName) -> Result<Option<Value>, CniError> {
        let documents = self.objects()?;
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

    /// All objects, in the order of the files.
    ///
    /// # Errors
    /// As [`Self::pod`].
    pub fn objects(&self) -> Result<Vec<Value>, CniError> {
        let path = match self {
            Self::At(path) => path,
            Self::These(objects) => return Ok(objects.clone()),
        };
        let mut objects = Vec::new();
        for file in files(path)? {
            let failed = |error: io::Error| CniError::new(code::IO, format!("manifest {}: {error}", file.display()));
            let text = fs::read_to_string(&file).map_err(failed)?;
            objects.extend(parse(&file.display().to_string(), &text)?);
        }
        Ok(objects)
    }
}

/// The objects of a manifest; `name` is for messages.
///
/// # Errors
/// The manifest cannot be decoded.
pub fn parse(name: &str, text: &str) -> Result<Vec<Value>, CniError> {
    // The lines around a mistake may hold anything, so the message only has the place.
    let options = serde_saphyr::options! { with_snippet: false };
    let documents: Vec<Value> = serde_saphyr::from_multiple_with_options(text, options)
        .map_err(|error| CniError::new(code::IO, format!("manifest {name}: {}", yaml_error(&error))))?;
    let mut objects = Vec::new();
    for document in documents {
        listed(document, &mut objects);
    }
    Ok(objects)
}

/// What is wrong with a text of YAML, for who wrote it: the library's words are for who calls it.
pub fn yaml_error(error: &serde_saphyr::Error) -> String {
    let text = error.to_string();
    let text = text.replace(", set DuplicateKeyPolicy in Options if acceptable", "");
    if ["budget breached: ", "recursion limit exceeded"].iter().any(|bound| text.starts_with(bound)) {
        let place = text.rfind(" at line ").and_then(|at| text.get(at..)).unwrap_or_default();
        return format!("it is too large, or nested too deeply{place}");
    }
    text
}

/// Collects a document, or the objects of a list. The API server leaves out `kind` and `apiVersion`
/// in a list of one kind: a `PodList` is of `Pod`s.
fn listed(mut document: Value, objects: &mut Vec<Value>) {
    let kind = document["kind"].as_str().and_then(|kind| kind.strip_suffix("List")).map(ToOwned::to_owned);
    let is_list = document["items"].is_array() && document["metadata"]["name"].is_null();
    let Some(kind) = kind.filter(|_| is_list) else {
        if !document.is_null() {
            objects.push(document);
        }
        return;
    };
    let Value::Array(items) = document["items"].take() else { return };
    for mut item in items {
        if let Value::Object(members) = &mut item
            && !kind.is_empty()
        {
            members.entry("kind").or_insert_with(|| kind.as_str().into());
            members.entry("apiVersion").or_insert_with(|| document["apiVersion"].clone());
        }
        listed(item, objects);
    }
}

fn files(path: &Path) -> Result<Vec<PathBuf>, CniError> {
    if path.is_file() {
        return Ok(vec![path.into()]);
    }
    let failed = |error: io::Error| {
        CniError::new(code::IO, format!("cannot read the pod manifests in {}: {error}", path.display()))
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(path).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if is_manifest(&path) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether a file of a directory is a manifest, by its name.
pub fn is_manifest(path: &Path) -> bool {
    path.extension().is_some_and(|extension| ["yaml", "yml", "json"].iter().any(|known| extension == *known))
}

/// The facts of a pod from its manifest.
fn decode_pod(document: &Value) -> Result<PodFacts, CniError> {
    // The decoder's error would quote what it found, which may be anything.
    let metadata: Metadata = serde_json::from_value(document["metadata"].clone()).map_err(|_| {
        let name = document["metadata"]["name"].as_str().map(|name| format!(" of Pod {name}")).unwrap_or_default();
        let message = format!(
            "a pod manifest's metadata{name} is not as Kubernetes has it: names are texts, annotations and labels are \
             maps of texts"
        );
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
