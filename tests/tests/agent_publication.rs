//! The agent as it runs on a node: whatever is killed, and whenever, what calls left
//! reaches the API server.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use genie_tests::apiserver::ApiServer;
use genie_tests::fixture::reference_node;
use genie_tests::{Node, programs};
use serde_json::{Value, json};

const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

/// How long something may take to become visible.
const SOON: Duration = Duration::from_secs(30);

/// A running agent; it is killed when it is dropped.
struct Agent(Child);

impl Agent {
    fn start(node: &Node, server: &ApiServer) -> Self {
        let log = std::fs::File::create(node.dir().join("agent.log")).unwrap();
        let agent = Command::new(programs::dist("genie-host"))
            .args(["agent", "--node", "node1", "--listen", "none", "--kubeconfig"])
            .arg(server.kubeconfig())
            .arg("--state-dir")
            .arg(node.state_dir())
            .arg("--cache-dir")
            .arg(node.dir().join("cache"))
            .arg("--socket")
            .arg(node.dir().join("agent.sock"))
            .stdin(Stdio::null())
            .stderr(log)
            .spawn();
        Self(agent.expect("the agent starts"))
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Asks until the answer is not null.
#[track_caller]
fn eventually(node: &Node, what: &str, mut ask: impl FnMut() -> Value) -> Value {
    let deadline = Instant::now() + SOON;
    loop {
        let answer = ask();
        if !answer.is_null() {
            return answer;
        }
        let log = std::fs::read_to_string(node.dir().join("agent.log")).unwrap_or_default();
        assert!(Instant::now() < deadline, "{what} did not come; the agent says:\n{log}");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn what_calls_leave_while_the_agent_is_away_is_published_when_it_is_back() {
    let server = ApiServer::start();
    let socket = |node: &Node| json!(node.dir().join("agent.sock"));
    let node = reference_node();
    let agent_socket = socket(&node);
    let node = node.with("agent", agent_socket);
    let pod = |name: &str| {
        let pod = server.create(&json!({
            "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
            "spec": {"containers": [{"name": "c", "image": "none"}], "nodeName": "node1"},
        }));
        format!(
            "K8S_POD_NAMESPACE=default;K8S_POD_NAME={name};K8S_POD_UID={}",
            pod["metadata"]["uid"].as_str().unwrap()
        )
    };
    let status = |name: &str| server.get(&["pod", name])["metadata"]["annotations"][STATUS].clone();
    let event = |name: &str| {
        let events = server.get(&["events"]);
        // kubectl prints nothing where there are none.
        let mut events = events["items"].as_array().into_iter().flatten();
        events.find(|event| event["involvedObject"]["name"] == name).cloned().unwrap_or_default()
    };

    let agent = Agent::start(&node, &server);
    node.add().container("c1").args(&pod("while-up")).cni("flannel").run().ok();
    eventually(&node, "the status of a pod", || status("while-up"));
    node.add().container("c2").args(&pod("refused-while-up")).cni("nosuch").run().error();
    eventually(&node, "the event of a pod", || event("refused-while-up"));

    drop(agent);
    node.add().container("c3").args(&pod("while-away")).cni("flannel,weave").run().ok();
    node.add().container("c4").args(&pod("refused-while-away")).cni("nosuch").run().error();
    let _agent = Agent::start(&node, &server);
    eventually(&node, "the status of a pod", || status("while-away"));
    let event = eventually(&node, "the event of a pod", || event("refused-while-away"));
    assert_eq!(event["reason"], "InvalidNetworkAnnotation");
    assert_eq!(event["source"], json!({"component": "genie-host", "host": "node1"}));
}
