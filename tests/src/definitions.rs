//! NetworkAttachmentDefinitions of a real API server.

use serde_json::{Value, json};

use crate::apiserver::ApiServer;
use crate::programs;

/// Lets a server have definitions: creates the kind that the chart brings.
///
/// # Panics
/// When it refuses.
pub fn install(server: &ApiServer) {
    let kind = programs::root().join("deploy/chart/crds/network-attachment-definitions.yaml");
    server.kubectl(&["create", "-f", &kind.display().to_string()]);
    let definition = "crd/network-attachment-definitions.k8s.cni.cncf.io";
    server.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", definition]);
}

/// A definition with this configuration.
pub fn definition(namespace: &str, name: &str, config: &Value) -> Value {
    json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"config": config.to_string()},
    })
}

/// Creates so many definitions in the namespace `default`, named `net0`, `net1`, …, each as large as
/// one that was applied by kubectl.
///
/// # Panics
/// When the server refuses one.
pub fn fill(server: &ApiServer, count: usize) {
    let all: Vec<_> = (0..count)
        .map(|index| {
            let config = json!({"cniVersion": "1.0.0", "name": format!("net{index}"), "plugins": [
                {"type": "macvlan", "master": "eth1", "ipam": {"type": "whereabouts", "range": "192.168.2.0/24"}},
                {"type": "tuning", "sysctl": {"net.core.somaxconn": "512"}},
            ]});
            let mut object = definition("default", &format!("net{index}"), &config);
            object["metadata"]["annotations"] =
                json!({"kubectl.kubernetes.io/last-applied-configuration": object.to_string()});
            object
        })
        .collect();
    server.create_many(&all);
}
