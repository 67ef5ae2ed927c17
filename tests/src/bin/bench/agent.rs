//! The agent's memory, with the pods and the definitions of a large cluster behind a real API server.

use std::fmt;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;

use genie_tests::apiserver::ApiServer;
use genie_tests::definitions;
use serde_json::{Value, json};

use crate::memory;
use crate::running::Running;

/// The pods of the agent's node.
const OWN: usize = 250;
/// The pods of other nodes, which the agent does not see.
const OTHERS: usize = 4_750;
/// The definitions. Pods of the agent's node use all of them, one after the other.
const DEFINITIONS: usize = 5_000;
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
        definitions::install(&server);
        definitions::fill(&server, DEFINITIONS);
        let agent = Running::start(&server.kubeconfig());
        agent.wait_until_it_knows_its_pods(OWN);
        for index in 0..DEFINITIONS {
            ask(&agent.socket(), &format!("net{index}"));
        }
        let of = |what| memory::of(agent.id(), what).expect("the agent runs");
        Self { peak: of("VmHWM"), resident: of("VmRSS") }
    }
}

impl fmt::Display for Agent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pods = OWN + OTHERS;
        writeln!(f, "\nthe agent's memory, {OWN} pods on its node, {pods} in the cluster, {DEFINITIONS} definitions")?;
        writeln!(f, "{:<34} {:>11} KiB", "at most (VmHWM)", self.peak)?;
        writeln!(f, "{:<34} {:>11} KiB", "resident (VmRSS)", self.resident)?;
        let verdict = if self.peak <= TARGET { "met" } else { "missed" };
        writeln!(f, "{:<50} {:>14} KiB  {verdict}", "agent at most 20 MB", self.peak)
    }
}

fn fill(server: &ApiServer) {
    let pods: Vec<_> = (0..OWN + OTHERS).map(|index| pod(index, if index < OWN { 1 } else { 2 })).collect();
    server.create_many(&pods);
}

/// Asks the agent for a definition, as the plugin does.
fn ask(socket: &Path, name: &str) {
    let question = json!({"version": 1, "object": {"api_version": "k8s.cni.cncf.io/v1",
        "kind": "NetworkAttachmentDefinition", "namespace": "default", "name": name, "wait_ms": 20_000}});
    let mut agent = UnixStream::connect(socket).expect("the agent listens");
    writeln!(agent, "{question}").expect("the agent reads");
    let mut answer = String::new();
    BufReader::new(agent).read_line(&mut answer).expect("the agent answers");
    assert!(answer.contains("macvlan"), "{answer}");
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
