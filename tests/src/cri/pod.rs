//! A pod's sandbox, as the kubelet would ask for it.

use serde_json::{Map, Value, json};

/// A pod that is to be run.
#[derive(Clone, Debug, Default)]
pub struct Pod {
    name: String,
    annotations: Map<String, Value>,
    ports: Vec<Value>,
}

impl Pod {
    /// A pod in the namespace `default`.
    pub fn new(name: &str) -> Self {
        Self { name: name.into(), ..Self::default() }
    }

    /// A pod that asks for these networks.
    pub fn on(name: &str, networks: &str) -> Self {
        Self::new(name).annotation("cni", networks)
    }

    /// Adds an annotation.
    #[must_use]
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.insert(key.into(), value.into());
        self
    }

    /// Maps a TCP port of the node to one of the pod's.
    #[must_use]
    pub fn host_port(mut self, host: u16, container: u16) -> Self {
        self.ports.push(json!({"protocol": 0, "container_port": container, "host_port": host, "host_ip": ""}));
        self
    }

    /// The pod as `PodSandboxConfig` of CRI.
    pub(super) fn config(&self) -> Value {
        json!({
            "metadata": {"name": self.name, "uid": format!("uid-of-{}", self.name), "namespace": "default", "attempt": 0},
            "hostname": self.name, "log_directory": format!("/var/log/pods/{}", self.name),
            "annotations": self.annotations, "port_mappings": self.ports,
            // As in most pods, the pod has a network of its own, and each container its own process
            // ids.
            "linux": {"cgroup_parent": "/pods", "security_context": {"namespace_options": {"network": 0, "pid": 1}}},
        })
    }
}
