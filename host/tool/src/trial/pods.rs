//! The pods that a trial decides for: those of a manifest, and those that its workloads would make.

use std::fs;
use std::io;
use std::path::Path;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use genie_core::pod::PodFacts;
use genie_core::sources::{self, Manifests};

/// A pod that was given.
#[derive(Clone, Debug)]
pub struct Given {
    /// What the pod is, in words.
    pub label: String,
    /// The kind of workload that would make the pod. There is none for a pod that is given itself.
    pub workload: Option<String>,
    /// What the manifest says of the pod.
    pub facts: PodFacts,
    /// The pod's manifest, and the other manifests beside it.
    pub manifests: Manifests,
}

impl Given {
    /// Whether there is a manifest, which tells all of the pod.
    pub fn is_known(&self) -> bool {
        self.manifests != Manifests::These(Vec::new())
    }

    /// A pod without annotations, of which nothing is known.
    pub fn unnamed() -> Self {
        let manifests = Manifests::These(Vec::new());
        Self { label: "pod (unnamed)".into(), workload: None, facts: PodFacts::default(), manifests }
    }
}

/// Reads a manifest (`-` is standard input). Returns every pod in it, and a note on each object
/// that is no pod.
///
/// # Errors
/// The manifest cannot be read, or holds no pod.
pub fn read(file: &Path) -> Result<(Vec<Given>, Vec<String>)> {
    let (name, text) = if file == Path::new("-") {
        ("of the standard input".into(), io::read_to_string(io::stdin()).context("cannot read the standard input")?)
    } else if file.is_file() {
        let name = file.display().to_string();
        let text = fs::read_to_string(file).with_context(|| format!("cannot read the pod manifest {name}"))?;
        (name, text)
    } else {
        bail!("there is no pod manifest {}", file.display());
    };
    of_objects(&name, &sources::parse(&name, &text)?)
}

/// As [`read`], of a manifest that was read already.
///
/// # Errors
/// The objects hold no pod.
pub fn of_objects(name: &str, objects: &[Value]) -> Result<(Vec<Given>, Vec<String>)> {
    let mut pods = Vec::new();
    let mut others = Vec::new();
    for (index, object) in objects.iter().enumerate() {
        let place = || format!("the manifest {name}, object {} ({})", index + 1, described(object));
        match pod_of(object) {
            Some((workload, manifest)) => pods.push(given(workload, manifest, objects).with_context(place)?),
            None => others.push(described(object)),
        }
    }
    if pods.is_empty() {
        let holds = if others.is_empty() { "nothing".into() } else { others.join(", ") };
        bail!("the manifest {name} holds no pod, and no workload that makes one: it holds {holds}");
    }
    let notes = others.into_iter().map(|other| format!("{other} of the manifest is no pod, and makes none"));
    Ok((pods, notes.collect()))
}

fn given(workload: Option<String>, manifest: Value, objects: &[Value]) -> Result<Given> {
    // The pod's manifest comes first, so that it is the one that is found.
    let all = Manifests::These([manifest.clone()].into_iter().chain(objects.iter().cloned()).collect());
    let facts = Manifests::These(vec![manifest]).pods()?.into_iter().next().unwrap_or_default();
    let identity = &facts.identity;
    let name = match identity.name.as_str() {
        "" => "(unnamed)".into(),
        name => format!("{}/{name}", identity.namespace),
    };
    let label = match &workload {
        Some(kind) => format!("a pod of {kind} {name}"),
        None => format!("pod {name}"),
    };
    Ok(Given { label, workload, facts, manifests: all })
}

/// Reads the manifests of a directory. `notes` gets the files that are no manifests.
///
/// # Errors
/// A manifest cannot be read.
pub fn objects(dir: &Path, notes: &mut Vec<String>) -> Result<Manifests> {
    let objects = Manifests::new(dir).objects()?;
    let entries = fs::read_dir(dir).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let mut others: Vec<_> = entries.filter(|path| !sources::is_manifest(path)).collect();
    others.sort();
    notes.extend(others.iter().map(|path| {
        format!("{} is not read: manifests are the files *.yaml, *.yml and *.json of a directory", path.display())
    }));
    Ok(Manifests::These(objects))
}

/// The pod that an object is or would make, and the kind of workload that makes it.
fn pod_of(object: &Value) -> Option<(Option<String>, Value)> {
    let kind = object["kind"].as_str()?;
    let (path, owner) = match kind {
        "Pod" => return Some((None, object.clone())),
        // Its pods belong to an object that it makes, which has another name.
        "Deployment" => ("/spec/template", Some("ReplicaSet")),
        "CronJob" => ("/spec/jobTemplate/spec/template", Some("Job")),
        "DaemonSet" | "Job" | "ReplicaSet" | "ReplicationController" | "StatefulSet" => ("/spec/template", Some(kind)),
        "PodTemplate" => ("/template", None),
        _ => return None,
    };
    let template = object.pointer(path).cloned().unwrap_or_default();
    let mut metadata = template["metadata"].clone();
    if metadata.is_null() {
        metadata = json!({});
    }
    if let Value::Object(metadata) = &mut metadata {
        let of = &object["metadata"];
        metadata.insert("name".into(), of["name"].clone());
        metadata.insert("namespace".into(), of["namespace"].clone());
        if let Some(owner) = owner {
            let owner = json!([{"kind": owner, "name": of["name"].as_str().unwrap_or_default(), "controller": true}]);
            metadata.insert("ownerReferences".into(), owner);
        }
    }
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata, "spec": template["spec"]});
    Some((Some(kind.into()), pod))
}

/// An object that is no pod, by its kind and name.
fn described(object: &Value) -> String {
    let text = |value: &Value, missing: &str| value.as_str().unwrap_or(missing).to_owned();
    match &object["kind"] {
        Value::String(kind) => format!("{kind} {}", text(&object["metadata"]["name"], "(unnamed)")),
        _ => "a document without a kind".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_many_documents_the_wrong_one_is_named() {
        let pod = |name: &str, labels: Value| json!({"kind": "Pod", "metadata": {"name": name, "labels": labels}});
        let objects = [pod("a", json!({})), pod("b", json!({"x": true})), pod("c", json!({}))];
        let error = format!("{:#}", of_objects("pods.yaml", &objects).unwrap_err());
        assert!(error.starts_with("the manifest pods.yaml, object 2 (Pod b): "), "{error}");
        assert!(error.contains("labels are maps of texts"), "{error}");
    }
}
