//! Other people decide how many pods there are and how large they are. The agent's memory stays
//! bounded.

use std::time::{Duration, Instant};

use genie_core::agent_api::client::ask;
use genie_core::agent_api::protocol::{Answer, Body};
use genie_core::object::ObjectName;
use genie_tests::agent::Agent;
use genie_tests::apiserver::ApiServer;
use genie_tests::definitions;
use genie_tests::fixture::reference_node;
use serde_json::{Value, json};

const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";
/// The number of pods that a large node runs at once.
const PODS: usize = 500;
/// The size that Kubernetes allows a pod's annotations, less some room for ours.
const ANNOTATIONS: usize = 255 << 10;
/// How much memory the agent may take, in KiB: a quarter of its limit in `deploy/`.
const BOUND: u64 = 64 << 10;

/// Pods of an ordinary node, definitions of a large cluster, and how much memory the agent may take
/// beside them, in KiB.
const ORDINARY: usize = 250;
const DEFINITIONS: usize = 5_000;
const SMALL: u64 = 20_000_000 / 1024;

/// Annotations of that size: one value, or thousands, which take much more memory than their texts.
fn annotations(index: usize) -> Value {
    let mut annotations = json!({"cni": "calico"});
    let count = if index.is_multiple_of(2) { 1 } else { ANNOTATIONS / 64 };
    for entry in 0..count {
        annotations[format!("example.org/{entry:05}")] = "x".repeat(ANNOTATIONS / count - 20).into();
    }
    annotations
}

fn pod(name: &str, annotations: &Value, host_network: bool) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "annotations": annotations},
        "spec": {
            "containers": [{"name": "c", "image": "none"}], "nodeName": "node1", "hostNetwork": host_network,
        },
    })
}

#[test]
fn large_annotations_of_many_pods_stay_out_of_memory_and_are_read_when_they_are_wanted() {
    let server = ApiServer::start();
    // The agent does not even know pods that get no network.
    server.create(&pod("on-the-node", &json!({}), true));
    server.create(&pod("finished", &json!({}), false));
    let finished = json!({"status": {"phase": "Succeeded"}}).to_string();
    server.kubectl(&["patch", "pod", "finished", "--subresource=status", "--type=merge", "-p", &finished]);
    for batch in (0..PODS).collect::<Vec<_>>().chunks(50) {
        let pods: Vec<_> = batch.iter().map(|index| pod(&format!("pod{index}"), &annotations(*index), false)).collect();
        server.create_all(&pods);
    }
    let node = reference_node();
    let socket = json!(node.dir().join("agent.sock"));
    let node = node.with("agent", socket).with("pods", json!(["agent"]));
    let agent = Agent::start(&node, &server.kubeconfig());
    let known = || agent.log().contains(&format!("\"pods\":{PODS}"));
    agent.eventually("that all pods are known", || if known() { json!(true) } else { json!(null) });

    for index in [0, 1] {
        let name = format!("pod{index}");
        let uid = server.get(&["pod", &name])["metadata"]["uid"].clone();
        let args = format!("K8S_POD_NAMESPACE=default;K8S_POD_NAME={name};K8S_POD_UID={}", uid.as_str().unwrap());
        // Without another source of annotations a pod waits for an agent that is busy.
        let attached = || node.add().container(&name).args(&args).run().status == Some(0);
        agent.eventually("an ADD", || if attached() { json!(true) } else { json!(null) });
        assert_eq!(node.trace()[0], "ADD calico@eth0", "what it asks for is in its annotations");
        agent.eventually("its status", || server.get(&["pod", &name])["metadata"]["annotations"][STATUS].clone());
    }
    assert!(agent.peak() < BOUND, "the agent took {} KiB\n{}", agent.peak(), agent.log());
}

#[test]
fn an_agent_with_250_pods_that_use_5000_definitions_takes_at_most_20_mb() {
    let server = ApiServer::start();
    definitions::install(&server);
    definitions::fill(&server, DEFINITIONS);
    let annotations = json!({"k8s.v1.cni.cncf.io/networks": "net1"});
    let pods: Vec<_> = (0..ORDINARY).map(|index| pod(&format!("pod{index}"), &annotations, false)).collect();
    server.create_all(&pods);
    let node = reference_node();
    let agent = Agent::start(&node, &server.kubeconfig());
    let known = || agent.log().contains(&format!("\"pods\":{ORDINARY}"));
    agent.eventually("that all pods are known", || if known() { json!(true) } else { json!(null) });
    let socket = node.dir().join("agent.sock");
    for index in 0..DEFINITIONS {
        let name = format!("net{index}");
        let wanted = ObjectName::new("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", Some("default"), &name);
        let question = Body::Object { object: wanted.unwrap(), wait_ms: 20_000 };
        let answer = ask(&socket, question, Instant::now() + Duration::from_secs(20));
        assert!(matches!(answer, Ok(Some(Answer::Object(Some(_))))), "{name}: {answer:?}");
    }
    assert!(agent.peak() < SMALL, "the agent took {} KiB\n{}", agent.peak(), agent.log());
}
