//! Annotations by which a pod asks for networks, and which no selector reads. The pod starts without what it
//! asked for, so its owner is told, and the operator before that.

use std::fs;

use genie_tests::Node;
use genie_tests::fixture::reference_node;
use serde_json::{Value, json};

const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
const DEFAULT: &str = "v1.multus-cni.io/default-network";

/// The annotations, and the built-in selector that reads each.
const READERS: [(&str, &str); 4] = [
    (NETWORKS, "network-attachment"),
    (DEFAULT, "network-attachment"),
    ("cni", "annotation"),
    ("networks", "logical-network"),
];

/// A node with an agent's directories, and this chain.
fn node(selectors: &Value) -> Node {
    let node = reference_node().with("default_plugin", json!("weave")).with("selectors", selectors.clone());
    fs::create_dir_all(node.state_dir().join("spool")).unwrap();
    node
}

/// What becomes an event of a pod that starts with the default network alone. It is empty where there is none.
#[track_caller]
fn event(node: &Node, annotations: &[(&str, &str)]) -> String {
    node.add().annotations(annotations).run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
    node.del().run().ok();
    node.trace();
    let files = fs::read_dir(node.state_dir().join("spool")).unwrap().map(|file| file.unwrap().path());
    let Some(file) = files.into_iter().find(|file| file.extension().is_some_and(|end| end == "json")) else {
        return String::new();
    };
    let left: Value = serde_json::from_str(&fs::read_to_string(&file).unwrap()).unwrap();
    fs::remove_file(file).unwrap();
    assert_eq!(left["code"], 0, "{left}");
    left["message"].as_str().unwrap().to_owned()
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

/// A chain with an entry that is woken by another annotation than the one that it reads.
fn sleeping(reader: &str) -> Value {
    json!([{"module": reader, "wake": ["example.org/other"]}, {"module": "default-plugin"}])
}

/// What `doctor`, `test-selector` and the agent say of a chain, one after the other.
fn looked_at(selectors: &Value) -> [String; 3] {
    let node = node(selectors);
    let (conf_dir, bin) = (node.conf_dir().display().to_string(), node.bin().display().to_string());
    let doctor = node.genie_host(&["doctor", "--conf-dir", &conf_dir, "--bin-dir", &bin, "-o", "json"]);
    let found = doctor.json()["findings"].as_array().unwrap().clone();
    let warned = found.iter().filter(|finding| finding["level"] == "warn" && finding["area"] == "selectors");
    let doctor = warned.map(|finding| finding["what"].as_str().unwrap().to_owned()).collect::<String>();
    let asked = node.genie_host(&["test-selector", "--chain", "--conf-dir", &conf_dir]);
    assert_eq!(asked.status, Some(0), "{asked:?}");
    let cache = node.dir().join("cache").display().to_string();
    let configuration = format!("{}\n", Value::Object(node.config()));
    let approved = node.genie_host_reads(&["approve", "--cache-dir", &cache], &configuration);
    assert!(approved.status == Some(0) && !approved.stdout.contains("Error"), "{approved:?}");
    [doctor, asked.stdout, approved.stdout.replace("\\\"", "\"")]
}

#[test]
fn a_pod_that_no_selector_is_woken_for_is_told() {
    for (key, reader) in READERS {
        let node = node(&sleeping(reader));
        let told = event(&node, &[(key, "net-a")]);
        says(&told, &[&format!("the annotation {key} (\"net-a\") is not heeded"), "\"wake\"", reader]);
        assert_eq!(event(&node, &[("example.org/another", "net-a")]), "");
    }
}

#[test]
fn a_pod_that_asks_in_a_way_without_an_entry_is_told() {
    let node = node(&json!([{"module": "default-plugin"}]));
    for (key, reader) in READERS {
        says(&event(&node, &[(key, "net-a")]), &[key, "no selector", &json!({"module": reader}).to_string()]);
        assert_eq!(event(&node, &[(key, " ")]), "", "a blank one asks for nothing");
    }
    let both = event(&node, &[("cni", "calico"), (NETWORKS, "net-a")]);
    says(&both, &["the annotation cni", "the annotation k8s.v1.cni.cncf.io/networks"]);
}

#[test]
fn a_pod_that_is_decided_before_its_annotation_is_read_is_told() {
    for (key, reader) in READERS {
        let node = node(&json!([{"module": "default-plugin"}, {"module": reader}]));
        says(&event(&node, &[(key, "net-a")]), &[key, "\"default-plugin\" had decided"]);
    }
    // In the usual chain, the annotation that counts less.
    let node = reference_node().with("default_plugin", json!("weave"));
    let answer = node.add().annotations(&[("cni", "weave"), ("networks", "net1")]).run();
    answer.ok();
    says(&answer.stderr, &["the annotation networks (", "\"annotation\" had decided"]);
}

#[test]
fn a_wake_that_leaves_the_annotation_out_is_told_before_a_pod_comes() {
    for (key, reader) in READERS {
        for told in looked_at(&sleeping(reader)) {
            says(&told, &[reader, &format!("\"{key}\""), "its \"wake\" leaves that out"]);
        }
    }
    // Each of these is woken by all that its selector reads.
    let woken = json!([
        {"module": "network-attachment", "wake": ["example.org/other", NETWORKS]},
        {"module": "network-attachment", "wake": [DEFAULT]},
        {"module": "annotation"},
        {"module": "logical-network", "run": "shadow", "wake": ["example.org/other"]},
        {"module": "default-plugin"},
    ]);
    for told in looked_at(&woken) {
        assert!(!told.contains("leaves that out"), "{told}");
    }
}

#[test]
fn configure_warns_of_such_a_wake_and_prints_the_config_map() {
    let configuration = json!({"type": "genie", "selectors": sleeping("network-attachment")});
    let config_map = json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "genie-config"},
        "data": {"00-genie.conf": configuration.to_string()},
    });
    let arguments = ["configure", "network-attachment", "--settings", r#"{"interfaces": "eth"}"#];
    let told = reference_node().genie_host_reads(&arguments, &config_map.to_string());
    assert_eq!(told.status, Some(0), "{told:?}");
    assert_eq!(told.json()["kind"], "ConfigMap");
    says(&told.stderr, &["warning: ", NETWORKS, DEFAULT, "its \"wake\" leaves that out"]);
}
