//! Conf dirs that several tests use.

pub mod chain;
pub mod script;

use serde_json::{Value, json};

use crate::Node;

/// A node with the networks of the reference scenario and one more (facts of CNI-Genie, part 9):
/// calico and flannel, each with portmap, and weave as a single plugin without a version.
pub fn reference_node() -> Node {
    let node = Node::new();
    node.network("10-calico.conflist", &calico())
        .network("10-flannel.conflist", &flannel())
        .network("10-weave.conf", &json!({"name": "weave", "type": "weave-net"}))
        .recorders(&["calico", "flannel", "weave-net", "portmap"]);
    node
}

/// `10-calico.conflist`.
pub fn calico() -> Value {
    chained("0.3.0", "k8s-pod-network", "calico")
}

/// `10-flannel.conflist`.
pub fn flannel() -> Value {
    chained("0.3.1", "cbr0", "flannel")
}

fn chained(version: &str, name: &str, kind: &str) -> Value {
    json!({
        "cniVersion": version, "name": name,
        "plugins": [{"type": kind}, {"type": "portmap", "capabilities": {"portMappings": true}}],
    })
}

/// A node with one network `net` of these plugin types (a list, in `10-net.conflist`), which every
/// pod gets. Our own configuration has the same version.
pub fn node_with(version: &str, kinds: &[&str]) -> Node {
    let plugins: Vec<_> = kinds.iter().map(|kind| json!({"type": kind})).collect();
    let node = Node::new().with("cniVersion", json!(version));
    node.network("10-net.conflist", &json!({"cniVersion": version, "name": "net", "plugins": plugins}));
    node.recorders(kinds);
    node
}
