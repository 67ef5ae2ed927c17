//! A node without an agent, whose runtime hands over no annotations: a child of the plugin asks a
//! real API server.

use std::fs;
use std::sync::LazyLock;

use genie_tests::apiserver::ApiServer;
use genie_tests::fixture::reference_node;
use genie_tests::{Call, Node};
use serde_json::{Value, json};

/// The code `Try again later`, with which the pod waits.
const TRY_AGAIN: u64 = 11;

/// The server of all tests. Each test has its own pods.
static SERVER: LazyLock<ApiServer> = LazyLock::new(ApiServer::start);

fn node(kubernetes: &Value) -> Node {
    reference_node().with("kubernetes", kubernetes.clone())
}

/// Creates a pod with the annotation `cni`, and returns its uid.
fn pod(name: &str, networks: &str) -> String {
    let pod = SERVER.create(&json!({
        "apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": name, "namespace": "default", "annotations": {"cni": networks}},
        "spec": {"containers": [{"name": "c", "image": "none"}]},
    }));
    pod["metadata"]["uid"].as_str().unwrap().to_owned()
}

fn add<'a>(node: &'a Node, name: &str, uid: &str) -> Call<'a> {
    node.add().args(&format!("IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME={name};K8S_POD_UID={uid}"))
}

/// A value of the kubeconfig's only user or only cluster.
fn credential(section: &str, entry: &str, key: &str) -> Value {
    let config: Value = serde_json::from_str(&SERVER.kubectl(&["config", "view", "--raw", "-o", "json"])).unwrap();
    config[section][0][entry][key].clone()
}

#[test]
fn the_api_server_tells_the_annotation() {
    let node = node(&json!({"kubeconfig": SERVER.kubeconfig()}));
    let uid = pod("told", "weave");
    add(&node, "told", &uid).run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
}

#[test]
fn cni_genies_own_keys_are_enough() {
    let root = format!("{}/api/v1/", SERVER.url());
    let node = node(&json!({"k8s_api_root": root})).with(
        "policy",
        json!({
            "type": "k8s", "k8s_auth_token": credential("users", "user", "token"),
            "k8s_certificate_authority": credential("clusters", "cluster", "certificate-authority"),
        }),
    );
    let uid = pod("own-keys", "weave");
    add(&node, "own-keys", &uid).run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
}

#[test]
fn another_pod_of_that_name_has_no_say() {
    let node = node(&json!({"kubeconfig": SERVER.kubeconfig()}));
    pod("another", "weave");
    let answer = add(&node, "another", "4f6b9f0e-0000-4000-8000-000000000000").run();
    answer.error_code(TRY_AGAIN).says(&[
        "default/another",
        "another one by now",
        "4f6b9f0e-0000-4000-8000-000000000000",
    ]);
    assert_eq!(node.trace(), [""; 0]);
}

#[test]
fn a_server_that_the_authority_does_not_vouch_for_is_not_believed() {
    let node = node(&json!({"k8s_api_root": SERVER.url()}));
    let other = node.dir().join("other-ca");
    let made = std::process::Command::new("openssl")
        .args(["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=other", "-keyout", "/dev/null", "-out"])
        .arg(&other)
        .output();
    assert!(made.is_ok_and(|made| made.status.success()));
    let token = credential("users", "user", "token");
    let node = node.with("policy", json!({"type": "k8s", "k8s_auth_token": token, "k8s_certificate_authority": other}));
    let uid = pod("not-believed", "weave");
    let answer = add(&node, "not-believed", &uid).run();
    answer.error_code(TRY_AGAIN).says(&["default/not-believed", "certificate"]);
    let told = format!("{}{}", answer.stdout, answer.stderr);
    assert!(!told.contains(token.as_str().unwrap()), "the token is told");
    assert_eq!(node.trace(), [""; 0]);
}

#[test]
fn a_server_that_is_not_there_lets_the_pod_wait() {
    let kubeconfig = fs::read_to_string(SERVER.kubeconfig()).unwrap();
    let node = reference_node();
    let gone = node.dir().join("kubeconfig");
    // Nothing listens on port 1.
    fs::write(&gone, kubeconfig.replace(&SERVER.url(), "https://127.0.0.1:1")).unwrap();
    let node = node.with("kubernetes", json!({"kubeconfig": gone}));
    let answer = add(&node, "anyone", "4f6b9f0e-0000-4000-8000-000000000001").run();
    answer.error_code(TRY_AGAIN).says(&["default/anyone", "127.0.0.1:1"]);
    assert_eq!(node.trace(), [""; 0]);
}

#[test]
fn a_refusal_is_told_in_the_servers_words() {
    let node = node(&json!({"k8s_api_root": SERVER.url()})).with(
        "policy",
        json!({"k8s_auth_token": "wrong", "k8s_certificate_authority": credential("clusters", "cluster", "certificate-authority")}),
    );
    let answer = add(&node, "anyone", "4f6b9f0e-0000-4000-8000-000000000002").run();
    answer.error_code(TRY_AGAIN).says(&["default/anyone", "Unauthorized"]);
    assert_eq!(node.trace(), [""; 0]);
}
