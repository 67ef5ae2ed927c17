//! What the runtime attached without us is undone as its own plugins would do it, from libcni's own
//! files. Here the real cnitool writes them.

use std::fs;
use std::path::PathBuf;

use genie_tests::netns::Namespace;
use genie_tests::real::World;
use genie_tests::{Node, Script, Verb, base64, fixture::reference_node};
use serde_json::{Value, json};

const NO_DELEGATE: [&str; 0] = [];

fn results(node: &Node) -> Vec<PathBuf> {
    let entries = fs::read_dir(node.dir().join("cni/results")).into_iter().flatten().flatten();
    let mut files: Vec<_> = entries.map(|entry| entry.path()).collect();
    files.sort();
    files
}

/// libcni's container id for a namespace that cnitool attaches.
fn container(node: &Node) -> String {
    let files = results(node);
    let [file] = files.as_slice() else { panic!("one file: {files:?}") };
    let cached: Value = serde_json::from_slice(&fs::read(file).unwrap()).unwrap();
    cached["containerId"].as_str().unwrap().to_owned()
}

#[test]
fn a_pod_of_before_our_time_leaves_neither_address_nor_interface() {
    let (world, pod) = (World::new("1.0.0"), Namespace::new());
    let ports = json!({"portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]});
    let capabilities = ports.to_string();
    world.node.cnitool_of("red", "add", &pod, &[("CAP_ARGS", &capabilities)]).ok();
    assert!(!world.leases().is_empty() && !world.rules().is_empty());
    let id = container(&world.node);
    let conf_dir = world.node.conf_dir().display().to_string();
    let told = world.node.genie_host(&["doctor", "--conf-dir", &conf_dir]).stdout;
    assert!(told.contains("1 containers were attached without genie: ") && told.contains(&id[..13]), "{told}");
    // Only libcni's file is left of the networks.
    world.node.remove_network("10-red.conflist").remove_network("10-blue.conflist");
    world.node.del().container(&id).netns(pod.path()).run().ok();
    world.assert_nothing_left(&[&pod]);
    assert_eq!(results(&world.node), Vec::<PathBuf>::new());
    world.node.del().container(&id).netns(pod.path()).run().ok();
}

#[test]
fn neither_does_one_whose_namespace_is_gone() {
    let (world, pod) = (World::new("1.0.0"), Namespace::new());
    world.node.cnitool_of("red", "add", &pod, &[]).ok();
    let id = container(&world.node);
    drop(pod);
    world.node.del().container(&id).netns("").run().ok();
    assert_eq!(world.leases(), Vec::<String>::new());
    assert_eq!(results(&world.node), Vec::<PathBuf>::new());
}

/// A file as libcni writes it, for eth0.
fn cache(node: &Node, name: &str, container: &str, config: &Value) -> PathBuf {
    let kept = json!({
        "cniArgs": [["IgnoreUnknown", "1"], ["K8S_POD_NAME", "before"]],
        "capabilityArgs": {"portMappings": [{"hostPort": 1}]},
        "result": {"cniVersion": "0.3.1", "interfaces": [{"name": "eth0", "sandbox": "/ns"}], "dns": {}},
    });
    node.libcni_file(name, container, "eth0", config, &kept)
}

fn calico() -> Value {
    json!({"cniVersion": "0.4.0", "name": "of-before", "plugins": [
        {"type": "calico", "mtu": 1440}, {"type": "portmap", "capabilities": {"portMappings": true}},
    ]})
}

#[test]
fn its_plugins_get_what_they_got_when_they_attached_it() {
    let node = reference_node();
    let file = cache(&node, "of-before", "c1", &calico());
    let of_others = [cache(&node, "of-before", "c2", &calico()), cache(&node, "of-before", "0-c1", &calico())];
    node.del().run().ok();
    let calls = node.calls();
    let kinds: Vec<_> = calls.iter().map(genie_tests::Recorded::summary).collect();
    assert_eq!(kinds, ["DEL portmap@eth0", "DEL calico@eth0"]);
    for call in &calls {
        assert_eq!(call.var("CNI_ARGS"), "IgnoreUnknown=1;K8S_POD_NAME=before");
        assert_eq!(call.stdin["name"], "of-before");
        assert_eq!(call.stdin["prevResult"]["interfaces"][0]["name"], "eth0");
    }
    assert_eq!(calls[0].stdin["runtimeConfig"], json!({"portMappings": [{"hostPort": 1}]}));
    assert_eq!(calls[1].stdin["mtu"], 1440);
    assert!(!file.exists());
    assert!(of_others.iter().all(|file| file.exists()));
}

#[test]
fn what_fails_is_told_and_tried_again() {
    let node = reference_node();
    let file = cache(&node, "of-before", "c1", &calico());
    node.script("calico", Verb::Del, Script::new().error(123, "not today"));
    node.del().run().error_code(123).says(&["of-before", "calico", "not today"]);
    assert!(file.exists());
    node.script("calico", Verb::Del, Script::new());
    node.del().run().ok();
    assert!(!file.exists());
    // What libcni wrote before 2020 does not say how to undo it.
    fs::write(&file, r#"{"cniVersion": "0.3.1", "dns": {}}"#).unwrap();
    node.del().run().ok();
}

/// What a libcni file looks like that cannot be used.
fn damaged_files() -> [String; 5] {
    let of_c1 = |config: &str| json!({"kind": "cniCacheV1", "containerId": "c1", "ifName": "eth0", "config": config});
    let unknown_version = base64(&json!({"cniVersion": "9.0.0", "name": "of-before", "type": "calico"}).to_string());
    [String::new(), "{\"kind\":".into(), "\0".repeat(512), of_c1("%").to_string(), of_c1(&unknown_version).to_string()]
}

#[test]
fn a_damaged_file_holds_up_one_call_and_is_kept_for_people() {
    for damaged in damaged_files() {
        let node = reference_node();
        let file = cache(&node, "of-before", "c1", &calico());
        fs::write(&file, &damaged).unwrap();
        // What can be undone is undone at once.
        cache(&node, "of-long-ago", "c1", &json!({"name": "of-long-ago", "type": "weave-net"}));
        let moved = node.state_dir().join("damaged/of-before-c1-eth0.0");
        let says = [file.display().to_string(), moved.display().to_string(), "the next call goes on".into()];
        node.del().run().error_code(104).says(&says.each_ref().map(String::as_str));
        assert_eq!(node.trace(), ["DEL weave-net@eth0"]);
        assert_eq!((fs::read_to_string(moved).unwrap(), file.exists()), (damaged, false));
        node.del().run().ok();
    }
}

#[test]
fn a_directory_in_its_place_is_nobodys_file() {
    let node = reference_node();
    let file = cache(&node, "of-before", "c1", &calico());
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    node.del().run().ok();
    assert!(file.is_dir());
}

#[test]
fn a_damaged_file_of_our_own_network_holds_up_nothing() {
    for damaged in damaged_files() {
        let node = reference_node();
        // The container's record is gone: the agent has undone what was attached before a power failure.
        let file = cache(&node, "k8s-pod-network", "c1", &calico());
        fs::write(&file, damaged).unwrap();
        node.del().run().ok();
        assert!(file.exists(), "it is the runtime's, which removes it after this");
    }
}

#[test]
fn a_damaged_file_of_another_container_holds_up_nothing() {
    let node = reference_node();
    let of_another = json!({"kind": "cniCacheV1", "containerId": "x-c1", "ifName": "eth0", "config": "%"}).to_string();
    let file = cache(&node, "of-before", "x-c1", &calico());
    fs::write(&file, of_another).unwrap();
    node.del().run().ok();
    assert!(file.exists());
    node.del().container("x-c1").run().error_code(104).says(&["of-before-x-c1-eth0"]);
}

#[test]
fn what_has_a_record_is_undone_by_it_alone() {
    let node = reference_node();
    let file = cache(&node, "of-before", "c1", &calico());
    node.add().cni("weave").run().ok();
    node.trace();
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL weave-net@eth0"]);
    assert!(file.exists());
}

#[test]
fn our_own_entry_in_a_list_is_left_out_and_what_is_ours_alone_is_nothing() {
    let node = reference_node();
    let mut drained = calico();
    drained["plugins"].as_array_mut().unwrap().push(json!({"type": "genie", "drain": true}));
    let file = cache(&node, "of-before", "c1", &drained);
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL portmap@eth0", "DEL calico@eth0"]);
    assert!(!file.exists());
    let file = cache(&node, "k8s-pod-network", "c1", &json!({"name": "k8s-pod-network", "type": "genie"}));
    node.del().run().ok();
    assert_eq!(node.trace(), NO_DELEGATE);
    assert!(file.exists(), "it is the runtime's, which removes it after this");
}

#[test]
fn the_other_plugins_of_our_own_list_are_the_runtimes() {
    let node = reference_node();
    let list = |own: Value| json!({"name": "k8s-pod-network", "plugins": [own, {"type": "weave-net"}]});
    let file = cache(&node, "k8s-pod-network", "c1", &list(json!({"type": "genie"})));
    node.del().run().ok();
    assert_eq!(node.trace(), NO_DELEGATE);
    assert!(file.exists(), "it is the runtime's, which removes it after this");
    // A list that we stood in while we were removed is none of ours after the next installation.
    cache(&node, "k8s-pod-network", "c1", &list(json!({"type": "genie", "drain": true})));
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL weave-net@eth0"]);
    assert!(!file.exists());
}

#[test]
fn one_that_hangs_leaves_the_others_their_time() {
    let node = reference_node().with("timeout", json!("2s"));
    for (name, kind) in [("a", "weave-net"), ("b", "calico"), ("c", "flannel")] {
        cache(&node, name, "c1", &json!({"name": name, "type": kind}));
    }
    node.script("weave-net", Verb::Del, Script::new().hang());
    node.del().run().error_code(11).says(&["weave-net", "did not finish"]);
    assert_eq!(node.trace(), ["DEL weave-net@eth0", "DEL calico@eth0", "DEL flannel@eth0"]);
    assert_eq!(results(&node).len(), 1);
}

#[test]
fn while_we_are_being_removed_the_lists_own_plugins_are_the_runtimes() {
    let node = reference_node();
    let file = cache(&node, "of-before", "c1", &calico());
    let other = cache(&node, "of-long-ago", "c1", &json!({"name": "of-long-ago", "type": "weave-net"}));
    node.del().key("name", json!("of-before")).key("drain", json!(true)).run().ok();
    assert_eq!(node.trace(), ["DEL weave-net@eth0"]);
    assert!(file.exists() && !other.exists());
}

#[test]
fn what_the_runtime_kept_under_our_name_goes_with_the_record() {
    let node = reference_node();
    node.add().cni("weave").run().ok();
    let ours = cache(&node, "k8s-pod-network", "c1", &json!({"name": "k8s-pod-network", "type": "genie"}));
    let others = cache(&node, "k8s-pod-network", "c2", &json!({"name": "k8s-pod-network", "type": "genie"}));
    node.del().key("name", json!("cbr0")).key("drain", json!(true)).run().ok();
    assert!(!ours.exists() && others.exists());
}
