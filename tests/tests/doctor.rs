//! `genie-host doctor` as an operator runs it, with a real plugin and a real API server.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::time::{Duration, Instant};

use genie_tests::apiserver::ApiServer;
use genie_tests::fixture::node_with;
use genie_tests::{Answer, Node, programs};
use serde_json::{Value, json};

/// A node on which nothing is wrong.
fn good_node() -> Node {
    let node = node_with("1.1.0", &["some-net"]).with("agent", json!("/run/genie-nowhere/agent.sock"));
    for program in ["genie", "genie-host"] {
        symlink(programs::dist(program), node.bin().join(program)).unwrap();
    }
    node
}

fn doctor(node: &Node) -> (Answer, Value) {
    let (conf_dir, bin) = (node.conf_dir().display().to_string(), node.bin().display().to_string());
    let answer = node.genie_host(&["doctor", "--conf-dir", &conf_dir, "--bin-dir", &bin, "-o", "json"]);
    let told = serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    (answer, told)
}

/// The findings of an area, as `level what`.
fn of(told: &Value, area: &str) -> Vec<String> {
    let findings = told["findings"].as_array().unwrap().iter().filter(|finding| finding["area"] == area);
    findings
        .map(|finding| format!("{} {}", finding["level"].as_str().unwrap(), finding["what"].as_str().unwrap()))
        .collect()
}

#[test]
fn the_exit_status_tells_whether_pods_would_get_their_networks() {
    let node = good_node();
    let (answer, told) = doctor(&node);
    assert_eq!((answer.status, &told["failures"]), (Some(0), &json!(0)), "{answer:?}");
    assert!(of(&told, "plugin")[0].starts_with("ok "), "{told:#}");
    assert!(of(&told, "agent")[0].starts_with("warn no agent listens"), "{told:#}");

    fs::remove_file(node.bin().join("some-net")).unwrap();
    let (answer, told) = doctor(&node);
    assert_eq!(answer.status, Some(1), "{answer:?}");
    assert!(of(&told, "networks")[0].contains("failed to find plugin \"some-net\""), "{told:#}");
    assert!(of(&told, "plugin")[0].contains("is not ready: "), "the plugin says the same: {told:#}");
}

#[test]
fn a_container_that_is_attached_is_sound() {
    let node = good_node();
    node.add().run().ok();
    let (answer, told) = doctor(&node);
    // The recorder makes no interface, and the container's namespace does not exist.
    let found = of(&told, "records");
    assert!(
        matches!(&found[..], [one] if one.starts_with("warn 1 containers have no network namespace")),
        "{answer:?}"
    );
    node.del().run().ok();
    assert_eq!(of(&doctor(&node).1, "records"), ["ok 0 containers are attached as recorded"]);
}

#[test]
fn from_within_a_container_it_looks_at_the_host() {
    let host = tempfile::tempdir().unwrap();
    let conf_dir = host.path().join("etc/cni/net.d");
    fs::create_dir_all(&conf_dir).unwrap();
    let own = json!({"cniVersion": "1.0.0", "name": "n", "type": "genie"});
    fs::write(conf_dir.join("00-genie.conf"), own.to_string()).unwrap();
    // A link of the host leads to a place of the host.
    symlink("/etc", host.path().join("config")).unwrap();
    let root = host.path().display().to_string();
    for dir in ["/etc/cni/net.d", "/config/cni/net.d"] {
        let answer = Node::new().genie_host(&["doctor", "--host-root", &root, "--conf-dir", dir]);
        assert_eq!(answer.status, Some(1), "{answer:?}");
        let first = answer.stdout.lines().next().unwrap_or_default();
        assert_eq!(first, format!("ok    configuration  {dir}/00-genie.conf comes first: the runtime uses it"));
        assert!(answer.stdout.contains("failed to find plugin \"genie\" in path [/opt/cni/bin]"), "{answer:?}");
    }
}

/// Runs `doctor` until the API server allows what begins with `allows`. The server learns of roles
/// with some delay, even of its own.
#[track_caller]
fn doctor_until(node: &Node, allows: &str) -> (Answer, Value) {
    let deadline = Instant::now() + Duration::from_secs(30);
    loop {
        let (answer, told) = doctor(node);
        let api = of(&told, "api");
        if api.last().is_some_and(|last| last.starts_with(allows)) {
            return (answer, told);
        }
        assert!(Instant::now() < deadline, "{allows:?}: {api:?}");
    }
}

#[test]
fn what_the_api_server_allows() {
    let server = ApiServer::start();
    let node = good_node();
    let kubeconfig = node.dir().join("kubeconfig");
    let node = node.with("kubernetes", json!({"kubeconfig": kubeconfig}));
    let write = |token: &str| {
        let text = fs::read_to_string(server.kubeconfig()).unwrap();
        let mut config: Value = serde_json::from_str(&text).unwrap();
        config["users"][0]["user"] = json!({"token": token});
        fs::write(&kubeconfig, config.to_string()).unwrap();
        fs::set_permissions(&kubeconfig, fs::Permissions::from_mode(0o600)).unwrap();
    };
    server.kubectl(&["create", "serviceaccount", "genie", "-n", "kube-system"]);
    let token = server.kubectl(&["create", "token", "genie", "-n", "kube-system"]);
    write(token.trim());
    let denied = "warn it does not allow: get pods (";
    let (answer, told) = doctor_until(&node, denied);
    assert_eq!(of(&told, "credentials"), ["ok there, for root alone, and not expired"]);
    assert!(of(&told, "api")[0].starts_with("ok it answers"), "{told:#}");
    assert!(!format!("{answer:?}").contains(token.trim()), "a token is told");

    server.create(&json!({
        "apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole", "metadata": {"name": "genie"}, "rules": [
            {"apiGroups": [""], "resources": ["pods"], "verbs": ["get", "list", "watch"]},
            {"apiGroups": [""], "resources": ["pods/status"], "verbs": ["patch"]},
            {"apiGroups": [""], "resources": ["events"], "verbs": ["create", "patch"]},
            {"apiGroups": [""], "resources": ["nodes", "namespaces"], "verbs": ["get"]},
            {"apiGroups": ["k8s.cni.cncf.io"], "resources": ["network-attachment-definitions"],
             "verbs": ["get", "list", "watch"]},
        ],
    }));
    let bind = "--serviceaccount=kube-system:genie";
    server.kubectl(&["create", "clusterrolebinding", "genie", "--clusterrole=genie", bind]);
    doctor_until(&node, "ok it allows all that is needed");

    // A shell's proxies and authorities are unknown to calls.
    let (conf_dir, bin) = (node.conf_dir().display().to_string(), node.bin().display().to_string());
    let mut shell = std::process::Command::new(programs::dist("genie-host"));
    shell.args(["doctor", "--conf-dir", &conf_dir, "--bin-dir", &bin]);
    shell.env("HTTPS_PROXY", "http://127.0.0.1:1").env("https_proxy", "no url").env("SSL_CERT_FILE", "/nonexistent");
    let told = String::from_utf8(shell.output().unwrap().stdout).unwrap();
    assert!(told.contains("ok    api            it answers"), "{told}");

    write("nobody's");
    let (answer, told) = doctor(&node);
    assert_eq!(answer.status, Some(1));
    assert!(of(&told, "api")[0].starts_with("fail the API server is of no use: Unauthorized"), "{told:#}");
}
