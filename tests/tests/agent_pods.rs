//! What the agent asks a real API server for to know the pods of its node, by the server's audit log. A cluster
//! has thousands of agents, and all may begin at once.

use genie_tests::agent::Agent;
use genie_tests::apiserver::ApiServer;
use genie_tests::fixture::reference_node;
use serde_json::{Value, json};

/// More than come with one answer.
const PODS: usize = 40;

fn pod(name: &str, node: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "annotations": {"cni": "calico"}},
        "spec": {"nodeName": node, "containers": [{"name": "c", "image": "none"}]},
    })
}

/// The agent's lists of pods, and its watches that have begun: their verbs and addresses.
fn requests(server: &ApiServer) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let ours = |request: &Value| {
        let begun = if request["verb"] == "watch" { "ResponseStarted" } else { "ResponseComplete" };
        let is_ours = !text(&request["userAgent"]).starts_with("kube") && request["stage"] == begun;
        is_ours && request["objectRef"]["resource"] == "pods" && ["list", "watch"].contains(&&*text(&request["verb"]))
    };
    let all = server.audit().into_iter().filter(ours);
    all.map(|request| (text(&request["verb"]), text(&request["requestURI"]))).collect()
}

fn has(uri: &str, parts: &[&str]) -> bool {
    parts.iter().all(|part| uri.contains(part))
}

#[test]
fn the_agent_lists_its_nodes_pods_from_the_servers_memory_and_watches_from_there() {
    let server = ApiServer::start();
    let pods: Vec<_> = (0..PODS).map(|index| pod(&format!("pod{index}"), "node1")).collect();
    server.create_all(&pods);
    server.create(&pod("elsewhere", "node2"));
    let node = reference_node();
    let socket = json!(node.dir().join("agent.sock"));
    let node = node.with("agent", socket).with("pods", json!(["agent"]));
    let agent = Agent::start(&node, &server.kubeconfig());
    // The server's memory may be a moment older than the last pod, of which the watch then tells.
    agent.eventually("that its pods are known", || {
        json!(agent.log().contains("the pods of this node are known").then_some(true))
    });
    let asked = agent.eventually("its watch", || {
        let asked = requests(&server);
        if asked.last().is_some_and(|(verb, _)| verb == "watch") { json!(asked) } else { Value::Null }
    });
    let asked: Vec<(String, String)> = serde_json::from_value(asked).unwrap();
    let [(list, first), (more, second), (watch, third)] = &asked[..] else { panic!("{asked:#?}") };
    assert_eq!((&**list, &**more, &**watch), ("list", "list", "watch"), "{asked:#?}");
    for (_, uri) in &asked {
        assert!(has(uri, &["spec.nodeName%3Dnode1", "spec.hostNetwork%3Dfalse"]), "{uri}");
    }
    // The newest of all is what a server has to ask etcd for, and a part of it what some read there pod by pod.
    assert!(has(first, &["limit=", "resourceVersion=1&", "resourceVersionMatch=NotOlderThan"]), "{first}");
    assert!(has(second, &["limit=", "continue="]), "{second}");
    assert!(has(third, &["watch=true", "resourceVersion=", "timeoutSeconds="]), "{third}");

    // What is made afterwards is known by the watch alone.
    server.create(&pod("later", "node1"));
    let uid = server.get(&["pod", "later"])["metadata"]["uid"].clone();
    let args = format!("K8S_POD_NAMESPACE=default;K8S_POD_NAME=later;K8S_POD_UID={}", uid.as_str().unwrap());
    let call = || node.add().container("later").args(&args).run();
    agent.eventually("that the pod is known", || json!((call().status == Some(0)).then_some(true)));
    assert_eq!(node.trace().last().map(String::as_str), Some("ADD portmap@eth0"), "it has calico, which it asks for");
    assert_eq!(requests(&server), asked);
}
