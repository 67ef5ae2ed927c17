//! GC: what the runtime knows no more is undone, and what may be in use is left alone.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use genie_core::record::Header;
use genie_tests::fixture::node_with;
use genie_tests::{Node, Script, Verb};
use serde_json::{Value, json};

const NO_DELEGATE: [&str; 0] = [];

/// A node with the networks `a` and `b`, of a plugin each, which take GC.
fn node_with_two() -> Node {
    let node = Node::new().with("cniVersion", json!("1.1.0"));
    for name in ["a", "b"] {
        node.network(&format!("{name}.conflist"), &network(name));
    }
    node.recorders(&["a", "b"]);
    node
}

fn network(name: &str) -> Value {
    json!({"cniVersion": "1.1.0", "name": name, "plugins": [{"type": name}]})
}

/// The runtime's list with these containers.
fn with_eth0_of(containers: &[&str]) -> Value {
    containers.iter().map(|id| json!({"containerID": id, "ifname": "eth0"})).collect()
}

/// What each plugin was told in the last GC, as `CONTAINER/INTERFACE`.
fn told(node: &Node) -> BTreeMap<String, Vec<String>> {
    let calls = node.calls().into_iter().filter(|call| call.verb == "GC");
    let told = calls.map(|call| {
        assert_eq!(call.stdin["cni.dev/attachments"], call.stdin["cni.dev/valid-attachments"]);
        let entries = call.stdin["cni.dev/valid-attachments"].as_array().expect("a list");
        let text = |entry: &Value, key: &str| entry[key].as_str().expect("text").to_owned();
        let entries = entries.iter().map(|entry| format!("{}/{}", text(entry, "containerID"), text(entry, "ifname")));
        (call.kind, entries.collect())
    });
    told.collect()
}

fn gc(node: &Node, valid: Value) {
    node.call(Verb::Gc).key("cni.dev/valid-attachments", valid).run().ok();
}

#[test]
fn gc_with_null_or_an_empty_list_takes_everything_and_without_the_key_nothing() {
    for (valid, left) in [(Some(Value::Null), 0), (Some(json!([])), 0), (None, 2)] {
        let node = node_with("1.1.0", &["a"]);
        for id in ["one", "two"] {
            node.add().container(id).run().ok();
        }
        match valid {
            Some(valid) => gc(&node, valid),
            None => _ = node.call(Verb::Gc).run().ok(),
        }
        let records = node.state_files().iter().filter(|file| file.starts_with("records")).count();
        assert_eq!(records, left);
    }
}

#[test]
fn gc_leaves_the_records_of_other_configurations_alone() {
    let node = node_with("1.1.0", &["a"]);
    node.add().key("name", json!("another")).run().ok();
    gc(&node, json!([]));
    assert!(node.record_file("c1", "eth0").exists());
}

#[test]
fn gc_tells_the_delegates_every_interface_that_stays() {
    let node = node_with("1.1.0", &["a"]);
    node.add().cni("net,net").run().ok();
    node.trace();
    gc(&node, json!([{"containerID": "c1", "ifname": "eth0"}]));
    let call = node.calls().pop().unwrap();
    let stays = &call.stdin["cni.dev/valid-attachments"];
    for interface in ["eth0", "eth1"] {
        let entry = json!({"containerID": "c1", "ifname": interface});
        assert!(stays.as_array().unwrap().contains(&entry), "{interface} of c1 would be collected: {stays}");
    }
}

#[test]
fn gc_goes_around_a_damaged_record_and_tells() {
    let node = node_with("1.1.0", &["a"]);
    for id in ["bad", "stale"] {
        node.add().container(id).run().ok();
    }
    fs::write(node.record_file("bad", "eth0"), "rubbish").unwrap();
    let answer = node.call(Verb::Gc).key("cni.dev/valid-attachments", json!([])).run();
    answer.error().says(&["bad@eth0"]);
    assert!(!node.record_file("stale", "eth0").exists());
}

/// Without these, a delegate would free what a running pod has, at an upgrade that gives the
/// configuration another name.
#[test]
fn gc_keeps_what_was_attached_under_another_name() {
    let node = node_with_two();
    node.add().cni("a,b@net1").key("name", json!("another")).run().ok();
    node.trace();
    gc(&node, with_eth0_of(&["c1"]));
    let told_both = told(&node).into_values().collect::<Vec<_>>();
    assert_eq!(told_both, [["c1/eth0", "c1/net1"]; 2]);
    // The runtime's list of one configuration says nothing of the pods of another.
    gc(&node, json!([]));
    assert_eq!(told(&node)["b"], ["c1/eth0", "c1/net1"]);
}

#[test]
fn gc_keeps_what_the_runtime_attached_without_us() {
    let node = node_with_two();
    let attached = |container: &str, netns: &Path| {
        node.libcni_file("b", container, "net1", &network("b"), &json!({"netns": netns}));
    };
    // The runtime knows one pod; of another, only its namespace is there.
    attached("known", Path::new("/gone"));
    attached("there", node.dir());
    attached("gone", Path::new("/gone"));
    gc(&node, with_eth0_of(&["known"]));
    assert_eq!(told(&node)["b"], ["known/eth0", "known/net1", "there/net1"]);
}

#[test]
fn gc_keeps_what_it_could_not_undo() {
    let node = node_with_two();
    node.add().cni("a,b@net1").run().ok();
    node.script("b", Verb::Del, Script::new().error(99, "not today"));
    node.call(Verb::Gc).key("cni.dev/valid-attachments", json!([])).run().error_code(99).says(&["not today"]);
    assert_eq!(told(&node)["b"], ["c1/eth0", "c1/net1"]);
    node.script("b", Verb::Del, Script::new());
    gc(&node, json!([]));
    assert_eq!(told(&node)["b"], [""; 0]);
}

/// Makes the record of `c1` one of a build with another format.
fn of_newer_format(node: &Node) {
    let mut header: Header = serde_json::from_value(node.record("c1", "eth0").swap_remove(0)).unwrap();
    header.version = 99;
    fs::write(node.record_file("c1", "eth0"), header.line().unwrap()).unwrap();
}

fn damaged(node: &Node) {
    fs::write(node.record_file("c1", "eth0"), "rubbish").unwrap();
}

/// A CHECK has found it, and the pod still runs.
fn put_aside(node: &Node) {
    damaged(node);
    node.call(Verb::Check).run().error_code(104);
}

fn torn_file_of_libcni(node: &Node) {
    let file = node.libcni_file("b", "c2", "net1", &network("b"), &json!({}));
    fs::write(file, "{\"kind\":").unwrap();
}

#[test]
fn gc_asks_no_delegate_while_something_cannot_be_read() {
    type Spoil = fn(&Node);
    let cases: [(Spoil, &str); 4] = [
        (of_newer_format, "records/c1@eth0.json"),
        (damaged, "records/c1@eth0.json"),
        (put_aside, "damaged/c1@eth0.json.0"),
        (torn_file_of_libcni, "results/b-c2-net1"),
    ];
    for (spoil, file) in cases {
        let node = node_with_two();
        node.add().cni("a,b@net1").run().ok();
        node.add().container("stale").cni("a").run().ok();
        spoil(&node);
        node.trace();
        let call = node.call(Verb::Gc).key("cni.dev/valid-attachments", with_eth0_of(&["c1"]));
        call.run().error_code(104).says(&[file, "were not asked for GC"]);
        assert_eq!(node.trace(), ["DEL a@eth0"], "what the runtime knows no more is undone all the same");
    }
}

#[test]
fn gc_knows_our_own_attachment_from_its_record_and_needs_no_file_of_libcni() {
    let node = node_with_two();
    node.add().cni("a,b@net1").run().ok();
    let file = node.libcni_file("k8s-pod-network", "c1", "eth0", &network("b"), &json!({}));
    fs::write(file, "").unwrap();
    gc(&node, with_eth0_of(&["c1"]));
    assert_eq!(told(&node)["b"], ["c1/eth0", "c1/net1"]);
}

#[test]
fn a_damaged_file_of_libcni_is_no_error_where_no_network_takes_gc() {
    let node = node_with("1.0.0", &["a"]).with("cniVersion", json!("1.1.0"));
    torn_file_of_libcni(&node);
    gc(&node, json!([]));
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn gc_undoes_records_without_a_conf_dir_that_can_be_read() {
    let node = node_with_two();
    node.add().cni("a,b@net1").run().ok();
    fs::remove_dir_all(node.conf_dir()).unwrap();
    fs::write(node.conf_dir(), "").unwrap();
    let answer = node.call(Verb::Gc).key("cni.dev/valid-attachments", json!([])).run();
    answer.error().says(&[&node.conf_dir().display().to_string()]);
    assert!(!node.record_file("c1", "eth0").exists());
}

#[test]
fn in_gc_what_hangs_leaves_other_containers_and_networks_their_time() {
    let node = node_with_two().with("timeout", json!("4s"));
    node.add().container("c0").cni("a,b@net1").run().ok();
    for id in ["c1", "c2"] {
        node.add().container(id).cni("a").run().ok();
    }
    for verb in [Verb::Del, Verb::Gc] {
        node.script("b", verb, Script::new().hang());
    }
    node.trace();
    let answer = node.call(Verb::Gc).key("cni.dev/valid-attachments", json!([])).run();
    answer.error_code(11).says(&["network \"b\" on net1", "did not finish"]);
    let expected = ["DEL b@net1", "DEL a@eth0", "DEL a@eth0", "DEL a@eth0", "GC a", "GC b"];
    assert_eq!(node.trace(), expected);
    assert!(node.record_file("c0", "eth0").exists());
    assert!(!node.record_file("c1", "eth0").exists() && !node.record_file("c2", "eth0").exists());
}
