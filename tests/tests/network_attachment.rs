//! NetworkAttachmentDefinitions that a pod's annotation names, through the built plugin. Rows are of
//! the multi-network standard's checklist; the selector's own tests have those of the annotation's text.

use std::fs;

use genie_tests::definitions::definition;
use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Call, Node, Recorded, Script, Verb};
use serde_json::{Value, json};

const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
const DEFAULT: &str = "v1.multus-cni.io/default-network";
const NO_DELEGATE: [&str; 0] = [];

/// The reference node with definitions in manifests:
///
/// - `neta`: one plugin that declares no capability, and whose configuration has no name;
/// - `netb`: a list of two plugins with another name;
/// - `cap`: a plugin that declares every capability;
/// - `other/netc`: in another namespace.
fn node() -> Node {
    let node = reference_node();
    node.recorders(&["mac1", "mac2", "full"]);
    fs::create_dir(manifests(&node)).expect("a new directory");
    define(&node, "default", "neta", &json!({"cniVersion": "1.0.0", "type": "mac1"}).to_string());
    define(
        &node,
        "default",
        "netb",
        &json!({"cniVersion": "1.0.0", "name": "net-b", "plugins": [{"type": "mac2"}, {"type": "mac1"}]}).to_string(),
    );
    let every = ["ips", "mac", "infinibandGUID", "portMappings", "bandwidth"];
    let capabilities: Value = every.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
    let full = json!({"cniVersion": "1.0.0", "type": "full", "capabilities": capabilities});
    define(&node, "default", "cap", &full.to_string());
    define(&node, "other", "netc", &json!({"cniVersion": "1.0.0", "type": "mac1"}).to_string());
    let pods = json!(["runtime", {"manifests": manifests(&node)}]);
    node.with("pods", pods).with("default_plugin", json!("weave")).with("cniVersion", json!("1.0.0"))
}

fn manifests(node: &Node) -> std::path::PathBuf {
    node.dir().join("objects")
}

/// Writes a definition. An empty `config` leaves `spec.config` out.
fn define(node: &Node, namespace: &str, name: &str, config: &str) {
    let mut definition = definition(namespace, name, &Value::Null);
    definition["spec"] = if config.is_empty() { json!({}) } else { json!({"config": config}) };
    let file = manifests(node).join(format!("{namespace}-{name}.json"));
    fs::write(file, definition.to_string()).expect("the directory is there");
}

fn add<'a>(node: &'a Node, networks: &str) -> Call<'a> {
    node.add().annotations(&[(NETWORKS, networks)])
}

fn element(members: &Value) -> String {
    json!([members]).to_string()
}

/// The only call of a plugin.
fn only<'a>(calls: &'a [Recorded], kind: &str) -> &'a Recorded {
    let [call] = calls.iter().filter(|call| call.kind == kind).collect::<Vec<_>>()[..] else {
        panic!("not one call of {kind}: {:?}", calls.iter().map(Recorded::summary).collect::<Vec<_>>())
    };
    call
}

fn refused(answer: &Answer, code: u64, says: &[&str], node: &Node) {
    answer.error_code(code).says(says);
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn row_37_the_default_network_comes_first_and_the_definitions_in_order() {
    let node = node();
    let result = add(&node, "neta,netb").run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0", "ADD mac1@net1", "ADD mac2@net2", "ADD mac1@net2"]);
    let names: Vec<_> = result["interfaces"].as_array().unwrap().iter().map(|interface| &interface["name"]).collect();
    assert_eq!(names, ["eth0", "net1", "net2"]);
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL mac1@net2", "DEL mac2@net2", "DEL mac1@net1", "DEL weave-net@eth0"]);
    node.assert_no_state();
}

#[test]
fn a_pod_without_the_annotation_does_not_load_the_selector() {
    let node = node();
    node.add().run().ok();
    let record = node.record("c1", "eth0");
    let outcomes = record[0]["decision"]["trace"].as_array().expect("a trace");
    let outcomes: Vec<_> = outcomes.iter().map(|step| (&step["selector"], &step["outcome"])).collect();
    let plan = outcomes.last().expect("default-plugin").1;
    assert_eq!(outcomes[0], (&json!("network-attachment"), &json!("asleep")));
    assert_eq!(outcomes[1], (&json!("annotation"), &json!("asleep")));
    assert!(plan.get("plan").is_some(), "{plan}");
}

#[test]
fn row_04_a_definition_without_a_configuration_means_an_installed_list_then_a_single_one() {
    let node = node();
    node.recorders(&["single", "listed"]);
    node.network("a.conf", &json!({"cniVersion": "1.0.0", "name": "twice", "type": "single"}))
        .network("b.conflist", &json!({"cniVersion": "1.0.0", "name": "twice", "plugins": [{"type": "listed"}]}))
        .network("c.conf", &json!({"cniVersion": "1.0.0", "name": "once", "type": "single"}))
        .raw_network("0.conflist", "{");
    for name in ["twice", "once", "never"] {
        define(&node, "default", name, "");
    }
    add(&node, "twice,once").run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0", "ADD listed@net1", "ADD single@net2"]);
    node.del().run().ok();
    node.trace();
    let answer = add(&node, "never").run();
    refused(&answer, 101, &["default/never", "no installed network has its name"], &node);
}

#[test]
fn row_05_a_configuration_without_a_name_gets_the_definitions() {
    let node = node();
    define(&node, "default", "blank", &json!({"cniVersion": "1.0.0", "name": "", "type": "full"}).to_string());
    add(&node, "neta,netb,blank").run().ok();
    let calls = node.calls();
    let named: Vec<_> = calls.iter().map(|call| (&*call.kind, &call.stdin["name"])).collect();
    let [weave, own, list, blank] = ["weave", "neta", "net-b", "blank"].map(Value::from);
    assert_eq!(named, [("weave-net", &weave), ("mac1", &own), ("mac2", &list), ("mac1", &list), ("full", &blank)]);
}

#[test]
fn row_06_a_configuration_may_have_another_name_than_its_object() {
    let node = node();
    add(&node, "netb").run().ok();
    assert_eq!(only(&node.calls(), "mac2").stdin["name"], "net-b", "CNI's name is the configuration's");
    let status = node.published("c1", "k8s.v1.cni.cncf.io/network-status").expect("a status");
    assert_eq!(status[1]["name"], "default/netb", "the status names the object");
}

#[test]
fn row_43_one_container_has_one_operation_at_a_time() {
    let node = node();
    node.script("mac1", Verb::Add, Script::new().pause());
    let first = add(&node, "neta").start();
    node.wait_until_hanging("mac1");
    node.del().key("timeout", json!("300ms")).run().error_code(11).says(&["is busy"]);
    node.release("mac1");
    first.wait().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0", "ADD mac1@net1"], "the other one called nobody");
}

#[test]
fn row_02_a_definition_that_is_wrong_is_named() {
    let node = node();
    // That a node lacks a plugin is its operator's to correct, all else is not.
    for (config, code, says) in [
        ("{", 101, "its spec.config is not JSON"),
        ("[]", 101, ""),
        ("7", 101, ""),
        ("{}", 101, ""),
        (r#"{"plugins": []}"#, 101, ""),
        (r#"{"plugins": [null]}"#, 101, ""),
        (r#"{"type": "genie"}"#, 101, "genie"),
        (r#"{"type": "../mac1"}"#, 101, ""),
        (r#"{"cniVersion": "9.9.9", "type": "mac1"}"#, 101, "9.9.9"),
        (r#"{"type": "not-there"}"#, 999, "not-there"),
    ] {
        define(&node, "default", "wrong", config);
        let answer = add(&node, "neta,wrong").run();
        answer.error_code(code).says(&["\"default/wrong\" on net2", says]);
        assert_eq!(node.trace(), NO_DELEGATE, "{config}");
    }
    refused(&add(&node, "missing").run(), 101, &["\"default/missing\" on net1", "there is no such"], &node);
}

#[test]
fn row_13_and_15_addresses_need_the_capability_or_are_asked_for_in_the_old_way() {
    let wanted = element(&json!({"name": "neta", "ips": ["10.1.1.5/24"], "mac": "02:00:00:00:00:01"}));
    let node = node();
    let strict = add(&node, &wanted).key("strict", json!(true)).run();
    refused(&strict, 101, &["\"default/neta\" on net1", "ips is asked for", "declares that capability"], &node);
    add(&node, &wanted).run().ok();
    let calls = node.calls();
    let (args, config) = (only(&calls, "mac1").var("CNI_ARGS"), &only(&calls, "mac1").stdin);
    assert!(args.ends_with(";IP=10.1.1.5/24;MAC=02:00:00:00:00:01"), "{args}");
    assert_eq!(config.get("runtimeConfig"), None);
}

#[test]
fn what_is_odd_becomes_an_event_and_the_pod_starts() {
    let node = node();
    fs::create_dir_all(node.state_dir().join("spool")).expect("as an agent makes it");
    add(&node, &element(&json!({"name": "neta", "ips": ["10.1.1.5"], "colour": "blue"}))).run().ok();
    let file = fs::read_dir(node.state_dir().join("spool")).expect("it is there").find_map(|file| {
        let path = file.expect("it can be listed").path();
        path.is_file().then_some(path)
    });
    let told = fs::read_to_string(file.expect("a notice")).expect("it can be read");
    for part in ["element 1 (neta)", "colour", "ips is asked for in the old way", "\\\"default/neta\\\" on net1"] {
        assert!(told.contains(part), "{part}: {told}");
    }
}

#[test]
fn rows_13_to_23_what_an_element_asks_for_reaches_plugins_that_declare_it() {
    let node = node();
    let asked = json!({
        "name": "cap", "ips": ["10.1.1.5/24", "fd00::5"], "mac": "02:00:00:00:00:01",
        "infiniband-guid": "24:8a:07:03:00:8d:ae:2e",
        "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "UDP"}],
        "bandwidth": {"ingressRate": 1000, "ingressBurst": 2000},
    });
    add(&node, &element(&asked)).run().ok();
    let expected = json!({
        "ips": ["10.1.1.5/24", "fd00::5"], "mac": "02:00:00:00:00:01", "infinibandGUID": "24:8a:07:03:00:8d:ae:2e",
        "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "udp"}],
        "bandwidth": {"ingressRate": 1000, "ingressBurst": 2000},
    });
    let calls = node.calls();
    assert_eq!(only(&calls, "full").stdin["runtimeConfig"], expected);
    assert!(!only(&calls, "full").var("CNI_ARGS").contains("IP="));
    // DEL gets the same, whatever became of the definition.
    fs::remove_dir_all(manifests(&node)).expect("it is there");
    node.del().run().ok();
    assert_eq!(only(&node.calls(), "full").stdin["runtimeConfig"], expected);
}

#[test]
fn rows_20_21_and_23_what_no_plugin_declares_fails_the_attachment() {
    for (key, value, capability) in [
        ("portMappings", json!([{"hostPort": 8080, "containerPort": 80}]), "portMappings"),
        ("bandwidth", json!({"egressRate": 1000}), "bandwidth"),
        ("infiniband-guid", json!("24:8a:07:03:00:8d:ae:2e"), "infinibandGUID"),
    ] {
        let node = node();
        let answer = add(&node, &element(&json!({"name": "neta", key: value}))).run();
        refused(&answer, 101, &["\"default/neta\" on net1", capability, "declares that capability"], &node);
    }
}

#[test]
fn row_17_the_interface_is_that_of_every_operation() {
    let node = node();
    add(&node, "neta@x0").run().ok();
    node.call(Verb::Check).key("prevResult", json!({"cniVersion": "1.0.0"})).run();
    node.del().run().ok();
    let of_mac1: Vec<_> = node.calls().into_iter().filter(|call| call.kind == "mac1").collect();
    assert!(of_mac1.iter().all(|call| call.var("CNI_IFNAME") == "x0"));
    assert_eq!(of_mac1.iter().map(|call| &*call.verb).collect::<Vec<_>>(), ["ADD", "CHECK", "DEL"]);
}

#[test]
fn row_18_arguments_are_merged_over_those_of_every_plugin() {
    let node = node();
    let plugin = |kind: &str| json!({"type": kind, "args": {"cni": {"a": 0, "b": 2}, "x": 1}});
    let list = json!({"cniVersion": "1.0.0", "name": "args", "plugins": [plugin("mac1"), plugin("mac2")]});
    define(&node, "default", "args", &list.to_string());
    let asked = element(&json!({"name": "args", "cni-args": {"a": 1}}));
    add(&node, &asked).run().ok();
    let calls = node.calls();
    for kind in ["mac1", "mac2"] {
        assert_eq!(only(&calls, kind).stdin["args"], json!({"cni": {"a": 1, "b": 2}, "x": 1}), "{kind}");
    }
    node.del().run().ok();
    node.trace();
    define(&node, "default", "args", &json!({"type": "mac1", "args": "text"}).to_string());
    let answer = add(&node, &asked).run();
    refused(&answer, 101, &["\"default/args\" on net1", "its args is no object"], &node);
}

#[test]
fn row_25_a_network_twice_is_two_attachments_of_the_same_name() {
    let node = node();
    add(&node, "neta,neta").run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0", "ADD mac1@net1", "ADD mac1@net2"]);
    node.del().run().ok();
    let calls = node.calls();
    let undone: Vec<_> = calls.iter().map(Recorded::summary).collect();
    assert_eq!(undone, ["DEL mac1@net2", "DEL mac1@net1", "DEL weave-net@eth0"]);
    assert!(calls.iter().filter(|call| call.kind == "mac1").all(|call| call.stdin["name"] == "neta"));
}

#[test]
fn row_40_every_plugin_gets_the_lists_name_and_version_and_the_result_before_it() {
    let node = node();
    add(&node, "netb").run().ok();
    let calls = node.calls();
    let (first, second) = (only(&calls, "mac2"), only(&calls, "mac1"));
    assert_eq!((&first.stdin["name"], &first.stdin["cniVersion"]), (&json!("net-b"), &json!("1.0.0")));
    assert_eq!((&second.stdin["name"], &second.stdin["cniVersion"]), (&json!("net-b"), &json!("1.0.0")));
    assert_eq!(first.stdin.get("prevResult"), None);
    assert_eq!(second.stdin["prevResult"]["interfaces"][0]["name"], "net1");
}

#[test]
fn row_41_one_failure_undoes_all_and_the_next_network_is_not_tried() {
    let node = node();
    node.script("mac2", Verb::Add, Script::new().error(123, "no mac2 today"));
    add(&node, "neta,netb,neta").run().error_code(123).says(&["no mac2 today", "net-b", "net2"]);
    let trace = node.trace();
    assert_eq!(trace[..3], ["ADD weave-net@eth0", "ADD mac1@net1", "ADD mac2@net2"]);
    assert_eq!(trace[3..], ["DEL mac2@net2", "DEL mac1@net1", "DEL weave-net@eth0"]);
    node.assert_no_state();
}

#[test]
fn row_42_one_failing_network_does_not_keep_the_others_attached() {
    let node = node();
    add(&node, "neta,netb").run().ok();
    node.trace();
    node.script("mac2", Verb::Del, Script::new().error(123, "no mac2 today"));
    node.del().run().error_code(123).says(&["no mac2 today"]);
    assert_eq!(node.trace(), ["DEL mac1@net2", "DEL mac2@net2", "DEL mac1@net1", "DEL weave-net@eth0"]);
    node.script("mac2", Verb::Del, Script::new());
    node.del().run().ok();
    let repeated = node.trace();
    assert!(!repeated.is_empty() && repeated.iter().all(|call| call.ends_with("@net2")), "{repeated:?}");
    node.assert_no_state();
}

#[test]
fn row_44_definitions_of_other_namespaces_need_the_grant_however_they_are_named() {
    let node = node();
    for (key, written) in [
        (NETWORKS, "other/netc".to_owned()),
        (NETWORKS, element(&json!({"name": "netc", "namespace": "other"}))),
        (DEFAULT, "other/netc".to_owned()),
    ] {
        let answer = node.add().annotations(&[(key, &written)]).run();
        answer.error_code(102).says(&["\"other/netc\"", r#"{"definitions":["other"]}"#]);
        assert_eq!(node.trace(), NO_DELEGATE);
    }
    let entry =
        |grant: Value| json!([{"module": "network-attachment", "grant": [grant]}, {"module": "default-plugin"}]);
    for grant in [json!({"definitions": ["other"]}), json!({"definitions": ["oth*"]})] {
        add(&node, "other/netc").key("selectors", entry(grant)).run().ok();
        node.del().run().ok();
    }
    add(&node, "neta").key("selectors", entry(json!({"definitions": ["other"]}))).run().error_code(102);
}

/// A definition without a configuration means an installed network, and anybody may write one.
#[test]
fn row_44_a_definition_is_no_way_to_a_network_that_the_entry_may_not_choose() {
    let node = node();
    define(&node, "default", "cbr0", "");
    define(&node, "default", "weave", "");
    let granted = |networks: Value| {
        let grant = json!([{"definitions": "own"}, {"networks": networks}]);
        json!([{"module": "network-attachment", "grant": grant}, {"module": "default-plugin"}])
    };
    let narrow = |networks: &str| add(&node, networks).key("selectors", granted(json!(["weave"]))).run();
    narrow("neta,weave").ok();
    node.del().run().ok();
    node.trace();
    let says = ["\"default/cbr0\" on net2", "means the installed network \"cbr0\"", r#"{"networks":["cbr0"]}"#];
    refused(&narrow("neta,cbr0"), 102, &says, &node);
    add(&node, "cbr0").key("selectors", granted(json!(["weave", "cbr0"]))).run().ok();
}

#[test]
fn row_45_the_runtimes_wishes_reach_the_default_network_only() {
    let node = node();
    let ports = json!([{"hostPort": 80, "containerPort": 80, "protocol": "tcp"}]);
    let call =
        || add(&node, "cap").key("default_plugin", json!("flannel")).key("capabilities", json!({"portMappings": true}));
    call().runtime_config("portMappings", ports.clone()).run().ok();
    let calls = node.calls();
    assert_eq!(only(&calls, "portmap").stdin["runtimeConfig"]["portMappings"], ports);
    assert_eq!(only(&calls, "full").stdin.get("runtimeConfig"), None);
}

#[test]
fn the_default_network_can_be_another_definition() {
    let node = node();
    node.add().annotations(&[(DEFAULT, "default/cap"), (NETWORKS, "neta")]).run().ok();
    assert_eq!(node.trace(), ["ADD full@eth0", "ADD mac1@net1"]);
}

#[test]
fn an_entry_that_is_always_asked_adds_to_what_was_decided() {
    let node = node();
    let chain = json!([{"module": "annotation"}, {"module": "default-plugin"}, {"module": "network-attachment", "run": "always"}]);
    node.add().key("selectors", chain).annotations(&[("cni", "calico"), (NETWORKS, "neta")]).run().ok();
    assert_eq!(node.trace(), ["ADD calico@eth0", "ADD portmap@eth0", "ADD mac1@net1"]);
}
