//! The agent's memory, with the pods of a large cluster behind a real API server.

use std::fmt;

use genie_tests::apiserver::ApiServer;
use serde_json::{Value, json};

use crate::memory;
use crate::running::Running;

/// The pods of the agent's node.
const OWN: usize = 250;
/// The pods of other nodes, which the agent does not see.
const OTHERS: usize = 4_750;
/// How many pods one kubectl creates. It limits itself to 50 a second after the first 300, so
/// several run side by side.
const PORTION: usize = 600;
/// The memory that the agent may have, in KiB.
const TARGET: u64 = 20_000_000 / 1024;

/// What was measured, in KiB.
pub struct Agent {
    peak: u64,
    resident: u64,
}

impl Agent {
    /// Starts an API server, fills it with pods, and lets an agent read the pods.
    ///
    /// # Panics
    /// When a part of it fails.
    pub fn measure() -> Self {
        let server = ApiServer::start();
        fill(&server);
        let agent = Running::start(&server.kubeconfig());
        agent.wait_until_it_knows_its_pods(OWN);
        let of = |what| memory::of(agent.id(), what).expect("the agent runs");
        Self { peak: of("VmHWM"), resident: of("VmRSS") }
    }
}

impl fmt::Display for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nthe agent's memory, {OWN} pods on its node, {} in the cluster", OWN + OTHERS)?;
        writeln!(f, "{:<34} {:>11} KiB", "at most (VmHWM)", self.peak)?;
        writeln!(f, "{:<34} {:>11} KiB", "resident (VmRSS)", self.resident)?;
        let verdict = if self.peak <= TARGET { "met" } else { "missed" };
        writeln!(f, "{:<50} {:>14} KiB  {verdict}", "agent at most 20 MB", self.peak)
    }
}

fn fill(server: &ApiServer) {
    let pods: Vec<_> = (0..OWN + OTHERS).map(|index| pod(index, if index < OWN { 1 } else { 2 })).collect();
    std::thread::scope(|scope| {
        for portion in pods.chunks(PORTION) {
            scope.spawn(move || server.create_all(portion));
        }
    });
}

/// A pod as a Deployment makes it that was applied by kubectl.
fn pod(index: usize, node: usize) -> Value {
    let labels: serde_json::Map<_, _> =
        (0..8).map(|label| (format!("app.kubernetes.io/label-{label}"), json!(format!("value-{index}")))).collect();
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {
            "name": format!("web-5d4f8c7b9-{index:05}"), "namespace": "default", "labels": labels,
            "annotations": {
                "cni": "calico,flannel",
                "kubectl.kubernetes.io/last-applied-configuration": "x".repeat(2_000),
                "k8s.v1.cni.cncf.io/network-status": "y".repeat(600),
            },
        },
        "spec": {"nodeName": format!("node{node}"), "containers": [{"name": "web", "image": "none"}]},
    })
}
