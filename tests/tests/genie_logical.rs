//! Networks that are LogicalNetworks: cases of CNI-Genie, with their rows.

use std::fs;

use genie_tests::apiserver::ApiServer;
use genie_tests::fixture::chain::makers;
use genie_tests::fixture::{calico, flannel, reference_node};
use genie_tests::netns::Namespace;
use genie_tests::real::{World, address};
use genie_tests::{Node, Recorded, Script, Verb, programs, recorder};
use serde_json::{Value, json};

const NO_DELEGATE: [&str; 0] = [];
const API_VERSION: &str = "alpha.network.k8s.io/v1";
/// The code for what the pod's owner wrote.
const OWNER: u64 = 101;

/// A node whose networks take their address from `ipam.subnet`, with this chain.
fn node() -> Node {
    let node = reference_node().with(
        "selectors",
        json!([{"module": "annotation"}, {"module": "logical-network"},
        {"module": "least-loaded"}, {"module": "default-plugin"}]),
    );
    let ipam = json!({"type": "recorder", "subnet": "10.99.0.0/24", "routes": [{"dst": "0.0.0.0/0"}]});
    node.network("10-weave.conf", &json!({"name": "weave", "type": "weave-net", "mtu": 1_400, "ipam": ipam}));
    let mut list = flannel();
    list["plugins"][0]["ipam"] = ipam;
    node.network("10-flannel.conflist", &list);
    node
}

/// Writes manifests of these objects. Returns the key `pods` by which a node reads them.
fn manifests(node: &Node, objects: &[Value]) -> Value {
    let manifests = node.dir().join("objects");
    fs::create_dir_all(&manifests).expect("a directory");
    let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
    fs::write(manifests.join("all.json"), list.to_string()).expect("it can be written");
    json!(["runtime", {"manifests": manifests}])
}

/// Has a node read these objects.
fn with_objects(node: Node, objects: &[Value]) -> Node {
    let pods = manifests(&node, objects);
    node.with("pods", pods)
}

/// An object of the pod's namespace.
fn object(kind: &str, name: &str, spec: &Value) -> Value {
    json!({"apiVersion": API_VERSION, "kind": kind, "metadata": {"namespace": "default", "name": name}, "spec": spec})
}

/// The objects of the table.
fn objects() -> [Value; 5] {
    let logical = |name: &str, spec: Value| object("LogicalNetwork", name, &spec);
    let physical = |name: &str, status: Value| {
        object("PhysicalNetwork", name, &json!({"refer_nic": "eth0", "sharedStatus": status}))
    };
    [
        logical("net1", json!({"plugin": "weave", "sub_subnet": "10.32.20.0/24"})),
        logical("net2", json!({"physicalNet": "phynet2", "plugin": "flannel", "sub_subnet": "10.244.7.0/24"})),
        logical("net3", json!({"physicalNet": "phynet1", "sub_subnet": "10.32.0.0/24"})),
        physical("phynet1", json!({"dedicatedNet": true, "plugin": "weave", "subnet": "10.32.0.0/16"})),
        physical("phynet2", json!({"dedicatedNet": false, "subnet": "10.244.0.0/16"})),
    ]
}

/// Interface and `ipam.subnet` of each call of the plugins that make an interface.
fn subnets(calls: &[Recorded]) -> Vec<String> {
    let makers = calls.iter().filter(|call| call.kind != "portmap");
    makers.map(|call| format!("{} {}", call.summary(), call.stdin["ipam"]["subnet"].as_str().unwrap_or("-"))).collect()
}

#[test]
fn row_35_a_logical_network_gives_its_plugin_and_its_subnet() {
    let node = with_objects(node(), &objects());
    node.add().annotations(&[("cni", ""), ("networks", "net1")]).run().ok();
    let calls = node.calls();
    assert_eq!(subnets(&calls), ["ADD weave-net@eth0 10.32.20.0/24"]);
    let mut expected: Value =
        serde_json::from_slice(&fs::read(node.conf_dir().join("10-weave.conf")).unwrap()).expect("JSON");
    expected["ipam"]["subnet"] = json!("10.32.20.0/24");
    expected["cniVersion"] = calls[0].stdin["cniVersion"].clone();
    assert_eq!(calls[0].stdin, expected, "nothing else is changed");
    let reason = &node.record("c1", "eth0")[0]["decision"]["plan"]["reason"];
    assert_eq!(reason, "annotation networks: \"net1\": net1 is 10-weave.conf with 10.32.20.0/24");
    // The objects may be gone when the pod is.
    let node = with_objects(node, &[]);
    node.del().run().ok();
    assert_eq!(subnets(&node.calls()), ["DEL weave-net@eth0 10.32.20.0/24"]);
}

#[test]
fn row_36_a_list_names_interfaces_and_a_dedicated_physical_network_its_plugin() {
    let node = with_objects(node(), &objects());
    let answer = node.add().annotations(&[("cni", " "), ("networks", "net1@eth0, net3@eth4")]).run();
    assert_eq!(answer.ok()["ips"][1]["address"], "10.32.0.2/24");
    let expected = ["ADD weave-net@eth0 10.32.20.0/24", "ADD weave-net@eth4 10.32.0.0/24"];
    assert_eq!(subnets(&node.calls()), expected);
    let preferences = node.published("c1", "multi-ip-preferences").expect("two networks");
    assert_eq!(
        preferences["ips"],
        json!({"ip1": {"ip": "10.32.20.2", "interface": "eth0"}, "ip2": {"ip": "10.32.0.2", "interface": "eth4"}})
    );
}

#[test]
fn row_38_a_shared_physical_network_is_carried_by_the_logical_networks_plugin() {
    let node = with_objects(node(), &objects());
    node.add().annotations(&[("cni", ""), ("networks", "net2")]).run().ok();
    assert_eq!(subnets(&node.calls()), ["ADD flannel@eth0 10.244.7.0/24"]);
}

#[test]
fn row_39_a_logical_network_that_is_not_there_or_names_nothing_is_told() {
    let nothing = object("LogicalNetwork", "nothing", &json!({"sub_subnet": "10.1.0.0/24"}));
    let orphan = object("LogicalNetwork", "orphan", &json!({"physicalNet": "nosuch"}));
    let mut foreign = object("LogicalNetwork", "foreign", &json!({"plugin": "weave"}));
    foreign["metadata"]["namespace"] = json!("shop");
    let node = with_objects(node(), &[nothing, orphan, foreign]);
    for (networks, parts) in [
        ("nosuch", ["networks: \"nosuch\"", "there is no LogicalNetwork default/nosuch"]),
        ("foreign", ["networks: \"foreign\"", "there is no LogicalNetwork default/foreign"]),
        ("nothing", ["LogicalNetwork default/nothing: spec.plugin", "no network carries it"]),
        ("orphan", ["LogicalNetwork default/orphan: spec.physicalNet", "there is no PhysicalNetwork default/nosuch"]),
        ("a/b", ["networks: \"a/b\"", "is no name of a LogicalNetwork"]),
    ] {
        let answer = node.add().annotations(&[("cni", ""), ("networks", networks)]).run();
        answer.error_code(OWNER).says(&parts);
    }
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn row_40_a_pod_whose_cni_names_networks_gets_these() {
    let node = with_objects(node(), &objects());
    node.add().annotations(&[("cni", "flannel"), ("networks", "net1")]).run().ok();
    assert_eq!(subnets(&node.calls()), ["ADD flannel@eth0 10.99.0.0/24"]);
}

#[test]
fn row_41_networks_without_cni_are_logical_ones_and_it_is_logged() {
    let node = with_objects(node(), &objects()).with("log_level", json!("debug"));
    let answer = node.add().annotations(&[("networks", "net1")]).run();
    answer.ok();
    assert_eq!(subnets(&node.calls()), ["ADD weave-net@eth0 10.32.20.0/24"]);
    assert!(answer.stderr.contains("annotation networks decides without cni"), "{}", answer.stderr);
}

#[test]
fn an_address_outside_of_the_subnet_undoes_all_networks() {
    let node = node();
    // This plugin's address management does not read ipam.subnet.
    let mut stubborn = calico();
    stubborn["plugins"][0]["ipam"] = json!({"type": "calico-ipam"});
    node.network("10-calico.conflist", &stubborn);
    let net4 = object("LogicalNetwork", "net4", &json!({"plugin": "calico", "sub_subnet": "10.32.21.0/24"}));
    let node = with_objects(node, &[objects()[0].clone(), net4]);
    let answer = node.add().annotations(&[("networks", "net1,net4")]).run();
    let address = recorder::address("calico");
    let got = format!("pod default/p got the address {address}/24 from network k8s-pod-network on eth1");
    answer.error_code(OWNER).says(&["LogicalNetwork default/net4: \"10.32.21.0/24\"", &got, "host-local"]);
    let expected = ["ADD weave-net@eth0", "ADD calico@eth1", "DEL calico@eth1", "DEL weave-net@eth0"];
    assert_eq!(makers(&node), expected);
    node.assert_no_state();
}

#[test]
fn a_result_that_names_no_interface_is_merged_as_usual() {
    let node = node();
    let result = json!({"cniVersion": "0.3.0", "ips": [{"version": "4", "address": "10.32.21.9/32", "interface": 0}]});
    node.script("calico", Verb::Add, Script::new().json(&result));
    node.script("portmap", Verb::Add, Script::new().json(&result));
    let net4 = object("LogicalNetwork", "net4", &json!({"plugin": "calico", "sub_subnet": "10.32.21.0/24"}));
    let node = with_objects(node, &[net4]);
    let merged = node.add().annotations(&[("networks", "net4")]).run().ok();
    let usual = node.add().container("c2").cni("calico").run().ok();
    assert_eq!(merged, usual);
    assert_eq!(merged["interfaces"][0]["name"], "eth0");
}

#[test]
fn the_entry_is_held_to_its_grants() {
    let node = with_objects(node(), &objects());
    for (networks, grant, missing) in [
        ("net1", json!([]), "cluster"),
        ("net1", json!([{"cluster": ["LogicalNetwork"]}]), r#"{"patch":["ipam.subnet"]}"#),
        ("net3", json!([{"cluster": ["LogicalNetwork"]}, {"patch": ["ipam.subnet"]}]), "PhysicalNetwork"),
    ] {
        let chain = json!([{"module": "logical-network", "grant": grant}]);
        let answer = node.add().annotations(&[("networks", networks)]).key("selectors", chain).run();
        answer.error_code(7).says(&["logical-network", missing]);
    }
    assert_eq!(node.trace(), NO_DELEGATE);
}

/// The real bridge and host-local.
#[test]
fn real_plugins_give_addresses_of_the_subnets() {
    let world = World::new("1.0.0");
    let leases = world.leases_dir();
    for (network, addresses) in
        [("green", json!({"subnet": "10.84.0.0/24"})), ("ranged", json!({"ranges": [[{"subnet": "10.85.0.0/24"}]]}))]
    {
        let mut ipam = addresses;
        ipam["type"] = json!("host-local");
        ipam["dataDir"] = json!(leases);
        let bridge = json!({"type": "bridge", "bridge": format!("br-{network}"), "ipam": ipam});
        let list = json!({"cniVersion": "1.0.0", "name": network, "plugins": [bridge]});
        world.node.network(&format!("10-{network}.conflist"), &list);
    }
    let logical = |name, network, part| object("LogicalNetwork", name, &json!({"plugin": network, "sub_subnet": part}));
    let objects = [
        logical("net1", "green", "10.84.1.0/24"),
        logical("net2", "green", "10.84.2.0/24"),
        logical("net3", "ranged", "10.84.3.0/24"),
    ];
    let pods = manifests(&world.node, &objects);
    let add = |container: &str, pod: &Namespace, networks: &str| {
        let call = world.node.add().container(container).netns(pod.path()).annotations(&[("networks", networks)]);
        call.key("selectors", json!([{"module": "logical-network"}])).key("pods", pods.clone()).run()
    };
    let (one, two) = (Namespace::new(), Namespace::new());
    add("one", &one, "net1").ok();
    add("two", &two, "net2,net1@eth5").ok();
    for (pod, interface, start) in [(&one, "eth0", "10.84.1."), (&two, "eth0", "10.84.2."), (&two, "eth5", "10.84.1.")]
    {
        let addresses = pod.addresses(interface);
        assert!(addresses.len() == 1 && addresses[0].starts_with(start), "{interface}: {addresses:?}");
    }
    assert!(one.reaches(&address(&two, "eth5")), "pods of one logical network reach each other");
    // This network has `ranges`, and host-local gives an address of each set.
    let three = Namespace::new();
    let refused = add("three", &three, "net3").error_code(OWNER);
    refused.says(&["LogicalNetwork default/net3: \"10.84.3.0/24\"", "got the address 10.85.0.", "from network ranged"]);
    for (container, pod) in [("one", &one), ("two", &two)] {
        world.node.del().container(container).netns(pod.path()).run().ok();
    }
    world.assert_nothing_left(&[&one, &two, &three]);
}

#[test]
fn the_objects_come_from_the_api_server() {
    let server = ApiServer::start();
    let kinds = programs::root().join("deploy/kinds/logical-networks.yaml").display().to_string();
    server.kubectl(&["apply", "-f", &kinds]);
    for kind in ["logicalnetworks", "physicalnetworks"] {
        let kind = format!("customresourcedefinition/{kind}.alpha.network.k8s.io");
        server.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", &kind]);
    }
    server.create_all(&objects());
    let node = node().with("kubernetes", json!({"kubeconfig": server.kubeconfig()}));
    node.add().annotations(&[("cni", ""), ("networks", "net3,net2")]).run().ok();
    assert_eq!(subnets(&node.calls()), ["ADD weave-net@eth0 10.32.0.0/24", "ADD flannel@eth1 10.244.7.0/24"]);
    let missing = node.add().container("c2").annotations(&[("networks", "nosuch")]).run();
    missing.error_code(OWNER).says(&["there is no LogicalNetwork default/nosuch"]);
}
