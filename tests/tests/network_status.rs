//! The annotation that tells a pod's networks, as an ADD leaves it in its record, from where the agent
//! publishes it: rows 26 to 36 of the multi-network standard. (`publication.rs` shows that it
//! arrives.)

use std::fs;

use genie_tests::fixture::chain::{puppet, with};
use genie_tests::fixture::{node_with, reference_node};
use genie_tests::{Node, Script, Verb};
use serde_json::{Value, json};

const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

/// The annotation that an ADD has left, to the byte.
fn published(node: &Node, container: &str) -> String {
    let record = node.record(container, "eth0");
    let done = record.iter().find_map(|line| line.get("done")).expect("the ADD is done");
    done["annotations"][STATUS].as_str().expect("the status is always there").to_owned()
}

/// The annotation's entries.
fn entries(node: &Node, container: &str) -> Vec<Value> {
    serde_json::from_str(&published(node, container)).expect("a list")
}

/// The answer of a plugin that made a pair of interfaces, with everything that a status can tell.
fn whole() -> Value {
    json!({
        "cniVersion": "1.1.0",
        "interfaces": [
            {"name": "veth1a", "mac": "2e:00:00:00:00:01"},
            {"name": "eth0", "mac": "0a:58:0a:00:00:05", "mtu": 1450, "sandbox": "/run/netns/pod"},
        ],
        "ips": [
            {"address": "10.0.0.5/24", "gateway": "10.0.0.1", "interface": 1},
            {"address": "fd00::5/64", "gateway": "fd00::1", "interface": 1},
        ],
        "routes": [{"dst": "0.0.0.0/0", "gw": "10.0.0.1"}, {"dst": "::/0", "gw": "fd00::1"}],
        "dns": {"nameservers": ["10.96.0.10"], "domain": "a&b", "search": ["s"], "options": ["ndots:5"]},
    })
}

#[test]
fn row_26_the_status_is_multus_to_the_byte() {
    let node = node_with("1.1.0", &["net-a"]);
    node.script("net-a", Verb::Add, Script::new().json(&whole()));
    node.add().run().ok();
    let expected = r#"[{
    "name": "net",
    "interface": "eth0",
    "ips": [
        "10.0.0.5",
        "fd00::5"
    ],
    "mac": "0a:58:0a:00:00:05",
    "mtu": 1450,
    "default": true,
    "dns": {
        "nameservers": [
            "10.96.0.10"
        ],
        "domain": "a\u0026b",
        "search": [
            "s"
        ],
        "options": [
            "ndots:5"
        ]
    },
    "gateway": [
        "10.0.0.1",
        "fd00::1"
    ]
}]"#;
    assert_eq!(published(&node, "c1"), expected);
}

#[test]
fn row_26_the_configuration_chooses_the_standards_shape() {
    let node = node_with("1.1.0", &["net-a"]).with("network_status", json!("standard"));
    node.script("net-a", Verb::Add, Script::new().json(&whole()));
    node.add().run().ok();
    let expected = json!([{
        "name": "net", "interface": "eth0", "ips": ["10.0.0.5/24", "fd00::5/64"], "mac": "0a:58:0a:00:00:05",
        "mtu": 1450, "default": true, "dns": whole()["dns"],
    }]);
    assert_eq!(entries(&node, "c1"), *expected.as_array().unwrap());
    let call = node.add().container("c2").key("network_status", json!("cni"));
    call.run().error_code(7).says(&["network_status", "\"cni\"", "multus", "standard"]);
}

#[test]
fn row_28_the_default_network_comes_first_and_the_others_in_the_plans_order() {
    let node = reference_node();
    node.add().cni("weave@net2,flannel@net1,calico@eth0").run().ok();
    let told: Vec<_> = entries(&node, "c1").iter().map(|one| (one["name"].clone(), one["default"].clone())).collect();
    let entry = |name: &str, default: Value| (json!(name), default);
    let others = [entry("weave", Value::Null), entry("cbr0", Value::Null)];
    assert_eq!(told, [&[entry("k8s-pod-network", json!(true))], &others[..]].concat());
}

#[test]
fn case_02_04_and_05_each_attachment_has_an_entry_with_its_definitions_name() {
    let node = reference_node();
    node.recorders(&["mac1"]);
    let objects = node.dir().join("objects");
    fs::create_dir(&objects).unwrap();
    // One configuration has no name, the other one another name than its definition.
    for (name, config) in [("neta", json!({"type": "mac1"})), ("netb", json!({"name": "net-b", "type": "mac1"}))] {
        let definition = json!({
            "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
            "metadata": {"namespace": "default", "name": name}, "spec": {"config": config.to_string()},
        });
        fs::write(objects.join(name).with_extension("json"), definition.to_string()).unwrap();
    }
    let node = node.with("pods", json!(["runtime", {"manifests": objects}])).with("default_plugin", json!("weave"));
    node.add().annotations(&[("k8s.v1.cni.cncf.io/networks", "neta,neta,netb")]).run().ok();
    let told: Vec<_> = entries(&node, "c1").iter().map(|one| [one["name"].clone(), one["interface"].clone()]).collect();
    let expected = [["weave", "eth0"], ["default/neta", "net1"], ["default/neta", "net2"], ["default/netb", "net3"]];
    assert_eq!(told, expected);
}

#[test]
fn row_27_an_attachment_without_a_result_is_told_all_the_same() {
    let node = reference_node();
    node.script("weave-net", Verb::Add, Script::new().json(&json!({"cniVersion": "0.1.0", "dns": {}})));
    node.add().cni("flannel,weave@net1").run().ok();
    assert_eq!(entries(&node, "c1")[1], json!({"name": "weave", "interface": "net1", "dns": {}}));
}

/// Calico's answer, with such name servers.
fn with_servers(servers: &[String]) -> Script {
    Script::new().json(&json!({
        "cniVersion": "0.3.0", "ips": [{"version": "4", "address": "10.1.0.5/24"}], "dns": {"nameservers": servers},
    }))
}

#[test]
fn what_can_never_be_published_is_refused_and_undone() {
    let node = reference_node();
    let refused = |says: &[&str]| {
        _ = node.trace();
        node.add().cni("calico,flannel").run().error_code(6).says(says);
        let trace = node.trace();
        assert!(trace.contains(&"DEL calico@eth0".into()), "{trace:?}");
        node.assert_no_state();
    };
    // More than a result may have.
    let many: Vec<_> = (0..16_000).map(|number| format!("s{number:06}.example.org")).collect();
    node.script("calico", Verb::Add, with_servers(&many));
    refused(&["k8s-pod-network", "eth0", "\"calico\"", "16000 entries in dns", "may have 256"]);
    // Few, but long.
    node.script("calico", Verb::Add, with_servers(&["s".repeat(150_000), "t".repeat(150_000)]));
    refused(&["network-status", "\"k8s-pod-network\"", "eth0", "more than 262144 bytes"]);

    // The status alone fits, and not together with the merge's own annotation.
    let long = |bytes: usize| with_servers(&["s".repeat(bytes)]);
    node.script("calico", Verb::Add, long(1000));
    node.add().cni("calico,flannel").run().ok();
    let rest = published(&node, "c1").len() - 1000;
    node.del().run().ok();
    node.script("calico", Verb::Add, long(262_144 - rest));
    refused(&["annotations cannot be published", "allows 262144", "network-status"]);
    node.script("calico", Verb::Add, long(262_144 - rest - 1000));
    node.add().cni("calico,flannel").run().ok();
}

#[test]
fn a_merge_has_no_say_in_it() {
    let node = reference_node();
    let module = node.guest("merging");
    for (container, settings) in [("c1", json!({})), ("c2", json!({"annotation": STATUS}))] {
        let entry = with(puppet(&module, settings), "grant", json!([{"annotations": ["example.org/*"]}]));
        node.add().container(container).key("selectors", json!([entry])).run().ok();
        let told: Vec<_> = entries(&node, container).iter().map(|one| one["interface"].clone()).collect();
        assert_eq!(told, ["eth0", "eth1", "eth2"], "the merge shows the last one only");
    }
}

#[test]
fn row_29_and_35_a_suite_shows_what_a_node_would_publish() {
    let node = reference_node();
    let config = json!({"cniVersion": "1.0.0", "name": "storage-net", "type": "weave-net"}).to_string();
    let definition = json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": "storage", "namespace": "shop"}, "spec": {"config": config},
    });
    let outcome = |interface: &str, address: &str, gateway: &str| {
        json!({"cniVersion": "1.0.0", "interfaces": [{"name": interface, "sandbox": "/ns"}],
            "ips": [{"address": address, "interface": 0}], "routes": [{"dst": "0.0.0.0/0", "gw": gateway}]})
    };
    let status = concat!(
        "[{\n    \"name\": \"cbr0\",\n    \"interface\": \"eth0\",\n    \"ips\": [\n        \"10.0.0.5\"\n    ],\n",
        "    \"default\": true,\n    \"dns\": {},\n    \"gateway\": [\n        \"10.0.0.1\"\n    ]\n},",
        "{\n    \"name\": \"shop/storage\",\n    \"interface\": \"net1\",\n    \"ips\": [\n        \"10.7.0.5\"\n    ],\n",
        "    \"dns\": {},\n    \"gateway\": [\n        \"10.7.0.9\"\n    ],\n",
        "    \"default-route\": [\n        \"10.7.0.9\"\n    ]\n}]",
    );
    let decided = json!([
        {"network": "10-flannel.conflist"},
        {"definition": {"namespace": "shop", "name": "storage"}, "interface": "net1",
            "defaultRoute": {"via": ["10.7.0.9"]}},
    ]);
    let case = json!({
        "name": "the status names the definition and its default route",
        "config": {"name": "genie", "type": "genie", "selectors": [{"module": "annotation"}]},
        "confDir": node.conf_dir(), "facts": {"objects": [definition]}, "decided": decided,
        "outcomes": [outcome("eth0", "10.0.0.5/24", "10.0.0.1"), outcome("net1", "10.7.0.5/24", "10.7.0.9")],
        "expect": {"merged": {"annotations": {STATUS: status}}},
    });
    let suite = node.dir().join("suite");
    fs::create_dir(&suite).unwrap();
    fs::write(suite.join("case.json"), case.to_string()).unwrap();
    let told = node.genie_host(&["test", suite.to_str().unwrap()]);
    assert_eq!(told.status, Some(0), "{}{}", told.stdout, told.stderr);
}
