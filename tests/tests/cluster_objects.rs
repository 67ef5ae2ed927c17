//! What selectors read of a cluster, and what they cannot read whatever they ask for. The real API
//! server is asked by a child of the plugin, and by the agent.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;

use genie_tests::agent::Agent;
use genie_tests::apiserver::ApiServer;
use genie_tests::fixture::chain::entry;
use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node, guests};
use serde_json::{Value, json};

/// How much memory the plugin may take beside the memory that a selector may have, in KiB.
const OWN_MEMORY: u64 = 16 << 10;
/// The default of `limits.memory`, in KiB.
const SELECTOR_MEMORY: u64 = 64 << 10;

/// The code for a wrong configuration, which the operator has to correct.
const OPERATOR: u64 = 7;
/// The code for a fact that cannot be had now.
const AGAIN: u64 = 11;
/// The code for a selector's denial.
const DENIED: u64 = 102;
/// The code for a selector that failed.
const SELECTOR: u64 = 103;

/// A text that no selector may read.
const SECRET: &str = "s3cret-t0ken";

/// The server of all tests. It has a pod and a Secret in `vault`, and maps in three namespaces.
static SERVER: LazyLock<ApiServer> = LazyLock::new(|| {
    let server = ApiServer::start();
    for namespace in ["payments", "vault"] {
        server.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
    }
    server.create(&json!({"apiVersion": "v1", "kind": "Secret", "stringData": {"token": SECRET},
        "metadata": {"name": "token", "namespace": "vault"}}));
    server.create(&json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "n", "namespace": "vault"},
        "spec": {"containers": [{"name": "c", "image": "none"}]}}));
    for namespace in ["default", "payments", "vault"] {
        server.create(
            &json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"of": format!("the-map-of-{namespace}")},
            "metadata": {"name": "map", "namespace": namespace}}),
        );
    }
    server
});

/// A node without an agent, which asks the API server.
fn with_api() -> Node {
    reference_node().with("kubernetes", json!({"kubeconfig": SERVER.kubeconfig()}))
}

/// A node that asks only its agent.
fn with_agent() -> Node {
    let node = reference_node();
    let socket = node.dir().join("agent.sock");
    node.with("agent", json!(socket)).with("pods", json!(["runtime", "agent"]))
}

/// Starts the agent, and waits until it answers: otherwise the plugin would go on without it.
fn started(node: &Node) -> Agent<'_> {
    let agent = Agent::start(node, &SERVER.kubeconfig());
    let socket = node.dir().join("agent.sock");
    agent.eventually("the agent's socket", || if socket.exists() { json!(true) } else { Value::Null });
    agent
}

fn asking(module: &Path, grant: &Value, object: &Value) -> Value {
    let mut entry = with_grant(module, grant);
    entry["settings"] = json!({"ask": [object], "tell": true});
    entry
}

/// An ADD of a pod in `default`. Its selector asks for an object, and refuses with what it was
/// told.
fn ask(node: &Node, module: &Path, grant: &Value, object: &Value) -> Answer {
    let args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=asks";
    node.add().args(args).annotations(&[]).key("selectors", json!([asking(module, grant, object)])).run()
}

fn object(api_version: &str, kind: &str, namespace: &str, name: &str) -> Value {
    json!({"api-version": api_version, "kind": kind, "namespace": namespace, "name": name})
}

/// The paths of all requests but the server's own.
fn paths() -> Vec<String> {
    let of = |request: &Value| request["requestURI"].as_str().unwrap_or_default().to_owned();
    let audit = SERVER.audit();
    audit.iter().filter(|request| request["user"]["username"] != "system:apiserver").map(of).collect()
}

/// Checks that nothing is attached. (Where an agent runs, a refusal stays until it is an event.)
#[track_caller]
fn assert_nothing_attached(node: &Node) {
    for kept in ["records", "locks"] {
        let files = fs::read_dir(node.state_dir().join(kept)).map_or(0, Iterator::count);
        assert_eq!(files, 0, "{kept}");
    }
}

/// Attempts to read an object that no selector may read, each with the grant that it relies on.
fn attacks() -> Vec<(Value, Value)> {
    let networks =
        |namespace: &str, name: &str| object("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", namespace, name);
    vec![
        (json!(["cluster"]), networks("vault/pods?limit=500&x=", "n")),
        (json!(["cluster"]), networks("default", "../../../../../../api/v1/namespaces/vault/secrets/token")),
        (
            json!(["cluster"]),
            object("../api/v1/namespaces/vault/secrets/token?/v1", "NetworkAttachmentDefinition", "a", "n"),
        ),
        (json!([{"cluster": ["v1/ConfigMap"]}]), object("v1", "ConfigMap", "vault/secrets/token?x=", "map")),
        (
            json!([{"cluster": ["v1/ConfigMap"]}]),
            object("v1", "ConfigMap", "default", "..%2f..%2fvault%2fsecrets%2ftoken"),
        ),
        (json!([{"cluster": ["v1/ConfigMap"]}]), object("v1", "Namespaces/vault/secrets/token?x=", "default", "map")),
        (
            json!([{"cluster": {"kinds": ["v1/ConfigMap"], "namespaces": ["*"]}}]),
            object("v1", "SECRET", "vault", "token"),
        ),
    ]
}

#[track_caller]
fn attack(node: &Node, module: &Path) {
    for (grant, object) in attacks() {
        let answer = ask(node, module, &grant, &object);
        answer.error_code(SELECTOR).says(&["asked for what has no such name"]);
        let told = format!("{}{}", answer.stdout, answer.stderr);
        assert!(!told.contains(SECRET) && !told.contains("PodList"), "{object}: {told}");
    }
    let reached = paths().into_iter().filter(|path| path.contains("vault/pods") || path.contains("secrets"));
    let reached: Vec<_> = reached.filter(|path| !path.contains("fieldManager")).collect();
    assert_eq!(reached, Vec::<String>::new());
    assert_nothing_attached(node);
}

#[track_caller]
fn read_what_is_granted(node: &Node, module: &Path) {
    let own = json!([{"cluster": ["v1/ConfigMap"]}]);
    let both = json!([{"cluster": {"kinds": ["v1/ConfigMap"], "namespaces": ["payments"]}}]);
    let map = |namespace| object("v1", "ConfigMap", namespace, "map");
    ask(node, module, &own, &map("default")).error_code(DENIED).says(&["the-map-of-default"]);
    ask(node, module, &both, &map("payments")).error_code(DENIED).says(&["the-map-of-payments"]);
    ask(node, module, &own, &object("v1", "ConfigMap", "default", "none")).error_code(DENIED).says(&["nothing"]);
    ask(node, module, &own, &map("payments")).error_code(OPERATOR).says(&[
        "asked for ConfigMap payments/map of v1",
        r#"{"cluster":{"kinds":["v1/ConfigMap"],"namespaces":["payments"]}}] in its entry"#,
    ]);
    ask(node, module, &both, &map("vault")).error_code(OPERATOR).says(&["vault"]);
    let ungranted = ask(node, module, &json!(["cluster"]), &map("default"));
    ungranted
        .error_code(OPERATOR)
        .says(&["asking", r#""grant": ["cluster", {"cluster":["v1/ConfigMap"]}] in its entry"#]);
    assert_nothing_attached(node);
}

#[test]
fn what_a_selector_names_is_no_part_of_an_address() {
    let node = with_api();
    attack(&node, &node.guest("asking"));
    let node = with_agent();
    let _agent = started(&node);
    attack(&node, &node.guest("asking"));
}

#[test]
fn a_selector_reads_what_it_is_granted_and_the_operator_is_told_what_is_not() {
    let node = with_api();
    read_what_is_granted(&node, &node.guest("asking"));
    let node = with_agent();
    let _agent = started(&node);
    read_what_is_granted(&node, &node.guest("asking"));
}

/// The network that the namespace's label names, by the built-in `rules` and by a module.
#[track_caller]
fn read_the_namespaces_labels(node: &Node) {
    let module = with_grant(&node.guest("namespaced"), &json!([{"cluster": ["v1/Namespace"]}]));
    let rules = json!({"module": "rules", "settings": {"rules": [{"networksFrom": {"namespaceLabel": "network"}}]}});
    for (container, entry) in [("module", module), ("rules", rules)] {
        let selectors = json!([entry, {"module": "default-plugin"}]);
        for (namespace, expected) in [("labelled", "ADD weave-net@eth0"), ("payments", "ADD calico@eth0")] {
            let args = format!("IgnoreUnknown=1;K8S_POD_NAMESPACE={namespace};K8S_POD_NAME=asks");
            let add = node.add().container(&format!("{container}-{namespace}")).args(&args);
            add.annotations(&[]).key("selectors", selectors.clone()).run().ok();
            assert_eq!(node.trace().first().map(String::as_str), Some(expected), "{container} {namespace}");
        }
        let args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=nowhere;K8S_POD_NAME=asks";
        let nowhere = node.add().args(args).annotations(&[]).key("selectors", selectors).run();
        nowhere.error_code(AGAIN).says(&["the namespace's labels: nothing is known of namespace \"nowhere\""]);
    }
}

fn with_grant(module: &Path, grant: &Value) -> Value {
    let mut entry = entry(module);
    entry["grant"] = grant.clone();
    entry
}

#[test]
fn the_labels_of_the_pods_namespace_come_from_the_api_server_or_the_agent() {
    let label = json!({"apiVersion": "v1", "kind": "Namespace",
        "metadata": {"name": "labelled", "labels": {"network": "weave"}}});
    SERVER.create(&label);
    read_the_namespaces_labels(&with_api());
    let node = with_agent();
    let _agent = started(&node);
    read_the_namespaces_labels(&node);
}

/// The questions and the error of this selector cross two pipes.
#[test]
fn a_selector_in_a_child_gets_no_more() {
    let node = with_api();
    let module = copied(&node, guests::wasi_component("asking"));
    attack(&node, &module);
    read_what_is_granted(&node, &module);
}

fn copied(node: &Node, module: PathBuf) -> PathBuf {
    let to = node.dir().join("modules/asking.wasm");
    fs::copy(module, &to).expect("a module can be copied");
    to
}

/// An object of a megabyte in the namespace `default`.
fn large() -> Value {
    let name = "large";
    if SERVER.get(&["configmap", name]).is_null() {
        SERVER.create(&json!({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name},
            "data": {"a": "x".repeat(1_000_000)}}));
    }
    object("v1", "ConfigMap", "default", name)
}

/// An ADD whose selector reads a megabyte this many times. Returns the plugin's peak of memory,
/// too, in KiB.
fn read_much(node: &Node, module: &Path, times: usize) -> (Answer, u64) {
    let mut asking = asking(module, &json!([{"cluster": ["v1/ConfigMap"]}]), &large());
    asking["settings"] = json!({"ask": asking["settings"]["ask"], "times": times, "networks": ["weave"]});
    let report = node.dir().join("peak");
    let time = ["time", "--quiet", "--format=%M", "--output", &report.display().to_string()];
    let args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=asks";
    let add = node.add().args(args).annotations(&[]).key("selectors", json!([asking]));
    let answer = add.through(&time).run();
    let peak = fs::read_to_string(report).unwrap();
    (answer, peak.trim().parse().expect("time reports KiB"))
}

#[test]
fn what_is_asked_and_answered_is_bounded_in_sum() {
    let agent_node = with_agent();
    let agent = started(&agent_node);
    for node in [&with_api(), &agent_node] {
        let module = node.guest("asking");
        // The first of both calls compiles the selector.
        for _ in 0..2 {
            let (answer, peak) = read_much(node, &module, 256);
            answer.error_code(SELECTOR).says(&["over the limit of 4Mi", "limits.facts_bytes"]);
            assert!(peak < SELECTOR_MEMORY + OWN_MEMORY, "the plugin took {peak} KiB");
            assert_eq!(node.trace(), [""; 0]);
            assert_nothing_attached(node);
        }
    }
    assert!(agent.peak() < SELECTOR_MEMORY, "the agent took {} KiB", agent.peak());
}

#[test]
fn of_what_was_read_the_record_holds_a_digest() {
    let node = with_api();
    let (answer, _) = read_much(&node, &node.guest("asking"), 3);
    answer.ok();
    let records: Vec<_> = fs::read_dir(node.state_dir().join("records")).unwrap().flatten().collect();
    assert_eq!(records.len(), 1);
    let size = records[0].metadata().unwrap().len();
    assert!(size < 16 << 10, "the record has {size} bytes");
    let state = node.state_dir().display().to_string();
    let told = node.genie_host(&["records", "--output", "json", "--state-dir", &state]).json();
    let answers = &told["records"][0]["decision"]["trace"][0]["asked"];
    assert_eq!(answers.as_array().map(Vec::len), Some(3));
    let digest = &answers[0]["digest"];
    assert!(digest["bytes"].as_u64().is_some_and(|bytes| bytes > 1_000_000), "{digest}");
    assert_eq!(digest["sha256"].as_str().map(str::len), Some(64));
}
