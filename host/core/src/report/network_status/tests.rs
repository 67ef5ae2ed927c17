//! The rows of the standard's section 5, and both shapes byte for byte: each case of `golden/` has the
//! attachments (`NAME.json`) and what is written of them (`NAME.multus`, `NAME.standard`). Where
//! Multus 4.3.0 writes something else, that is in `NAME.theirs`.

use std::collections::BTreeSet;
use std::fs;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::{Network, TOTAL_LIMIT, multus, standard};
use crate::cni::{CniResult, ListedResult, Version};

/// The cases in which Multus writes something else, and why.
const DIFFERENT: [(&str, &str); 8] = [
    ("a_gateway_on_the_node", "no entry is the default network's"),
    ("default_route", "it does not tell of a default route that was asked for"),
    ("default_route_of_the_plugins", "the same"),
    ("empty_result", "an attachment without interfaces has no entry"),
    ("gateway_that_the_route_does_not_name", "it writes <nil>, and takes half of IPv4 and other tables for a default"),
    ("no_interface_in_the_pod", "it does not name the interface that it asked for"),
    ("result_of_0_2_0", "an attachment without interfaces has no entry"),
    ("two_sandbox_interfaces_and_addresses_of_none", "they are on the last interface"),
];

/// An attachment as a case writes it.
#[derive(Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Written {
    name: String,
    interface: String,
    default: bool,
    default_route: Option<Vec<IpAddr>>,
    device_info: Option<Map<String, Value>>,
    result: Value,
}

impl Written {
    fn result(&self) -> ListedResult {
        let result = CniResult::from_value(&self.result, Version::CURRENT).unwrap();
        result.check_safe().unwrap();
        result.current()
    }

    fn network<'a>(&'a self, result: &'a ListedResult) -> Network<'a> {
        Network {
            name: self.name.clone(),
            interface: &self.interface,
            is_default: self.default,
            result,
            device_info: self.device_info.as_ref(),
            default_route: self.default_route.clone(),
        }
    }
}

/// What is written of attachments, in both shapes.
fn both(attachments: &[Written]) -> [String; 2] {
    let results: Vec<_> = attachments.iter().map(Written::result).collect();
    let networks: Vec<_> = attachments.iter().zip(&results).map(|(one, result)| one.network(result)).collect();
    [multus(&networks), standard(&networks)].map(Result::unwrap)
}

/// The entries of attachments in both shapes.
fn entries(attachments: Value) -> [Vec<Value>; 2] {
    let attachments: Vec<Written> = serde_json::from_value(attachments).unwrap();
    both(&attachments).map(|text| serde_json::from_str(&text).unwrap())
}

/// The entries of one attachment, which is the default network on eth0.
fn entries_of(result: Value) -> [Vec<Value>; 2] {
    let mut network = json!({"name": "defnet", "interface": "eth0", "default": true});
    network["result"] = result;
    entries(json!([network]))
}

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/report/network_status/golden")
}

fn read(name: &str, ending: &str) -> Option<String> {
    fs::read_to_string(golden().join(format!("{name}.{ending}"))).ok()
}

#[test]
fn case_38_both_shapes_are_right_to_the_byte() {
    let files = fs::read_dir(golden()).unwrap().map(|entry| entry.unwrap().path());
    let names = files.map(|file| file.file_stem().unwrap().to_string_lossy().into_owned());
    let names: BTreeSet<_> = names.collect();
    assert!(names.len() >= 20, "{names:?}");
    for name in &names {
        let attachments = read(name, "json").unwrap_or_else(|| panic!("{name}.json is missing"));
        let attachments: Vec<Written> = serde_json::from_str(&attachments).unwrap();
        for (shape, written) in ["multus", "standard"].into_iter().zip(both(&attachments)) {
            let expected = read(name, shape).unwrap_or_default();
            assert_eq!(format!("{written}\n"), expected, "{name}.{shape}\n{written}");
        }
        let theirs = read(name, "theirs");
        let why = DIFFERENT.iter().find(|(different, _)| different == name);
        assert_eq!(theirs.is_some(), why.is_some(), "{name}: each difference has its reason");
        assert!(theirs.is_none() || theirs != read(name, "multus"), "{name}: there is no difference");
    }
    assert!(DIFFERENT.iter().all(|(name, _)| names.contains(*name)));
}

#[test]
fn row_26_the_value_is_a_list_of_maps() {
    for text in both(&[]) {
        assert_eq!(text, "[]");
    }
    for list in entries_of(json!({"cniVersion": "1.1.0"})) {
        assert!(list.iter().all(Value::is_object), "{list:?}");
    }
}

#[test]
fn row_27_the_first_interface_inside_the_pod_is_told_and_no_result_is_a_minimal_map() {
    let result = json!({"cniVersion": "1.1.0", "interfaces": [
        {"name": "veth1"}, {"name": "eth0", "sandbox": "/ns"}, {"name": "eth0b", "sandbox": "/ns"},
    ]});
    let [multus, standard] = entries_of(result);
    assert_eq!(standard, [json!({"name": "defnet", "interface": "eth0", "default": true})]);
    let told: Vec<_> = multus.iter().map(|entry| entry["interface"].as_str().unwrap()).collect();
    assert_eq!(told, ["eth0", "eth0b"], "Multus tells of each");
    let [multus, standard] = entries_of(json!({"cniVersion": "1.1.0"}));
    assert_eq!(multus, [json!({"name": "defnet", "interface": "eth0", "default": true, "dns": {}})]);
    assert_eq!(standard, [json!({"name": "defnet", "interface": "eth0", "default": true})]);
}

#[test]
fn row_28_one_entry_is_the_default_networks_whatever_its_plugins_answered() {
    let inside = |name: &str| json!({"name": name, "sandbox": "/ns"});
    let gateway = |place: u8| json!({"address": "10.0.0.5/24", "gateway": "10.0.0.1", "interface": place});
    for (interfaces, ips, default) in [
        (json!([]), json!([]), "eth0"),
        (json!([{"name": "cali1"}]), json!([gateway(0)]), "eth0"),
        (json!([{"name": "cali1"}, {"name": "cali2"}]), json!([gateway(1)]), "eth0"),
        (json!([inside("eth0"), inside("eth0b")]), json!([]), "eth0"),
        (json!([inside("eth0"), inside("eth0b")]), json!([gateway(1)]), "eth0b"),
        (json!([inside("eth0b"), inside("eth0"), {"name": "cali1"}]), json!([gateway(2)]), "eth0"),
    ] {
        let other = json!({"name": "default/neta", "interface": "net1", "default": false,
            "result": {"cniVersion": "1.1.0", "interfaces": [inside("net1"), inside("net1b")], "ips": [gateway(1)]}});
        let result = json!({"cniVersion": "1.1.0", "interfaces": interfaces, "ips": ips});
        let own = json!({"name": "defnet", "interface": "eth0", "default": true, "result": result});
        let [multus, standard] = entries(json!([other, own]));
        let defaults: Vec<_> = multus.iter().filter(|entry| entry["default"] == true).collect();
        assert_eq!(defaults.len(), 1, "{multus:?}");
        assert_eq!((&defaults[0]["name"], &defaults[0]["interface"]), (&json!("defnet"), &json!(default)));
        let defaults: Vec<_> = standard.iter().map(|entry| entry["default"].as_bool().unwrap()).collect();
        assert_eq!(defaults, [true, false], "{standard:?}");
    }
}

#[test]
fn row_29_the_name_is_there_as_it_was_handed_over() {
    let one =
        |name: &str| json!({"name": name, "interface": "eth0", "default": false, "result": {"cniVersion": "1.1.0"}});
    for list in entries(json!([one("defnet"), one("default/neta")])) {
        assert_eq!([&list[0]["name"], &list[1]["name"]], ["defnet", "default/neta"]);
    }
}

#[test]
fn row_30_the_interface_is_the_first_inside_the_pod_else_the_one_that_was_asked_for() {
    for (result, interface) in [
        (json!({"cniVersion": "1.1.0", "interfaces": [{"name": "a"}, {"name": "b", "sandbox": "/ns"}]}), "b"),
        (json!({"cniVersion": "1.1.0", "interfaces": [{"name": "a"}]}), "eth0"),
        (json!({"cniVersion": "0.2.0", "ip4": {"ip": "10.0.0.2/24"}}), "eth0"),
    ] {
        for list in entries_of(result) {
            assert_eq!((list.len(), &list[0]["interface"]), (1, &json!(interface)));
        }
    }
}

#[test]
fn row_31_the_addresses_are_those_of_that_interface_or_of_none() {
    let ips = json!([
        {"address": "10.0.0.1/24", "interface": 0}, {"address": "10.0.0.5/24", "interface": 1},
        {"address": "10.0.0.6/24"}, {"address": "fd00::5/64", "interface": 1},
    ]);
    let interfaces = json!([{"name": "cni0"}, {"name": "eth0", "sandbox": "/ns"}]);
    let [multus, standard] = entries_of(json!({"cniVersion": "1.1.0", "interfaces": interfaces, "ips": ips}));
    assert_eq!(multus[0]["ips"], json!(["10.0.0.5", "10.0.0.6", "fd00::5"]));
    assert_eq!(standard[0]["ips"], json!(["10.0.0.5/24", "10.0.0.6/24", "fd00::5/64"]));

    // No interface is inside the pod.
    let interfaces = json!([{"name": "cni0"}, {"name": "veth1"}]);
    for list in entries_of(json!({"cniVersion": "1.1.0", "interfaces": interfaces, "ips": ips})) {
        assert_eq!(list[0]["ips"].as_array().unwrap().len(), 1);
        assert!(list[0]["ips"][0].as_str().unwrap().starts_with("10.0.0.6"));
    }
    // calico's result lacks the interface that it means.
    for list in
        entries_of(json!({"cniVersion": "0.3.1", "ips": [{"address": "10.0.0.5/32", "interface": 0}], "dns": {}}))
    {
        assert!(list[0]["ips"][0].as_str().unwrap().starts_with("10.0.0.5"));
    }
    for list in entries_of(json!({"cniVersion": "1.1.0"})) {
        assert_eq!(list[0].get("ips"), None);
    }
}

#[test]
fn row_32_the_hardware_address_is_that_of_an_interface_in_the_pod() {
    let node = json!({"name": "cali1", "mac": "ee:ee:ee:ee:ee:ee"});
    for list in entries_of(json!({"cniVersion": "1.1.0", "interfaces": [node]})) {
        assert_eq!(list[0].get("mac"), None);
    }
    let pod = json!({"name": "eth0", "mac": "0a:58:0a:00:00:05", "sandbox": "/ns"});
    for list in entries_of(json!({"cniVersion": "1.1.0", "interfaces": [node, pod]})) {
        assert_eq!(list[0]["mac"], "0a:58:0a:00:00:05");
    }
}

#[test]
fn row_33_default_is_always_told_in_the_standards_shape_and_only_when_true_in_multus() {
    let result = json!({"cniVersion": "1.1.0"});
    let one =
        |name: &str, default: bool| json!({"name": name, "interface": name, "default": default, "result": result});
    let [multus, standard] = entries(json!([one("eth0", true), one("net1", false)]));
    assert_eq!([multus[0].get("default"), multus[1].get("default")], [Some(&json!(true)), None]);
    assert_eq!([&standard[0]["default"], &standard[1]["default"]], [true, false]);
}

#[test]
fn row_34_name_service_is_told_and_an_empty_one_in_multus_shape_only() {
    let dns = json!({"nameservers": ["10.96.0.10"], "domain": "d", "search": ["s"], "options": ["ndots:5"]});
    for list in entries_of(json!({"cniVersion": "1.1.0", "dns": dns})) {
        assert_eq!(list[0]["dns"], dns);
    }
    let [multus, standard] = entries_of(json!({"cniVersion": "1.1.0"}));
    assert_eq!([multus[0].get("dns"), standard[0].get("dns")], [Some(&json!({})), None]);
}

#[test]
fn row_35_a_default_route_that_was_asked_for_is_told_in_both_shapes() {
    let result = json!({"cniVersion": "1.1.0", "interfaces": [{"name": "net1", "sandbox": "/ns"}],
        "routes": [{"dst": "0.0.0.0/0", "gw": "10.7.0.9"}]});
    let asked = |gateways: Value| {
        entries(json!([{"name": "default/neta", "interface": "net1", "default": false, "default-route": gateways,
            "result": result}]))
    };
    for gateways in [json!(["10.7.0.9"]), json!(["10.7.0.9", "fd00::9"]), json!([])] {
        let [multus, standard] = asked(gateways.clone());
        assert_eq!([&multus[0]["default-route"], &standard[0]["default-route"]], [&gateways, &gateways]);
        assert_eq!(multus[0]["gateway"], json!(["10.7.0.9"]), "of what is there");
        assert_eq!(standard[0].get("gateway"), None, "the standard has no such key");
    }
    for list in asked(Value::Null) {
        assert_eq!(list[0].get("default-route"), None);
    }
}

#[test]
fn row_36_device_information_is_told_as_it_is_also_what_is_not_known() {
    let info = json!({"type": "pci", "version": "1.2.0", "pci": {"pci-address": "0000:18:02.5", "new": 1}, "more": {}});
    let one = json!({"name": "default/sriov", "interface": "net1", "default": false, "device-info": info,
        "result": {"cniVersion": "1.1.0"}});
    for list in entries(json!([one])) {
        assert_eq!(list[0]["device-info"], info);
    }
}

/// All gateways and names are in each entry: a result within its bounds would make 256 times a megabyte.
#[test]
fn a_status_that_kubernetes_cannot_hold_is_refused_before_it_grows() {
    let interfaces: Vec<_> = (0..256).map(|number| json!({"name": format!("i{number}"), "sandbox": "/x"})).collect();
    let gateway = |number| format!("10.1.{}.{}", number / 256, number % 256);
    let routes: Vec<_> = (0..4096).map(|number| json!({"dst": "0.0.0.0/0", "gw": gateway(number)})).collect();
    let small = json!({"name": "small", "interface": "eth0", "default": true, "result": {}});
    for (result, in_both) in [
        (json!({"interfaces": interfaces, "routes": routes}), false),
        (json!({"dns": {"search": ["s".repeat(TOTAL_LIMIT)]}}), true),
    ] {
        let large = json!({"name": "large", "interface": "net1", "default": false, "result": result});
        let attachments: Vec<Written> = serde_json::from_value(json!([large, small])).unwrap();
        let results: Vec<_> = attachments.iter().map(Written::result).collect();
        let networks: Vec<_> = attachments.iter().zip(&results).map(|(one, result)| one.network(result)).collect();
        let refused: Vec<_> = [multus(&networks), standard(&networks)].into_iter().filter_map(Result::err).collect();
        assert_eq!(refused.len(), if in_both { 2 } else { 1 });
        for why in refused {
            assert!(why.contains("\"large\"") && why.contains("262144"), "{why}");
        }
    }
}
