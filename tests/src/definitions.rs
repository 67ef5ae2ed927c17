//! NetworkAttachmentDefinitions of a real API server.

use serde_json::{Value, json};

use crate::apiserver::ApiServer;

/// Their custom resource definition, as other projects install it.
pub fn resource() -> Value {
    json!({
        "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
        "metadata": {"name": "network-attachment-definitions.k8s.cni.cncf.io"},
        "spec": {
            "group": "k8s.cni.cncf.io", "scope": "Namespaced",
            "names": {
                "plural": "network-attachment-definitions", "singular": "network-attachment-definition",
                "kind": "NetworkAttachmentDefinition", "shortNames": ["net-attach-def"],
            },
            "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                "type": "object",
                "properties": {"spec": {"type": "object", "properties": {"config": {"type": "string"}}}},
            }}}],
        },
    })
}

/// Lets a server have definitions.
///
/// # Panics
/// When it refuses.
pub fn install(server: &ApiServer) {
    server.create(&resource());
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
