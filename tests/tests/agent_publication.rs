//! The agent as on a node: whatever is killed and whenever, what calls left reaches the API server.

use genie_tests::Node;
use genie_tests::agent::Agent;
use genie_tests::apiserver::ApiServer;
use genie_tests::fixture::reference_node;
use serde_json::{Value, json};

const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

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
        // kubectl prints nothing when there are no events.
        let mut events = events["items"].as_array().into_iter().flatten();
        events.find(|event| event["involvedObject"]["name"] == name).cloned().unwrap_or_default()
    };

    let agent = Agent::start(&node, &server.kubeconfig());
    node.add().container("c1").args(&pod("while-up")).cni("flannel").run().ok();
    agent.eventually("the status of a pod", || status("while-up"));
    node.add().container("c2").args(&pod("refused-while-up")).cni("nosuch").run().error();
    agent.eventually("the event of a pod", || event("refused-while-up"));

    drop(agent);
    node.add().container("c3").args(&pod("while-away")).cni("flannel,weave").run().ok();
    node.add().container("c4").args(&pod("refused-while-away")).cni("nosuch").run().error();
    let agent = Agent::start(&node, &server.kubeconfig());
    agent.eventually("the status of a pod", || status("while-away"));
    let event = agent.eventually("the event of a pod", || event("refused-while-away"));
    assert_eq!(event["reason"], "InvalidNetworkAnnotation");
    assert_eq!(event["source"], json!({"component": "genie-host", "host": "node1"}));
}

#[test]
fn a_record_that_is_too_large_is_passed_over_and_del_reads_it() {
    let server = ApiServer::start();
    let node = reference_node();
    let add = node.add().container("large").args("K8S_POD_NAMESPACE=default;K8S_POD_NAME=large");
    add.cni("weave").run().ok();
    let records = node.state_dir().join("records");
    let record = std::fs::read_dir(&records).unwrap().flatten().next().unwrap().path();
    // Readers ignore the added bytes. If the agent read them, its memory would show that.
    let file = std::fs::File::options().write(true).open(&record).unwrap();
    file.set_len(128 << 20).unwrap();
    let agent = Agent::start(&node, &server.kubeconfig());
    let said = || agent.log().matches("too large to be read").count();
    agent.eventually("what is said of the record", || if said() >= 2 { json!(true) } else { json!(null) });
    // A later record is published, so the agent has looked at the records once more.
    let pod = server.create(&json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": "small", "namespace": "default"},
        "spec": {"containers": [{"name": "c", "image": "none"}], "nodeName": "node1"},
    }));
    let args = format!(
        "K8S_POD_NAMESPACE=default;K8S_POD_NAME=small;K8S_POD_UID={}",
        pod["metadata"]["uid"].as_str().unwrap()
    );
    node.add()
        .container("small")
        .args(&args)
        .key("agent", json!(node.dir().join("agent.sock")))
        .cni("weave")
        .run()
        .ok();
    agent
        .eventually("the status of a pod", || server.get(&["pod", "small"])["metadata"]["annotations"][STATUS].clone());
    assert_eq!(said(), 2, "publication and reconciliation say it once each:\n{}", agent.log());
    for line in agent.log().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["message"].is_string(), "a line without a message: {line}");
    }
    assert!(agent.peak() < 64 << 10, "the agent took {} KiB", agent.peak());
    node.trace();
    node.del().container("large").run().ok();
    assert_eq!(node.trace(), ["DEL weave-net@eth0"]);
    assert!(!record.exists());
}

#[test]
fn a_line_of_a_call_says_which_call_it_is_of_and_a_del_of_nothing_is_no_news() {
    let server = ApiServer::start();
    let node = reference_node();
    let socket = json!(node.dir().join("agent.sock"));
    let node = node.with("agent", socket);
    let agent = Agent::start(&node, &server.kubeconfig());
    let lines = || -> Vec<Value> {
        // The last line may not be complete yet.
        let log = agent.log();
        let lines = log.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        lines.filter(|line| line["verb"].is_string()).collect()
    };
    node.add().cni("flannel").run().ok();
    node.del().run().ok();
    node.del().run().ok();
    node.add().container("last").cni("weave").run().ok();
    agent.eventually("the line of the last call", || {
        if lines().iter().any(|line| line["container"] == "last") { json!(true) } else { json!(null) }
    });
    let all = lines();
    let verbs: Vec<_> = all.iter().map(|line| line["verb"].as_str().unwrap()).collect();
    assert_eq!(verbs, ["ADD", "DEL", "ADD"], "{all:#?}");
    let fields = [
        ("container", "c1"),
        ("namespace", "default"),
        ("pod", "p"),
        ("pod_uid", "u"),
        ("node", "node1"),
        ("networks", "cbr0@eth0"),
    ];
    for (key, value) in fields {
        assert_eq!(all[0][key], value, "{key} of {}", all[0]);
    }
    assert!(all.iter().all(|line| line["timestamp"].is_string()), "{all:#?}");
}
