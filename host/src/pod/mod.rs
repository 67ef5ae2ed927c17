//! Where pod facts come from: the runtime, its arguments, the agent, the API
//! server, a directory of manifests. The order is configuration; the first source that has a fact
//! gives it.

mod manifests;
mod source;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cni::{Call, CniArgs, CniError, code};
use crate::record::Pod;
pub use manifests::{Manifests, is_manifest, parse};
pub use source::{Api, Lookup, Source};

/// The capability by which containerd and CRI-O hand over a pod's annotations.
pub const ANNOTATIONS_CAPABILITY: &str = "io.kubernetes.cri.pod-annotations";

/// A pod's annotations, sorted by key.
pub type Annotations = BTreeMap<String, String>;

/// What a source says of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodFacts {
    /// Namespace, name and uid; the namespace is `default` when it says none.
    pub identity: Identity,
    /// `metadata.annotations`.
    pub annotations: Annotations,
    /// `metadata.labels`.
    pub labels: Annotations,
    /// `spec.serviceAccountName`; none where the source holds metadata only.
    pub service_account: Option<String>,
    /// Kind and name of the controlling owner.
    pub owner: Option<(String, String)>,
}

/// Who the pod is, as the runtime tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// `K8S_POD_NAMESPACE`; empty when not told.
    pub namespace: String,
    /// `K8S_POD_NAME`; empty when not told.
    pub name: String,
    /// `K8S_POD_UID`.
    pub uid: Option<String>,
}

impl Identity {
    /// Reads it from `CNI_ARGS`.
    pub fn from_args(args: &CniArgs) -> Self {
        let get = |key| args.get(key).map(ToOwned::to_owned);
        Self {
            namespace: get("K8S_POD_NAMESPACE").unwrap_or_default(),
            name: get("K8S_POD_NAME").unwrap_or_default(),
            uid: get("K8S_POD_UID").filter(|uid| !uid.is_empty()),
        }
    }

    /// As records hold it; none outside of Kubernetes.
    pub fn recorded(&self) -> Option<Pod> {
        (!self.name.is_empty()).then(|| Pod {
            namespace: self.namespace.clone(),
            name: self.name.clone(),
            uid: self.uid.clone().unwrap_or_default(),
        })
    }
}

impl From<&Pod> for Identity {
    fn from(pod: &Pod) -> Self {
        let uid = Some(pod.uid.clone()).filter(|uid| !uid.is_empty());
        Self { namespace: pod.namespace.clone(), name: pod.name.clone(), uid }
    }
}

/// The pod's annotations, from the first source that has them. A pod that no
/// source knows has none.
///
/// # Errors
/// What a source holds cannot be read; or a source that should know the pod gives
/// no answer and none after it knows the pod. Then the pod has to wait: without
/// its annotations it would get the wrong networks.
pub fn annotations(
    sources: &[Source],
    call: &Call,
    pod: &Identity,
    deadline: Instant,
) -> Result<Annotations, CniError> {
    let mut failed = None;
    for source in sources {
        let found = match source {
            Source::Runtime => from_runtime(call)?,
            Source::Args => CniArgs::new(&call.args).k8s_annot().transpose()?,
            source => match source.pod(pod, deadline) {
                Ok(facts) => facts.map(|facts| facts.annotations),
                Err(error) if error.code == code::TRY_AGAIN => {
                    failed.get_or_insert(error);
                    None
                }
                Err(error) => return Err(error),
            },
        };
        if let Some(mut annotations) = found {
            annotations.retain(|key, _| !is_private(key));
            return Ok(annotations);
        }
    }
    if let Some(error) = failed {
        return Err(error.context(format!("the annotations of pod {}/{}", pod.namespace, pod.name)));
    }
    if !pod.name.is_empty() {
        tracing::warn!(
            pod = format!("{}/{}", pod.namespace, pod.name),
            "no source knows the pod's annotations; does the configuration declare the capability {ANNOTATIONS_CAPABILITY}?"
        );
    }
    Ok(Annotations::new())
}

fn from_runtime(call: &Call) -> Result<Option<Annotations>, CniError> {
    let Some(value) = runtime_config(call).and_then(|config| config.get(ANNOTATIONS_CAPABILITY)) else {
        return Ok(None);
    };
    // A Go caller writes null for a map without entries.
    if value.is_null() {
        return Ok(Some(Annotations::new()));
    }
    // The decoder would quote what it found, and that may be anything.
    serde_json::from_value(value.clone()).map(Some).map_err(|_| {
        CniError::new(code::INVALID_CONFIG, format!("runtimeConfig[{ANNOTATIONS_CAPABILITY:?}] is no map of strings"))
    })
}

fn runtime_config(call: &Call) -> Option<&Map<String, Value>> {
    crate::cni::get(&call.config, "runtimeConfig")?.as_object()
}

/// The call's `runtimeConfig`, without the annotations that nobody may see.
pub fn public_runtime_config(call: &Call) -> Map<String, Value> {
    let mut config = runtime_config(call).cloned().unwrap_or_default();
    if let Some(Value::Object(annotations)) = config.get_mut(ANNOTATIONS_CAPABILITY) {
        annotations.retain(|key, _| !is_private(key));
    }
    config
}

/// Annotations that the kubelet and kubectl add for themselves. The last one
/// holds the pod's whole manifest, environment values included.
pub fn is_private(key: &str) -> bool {
    key.starts_with("kubernetes.io/config.") || key == "kubectl.kubernetes.io/last-applied-configuration"
}
