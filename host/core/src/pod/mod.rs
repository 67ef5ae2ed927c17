//! What a pod is: its identity, its annotations, and what else is known of it. Where that knowledge
//! comes from is the business of `sources`.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::cni::{Call, CniArgs};
use crate::record::Pod;

/// The capability by which containerd and CRI-O hand over a pod's annotations.
pub const ANNOTATIONS_CAPABILITY: &str = "io.kubernetes.cri.pod-annotations";
/// The annotation in which `kubectl apply` keeps the whole object.
pub const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// A pod's annotations, sorted by key.
pub type Annotations = BTreeMap<String, String>;

/// What a source says of a pod.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PodFacts {
    /// Namespace, name and uid. The namespace is `default` when the source names none.
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

/// The identity of a pod, as the runtime tells it.
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
    /// Reads the identity from `CNI_ARGS`.
    pub fn from_args(args: &CniArgs) -> Self {
        let get = |key| args.get(key).map(ToOwned::to_owned);
        Self {
            namespace: get("K8S_POD_NAMESPACE").unwrap_or_default(),
            name: get("K8S_POD_NAME").unwrap_or_default(),
            uid: get("K8S_POD_UID").filter(|uid| !uid.is_empty()),
        }
    }

    /// The identity as records hold it; none outside of Kubernetes.
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

/// The call's `runtimeConfig`.
pub fn runtime_config(call: &Call) -> Option<&Map<String, Value>> {
    crate::cni::get(&call.config, "runtimeConfig")?.as_object()
}

/// The call's `runtimeConfig` without the private annotations ([`is_private`]).
pub fn public_runtime_config(call: &Call) -> Map<String, Value> {
    let mut config = runtime_config(call).cloned().unwrap_or_default();
    if let Some(Value::Object(annotations)) = config.get_mut(ANNOTATIONS_CAPABILITY) {
        annotations.retain(|key, _| !is_private(key));
    }
    config
}

/// Whether an annotation is one that the kubelet and kubectl add for themselves. kubectl's holds
/// the pod's whole manifest, environment values included.
pub fn is_private(key: &str) -> bool {
    key.starts_with("kubernetes.io/config.") || key == LAST_APPLIED
}
