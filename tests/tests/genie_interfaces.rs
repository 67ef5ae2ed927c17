//! Interfaces, and the result of all networks of a pod: cases of CNI-Genie.

use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node, Script, Verb, recorder};
use serde_json::{Value, json};

const NO_DELEGATE: [&str; 0] = [];

/// The calls of a trace that make interfaces.
fn makers(node: &Node) -> Vec<String> {
    node.trace().into_iter().filter(|call| !call.contains("portmap")).collect()
}

fn preference(kind: &str, interface: &str) -> Value {
    json!({"ip": recorder::address(kind), "interface": interface})
}

#[test]
fn row_09_two_networks_and_their_addresses_for_publication() {
    let node = reference_node().with("cniVersion", json!("0.2.0"));
    let result = node.add().cni("flannel,weave").run().ok();
    assert_eq!(result["ip4"]["ip"], format!("{}/24", recorder::address("flannel")));
    assert_eq!(makers(&node), ["ADD flannel@eth0", "ADD weave-net@eth1"]);
    let preferences = node.published("c1", "multi-ip-preferences");
    let ips = json!({"ip1": preference("flannel", "eth0"), "ip2": preference("weave-net", "eth1")});
    assert_eq!(preferences, Some(json!({"multi_entry": 2, "ips": ips})));
    let status = node.published("c1", "k8s.v1.cni.cncf.io/network-status").expect("it is always there");
    let told: Vec<_> = status.as_array().unwrap().iter().map(|n| (&n["interface"], &n["ips"], &n["default"])).collect();
    let addresses = ["flannel", "weave-net"].map(|kind| json!([recorder::address(kind)]));
    assert_eq!(told[0], (&json!("eth0"), &addresses[0], &json!(true)));
    assert_eq!(told[1], (&json!("eth1"), &addresses[1], &Value::Null));
}

#[test]
fn row_10_a_listed_result_shows_all_interfaces_and_addresses() {
    let node = reference_node().with("cniVersion", json!("0.3.1"));
    let result = node.add().cni("flannel,weave").run().ok();
    assert_eq!(result["cniVersion"], "0.3.1");
    let names: Vec<_> = result["interfaces"].as_array().unwrap().iter().map(|i| i["name"].clone()).collect();
    assert_eq!(names, ["eth0", "eth1"]);
    let ips = result["ips"].as_array().unwrap();
    let addresses: Vec<_> = ips.iter().map(|ip| (ip["interface"].clone(), ip["version"].clone())).collect();
    assert_eq!(addresses, [(json!(0), json!("4")), (json!(1), json!("4"))]);
    assert_eq!(ips[1]["address"], format!("{}/24", recorder::address("weave-net")));
}

#[test]
fn row_11_automatic_names_go_around_those_that_were_asked_for() {
    let node = reference_node();
    node.add().cni("flannel,weave@eth4,flannel@eth5, flannel").run().ok();
    assert_eq!(makers(&node), ["ADD flannel@eth0", "ADD weave-net@eth4", "ADD flannel@eth5", "ADD flannel@eth1"]);
    let preferences = node.published("c1", "multi-ip-preferences").expect("four networks");
    let ips = json!({
        "ip1": preference("flannel", "eth0"), "ip2": preference("weave-net", "eth4"),
        "ip3": preference("flannel", "eth5"), "ip4": preference("flannel", "eth1"),
    });
    assert_eq!(preferences["ips"], ips);
}

#[test]
fn row_12_the_network_on_eth0_comes_first_in_the_result() {
    let node = reference_node();
    let result = node.add().cni("flannel,weave@eth0").run().ok();
    assert_eq!(makers(&node), ["ADD flannel@eth1", "ADD weave-net@eth0"]);
    assert_eq!(result["interfaces"][0]["name"], "eth0");
    assert_eq!(result["ips"][0]["address"], format!("{}/24", recorder::address("weave-net")));
    assert_eq!(result["ips"][0]["interface"], 0);
    assert_eq!(result["ips"][1]["interface"], 1);
}

#[test]
fn row_12a_no_network_on_the_runtimes_interface_does_not_go_unnoticed() {
    let node = reference_node();
    let answer = node.add().cni("weave@net1").run();
    let noticed = if answer.status == Some(0) { answer.stderr.clone() } else { answer.error().text() };
    assert!(noticed.contains("eth0"), "{answer:?}");
    let node = reference_node().with("default_plugin", json!("flannel@net0"));
    let answer = node.add().run();
    let noticed = if answer.status == Some(0) { answer.stderr.clone() } else { answer.error().text() };
    assert!(noticed.contains("eth0"), "{answer:?}");
}

#[test]
fn row_13_an_interface_that_is_asked_for_twice_is_an_error() {
    let node = reference_node();
    let error = node.add().cni("flannel@eth3,weave@eth3").run().error();
    error.says(&["eth3"]);
    node.del().run().ok();
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn row_62_a_network_without_addresses_is_fine_alone_and_between_others() {
    let l2 = json!({"cniVersion": "0.3.1", "interfaces": [{"name": "eth1", "sandbox": "/ns"}], "dns": {}});
    let node = reference_node().with("cniVersion", json!("0.3.1"));
    node.network("20-l2.conf", &json!({"cniVersion": "0.3.1", "name": "l2", "type": "l2"})).recorders(&["l2"]);
    node.script("l2", Verb::Add, Script::new().json(&l2));

    let alone = node.add().cni("l2").run().ok();
    assert_eq!(alone["interfaces"][0]["name"], "eth1");
    assert_eq!(alone["ips"].as_array().map_or(0, Vec::len), 0);

    let between = node.add().container("c2").cni("weave,l2,flannel").run().ok();
    let names: Vec<_> = between["interfaces"].as_array().unwrap().iter().map(|i| i["name"].clone()).collect();
    assert_eq!(names, ["eth0", "eth1", "eth2"]);
    let indexes: Vec<_> = between["ips"].as_array().unwrap().iter().map(|ip| ip["interface"].clone()).collect();
    assert_eq!(indexes, [0, 2]);
    let preferences = node.published("c2", "multi-ip-preferences").expect("three networks");
    assert_eq!(preferences["multi_entry"], 2, "two of them have addresses");
}

#[test]
fn row_62_what_an_old_version_cannot_express_is_undone() {
    let l2 = json!({"cniVersion": "0.3.1", "interfaces": [{"name": "eth0", "sandbox": "/ns"}], "dns": {}});
    let node = reference_node().with("cniVersion", json!("0.2.0"));
    node.network("20-l2.conf", &json!({"cniVersion": "0.3.1", "name": "l2", "type": "l2"})).recorders(&["l2"]);
    node.script("l2", Verb::Add, Script::new().json(&l2));
    node.add().cni("l2").run().error().says(&["0.2.0"]);
    let trace = node.trace();
    assert!(trace.is_empty() || trace == ["ADD l2@eth0", "DEL l2@eth0"], "{trace:?}");
    node.assert_no_state();
}

#[test]
fn row_63_a_result_without_interfaces_gets_the_one_that_was_asked_for() {
    let calico = json!({
        "cniVersion": "0.3.0", "dns": {},
        "ips": [{"version": "4", "interface": 0, "address": "172.120.0.2/32"}],
    });
    let node = reference_node().with("cniVersion", json!("0.3.1"));
    node.script("calico", Verb::Add, Script::new().json(&calico));
    let result = node.add().netns("/ns").cni("calico,flannel").run().ok();
    assert_eq!(result["interfaces"][0]["name"], "eth0");
    assert_eq!(result["interfaces"][0]["sandbox"], "/ns");
    let ips = result["ips"].as_array().unwrap();
    assert_eq!(ips[0]["address"], "172.120.0.2/32");
    assert!(ips[0].get("interface").is_none_or(|index| index == 0), "{result}");
    assert_eq!(Answer::interface_of(&result, &ips[1])["name"], "eth1");
}

#[test]
fn row_66_port_mappings_reach_the_network_on_the_runtimes_interface_only() {
    let mapping = json!([{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]);
    let node = reference_node();
    node.add().cni("calico,flannel").runtime_config("portMappings", mapping.clone()).run().ok();
    for call in node.calls() {
        let expected = (call.kind == "portmap" && call.var("CNI_IFNAME") == "eth0").then_some(&mapping);
        assert_eq!(call.stdin["runtimeConfig"].get("portMappings"), expected, "{}", call.summary());
    }
}

#[test]
fn row_67_the_runtimes_arguments_reach_every_delegate_unchanged() {
    let args = "IgnoreUnknown=1;K8S_POD_UID=u-1;K8S_POD_NAMESPACE=ns;FOO=bar;K8S_POD_NAME=p";
    let node = reference_node();
    node.add().cni("calico,weave").args(args).run().ok();
    let calls = node.calls();
    assert_eq!(calls.len(), 3);
    for call in calls {
        assert_eq!(call.var("CNI_ARGS"), args, "{}", call.summary());
    }
}

#[test]
fn row_68_the_runtimes_interface_name_is_honoured() {
    let node = reference_node();
    let result = node.add().ifname("net7").cni("flannel,weave").run().ok();
    assert_eq!(makers(&node), ["ADD flannel@net7", "ADD weave-net@eth0"]);
    assert_eq!(result["interfaces"][0]["name"], "net7");
}

#[test]
fn row_69_newer_delegates_work_and_their_results_are_converted() {
    for (own, delegate) in [("1.0.0", "1.0.0"), ("1.0.0", "1.1.0"), ("1.1.0", "0.4.0"), ("0.4.0", "1.1.0")] {
        let node = Node::new().with("cniVersion", json!(own));
        node.network("10-new.conf", &json!({"cniVersion": delegate, "name": "new", "type": "new"})).recorders(&["new"]);
        let result = node.add().run().ok();
        assert_eq!(result["cniVersion"], own);
        assert_eq!(result["ips"][0].get("version").is_some(), own == "0.4.0", "{result}");
        assert_eq!(node.calls()[0].stdin["cniVersion"], delegate);
    }
}
