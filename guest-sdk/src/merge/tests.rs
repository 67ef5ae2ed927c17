use serde_json::{Value, json};

use super::{MULTI_IP_PREFERENCES, standard};
use crate::Outcome;

const NETNS: &str = "/run/netns/pod";

fn outcome(interface: &str, network: &str, result: &Value) -> Outcome {
    Outcome { interface: interface.to_owned(), network: network.to_owned(), result: result.to_string() }
}

/// A network as flannel answers: a bridge, the host's and the pod's interface.
fn flannel(interface: &str) -> Outcome {
    let result = json!({
        "cniVersion": "1.1.0",
        "interfaces": [
            {"name": "cni0", "mac": "0a:00:00:00:00:01"},
            {"name": "veth1", "mac": "0a:00:00:00:00:02"},
            {"name": interface, "mac": "0a:00:00:00:00:03", "sandbox": NETNS}
        ],
        "ips": [{"address": "10.244.0.2/24", "gateway": "10.244.0.1", "interface": 2}],
        "routes": [{"dst": "10.244.0.0/16"}, {"dst": "0.0.0.0/0", "gw": "10.244.0.1"}],
        "dns": {"nameservers": ["10.96.0.10"], "search": ["a", "b"]}
    });
    outcome(interface, "cbr0", &result)
}

/// A network as weave answers.
fn weave(interface: &str) -> Outcome {
    let result = json!({
        "interfaces": [{"name": interface, "sandbox": NETNS, "mtu": 1376}],
        "ips": [{"address": "10.32.0.4/12", "gateway": "10.32.0.1", "interface": 0}],
        "routes": [{"dst": "0.0.0.0/0", "gw": "10.32.0.1"}],
        "dns": {"nameservers": ["10.96.0.10", "1.1.1.1"], "domain": "w", "options": ["ndots:5"]}
    });
    outcome(interface, "weave", &result)
}

/// A network that answers so many routes and name servers, of which each result has most.
fn large(interface: &str, from: usize) -> Outcome {
    let numbers = from..from + 20_000;
    let routes: Vec<_> = numbers
        .clone()
        .map(|number| json!({"dst": format!("10.{}.{}.0/24", number / 256, number % 256), "gw": "10.0.0.1"}))
        .collect();
    let servers: Vec<_> = numbers.map(|number| number.to_string()).collect();
    outcome(interface, "large", &json!({"routes": routes, "dns": {"nameservers": servers}}))
}

/// A network without addresses.
fn l2(interface: &str) -> Outcome {
    outcome(interface, "l2", &json!({"interfaces": [{"name": interface, "sandbox": NETNS}]}))
}

fn merged(outcomes: &[Outcome]) -> Value {
    let merged = standard("eth0", Some(NETNS), outcomes).expect("merges");
    serde_json::from_str(&merged.result).expect("JSON")
}

fn annotation(outcomes: &[Outcome]) -> Option<String> {
    let annotations = standard("eth0", Some(NETNS), outcomes).expect("merges").annotations;
    annotations.into_iter().find(|(key, _)| key == MULTI_IP_PREFERENCES).map(|(_, value)| value)
}

#[test]
fn row_1_one_network_stays_as_it_is_and_has_no_preferences() {
    let mut expected: Value = serde_json::from_str(&flannel("eth0").result).expect("JSON");
    expected["routes"][0]["gw"] = json!("10.244.0.1");
    assert_eq!(merged(&[flannel("eth0")]), expected);
    assert_eq!(annotation(&[flannel("eth0")]), None);
}

#[test]
fn rows_9_and_10_two_networks_follow_each_other_with_shifted_indexes() {
    let merged = merged(&[flannel("eth0"), weave("eth1")]);
    assert_eq!(merged["cniVersion"], "1.1.0");
    let names: Vec<_> = merged["interfaces"].as_array().into_iter().flatten().collect();
    let names: Vec<_> = names.iter().map(|entry| entry["name"].as_str()).collect();
    assert_eq!(names, [Some("cni0"), Some("veth1"), Some("eth0"), Some("eth1")]);
    assert_eq!(merged["interfaces"][3]["mtu"], 1376, "unknown members stay");
    assert_eq!(
        merged["ips"],
        json!([
            {"address": "10.244.0.2/24", "gateway": "10.244.0.1", "interface": 2},
            {"address": "10.32.0.4/12", "gateway": "10.32.0.1", "interface": 3}
        ])
    );
    assert_eq!(
        merged["routes"],
        json!([
            {"dst": "10.244.0.0/16", "gw": "10.244.0.1"},
            {"dst": "0.0.0.0/0", "gw": "10.244.0.1"},
            {"dst": "0.0.0.0/0", "gw": "10.32.0.1"}
        ])
    );
    assert_eq!(
        merged["dns"],
        json!({
            "domain": "w", "nameservers": ["10.96.0.10", "1.1.1.1"],
            "search": ["a", "b"], "options": ["ndots:5"]
        })
    );
}

#[test]
fn row_9_the_annotation_is_byte_for_byte_what_cni_genie_wrote() {
    assert_eq!(
        annotation(&[flannel("eth0"), weave("eth1")]).as_deref(),
        Some(
            r#"{"multi_entry":2,"ips":{"ip1":{"ip":"10.244.0.2","interface":"eth0"},"ip2":{"ip":"10.32.0.4","interface":"eth1"}}}"#
        )
    );
}

#[test]
fn row_12_the_runtimes_interface_comes_first_but_the_annotation_keeps_the_plans_order() {
    let outcomes = [flannel("eth1"), weave("eth0")];
    let merged = merged(&outcomes);
    assert_eq!(merged["ips"][0]["address"], "10.32.0.4/12");
    assert_eq!(merged["ips"][0]["interface"], 0);
    assert_eq!(merged["ips"][1]["interface"], 3);
    assert_eq!(merged["interfaces"][0]["name"], "eth0");
    assert_eq!(merged["dns"]["domain"], "w");
    let annotation = annotation(&outcomes).expect("two networks");
    assert!(annotation.contains(r#""ip1":{"ip":"10.244.0.2","interface":"eth1"}"#), "{annotation}");
}

#[test]
fn row_62_a_network_without_addresses_keeps_its_interface_and_resets_nothing() {
    let outcomes = [weave("eth0"), l2("eth1"), flannel("eth2")];
    let merged = merged(&outcomes);
    assert_eq!(merged["interfaces"][1]["name"], "eth1");
    assert_eq!(merged["ips"][1]["interface"], 4);
    assert_eq!(
        annotation(&outcomes).as_deref(),
        Some(
            r#"{"multi_entry":2,"ips":{"ip1":{"ip":"10.32.0.4","interface":"eth0"},"ip2":{"ip":"10.244.0.2","interface":"eth2"}}}"#
        )
    );
    assert_eq!(annotation(&[l2("eth0"), l2("eth1")]), None);
    let alone = standard("eth0", None, &[l2("eth0")]).expect("merges");
    assert_eq!(
        alone.result,
        json!({"cniVersion": "1.1.0", "interfaces": [{"name": "eth0", "sandbox": NETNS}]}).to_string()
    );
}

#[test]
fn row_63_a_result_without_interfaces_gets_the_pods() {
    for index in [json!(0), Value::Null] {
        let calico = outcome(
            "eth0",
            "k8s-pod-network",
            &json!({"ips": [{"address": "172.120.126.128/32", "interface": index}]}),
        );
        let merged = merged(&[calico, flannel("eth1")]);
        assert_eq!(merged["interfaces"][0], json!({"name": "eth0", "sandbox": NETNS}));
        assert_eq!(merged["ips"][0], json!({"address": "172.120.126.128/32", "interface": 0}));
        assert_eq!(merged["ips"][1]["interface"], 3);
    }
}

#[test]
fn the_sandbox_is_learnt_from_another_network_if_nobody_tells_it() {
    let calico = outcome("eth0", "calico", &json!({"ips": [{"address": "172.120.0.1/32"}]}));
    let told = standard("eth0", None, &[calico.clone(), l2("eth1")]).expect("merges");
    assert!(told.result.contains(&json!({"name": "eth0", "sandbox": NETNS}).to_string()));
    let unknown = standard("eth0", None, &[calico]).expect("merges");
    assert!(unknown.result.contains(r#"{"name":"eth0"}"#), "{}", unknown.result);
}

#[test]
fn an_address_that_tells_no_interface_belongs_to_the_networks_own() {
    let result = json!({
        "interfaces": [{"name": "eth1"}, {"name": "eth1", "sandbox": NETNS}],
        "ips": [{"address": "10.0.0.2/24"}, {"address": "10.0.0.3/24", "interface": 0}]
    });
    let twice = merged(&[l2("eth0"), outcome("eth1", "blue", &result)]);
    assert_eq!(twice["ips"][0]["interface"], 2, "the one inside of the pod");
    assert_eq!(twice["ips"][1]["interface"], 1);

    let result = json!({"interfaces": [{"name": "veth9"}], "ips": [{"address": "10.0.0.2/24"}]});
    let added = merged(&[l2("eth0"), outcome("eth1", "blue", &result)]);
    assert_eq!(added["ips"][0]["interface"], 2);
    assert_eq!(added["interfaces"][2], json!({"name": "eth1", "sandbox": NETNS}));
}

#[test]
fn a_result_that_is_not_about_one_interface_gets_none() {
    let earlier = outcome("", "earlier", &json!({"ips": [{"address": "10.0.0.9/24"}]}));
    let merged = merged(&[earlier, weave("eth0")]);
    assert_eq!(merged["interfaces"].as_array().map(Vec::len), Some(1));
    assert_eq!(merged["ips"][0]["address"], "10.32.0.4/12");
    assert_eq!(merged["ips"][1], json!({"address": "10.0.0.9/24"}));
}

#[test]
fn both_families_are_kept_and_routes_get_the_gateway_of_their_own() {
    let result = json!({
        "interfaces": [{"name": "eth0", "sandbox": NETNS}],
        "ips": [
            {"address": "10.0.0.2/24", "gateway": "10.0.0.1", "interface": 0},
            {"address": "fd00::2/64", "gateway": "fd00::1", "interface": 0}
        ],
        "routes": [
            {"dst": "0.0.0.0/0"}, {"dst": "::/0"}, {"dst": "fd01::/64", "gw": "fd00::9"},
            {"dst": "10.9.0.0/16", "scope": 253}
        ]
    });
    let dual = outcome("eth0", "dual", &result);
    let merged = merged(&[dual.clone(), l2("eth1")]);
    assert_eq!(merged["ips"].as_array().map(Vec::len), Some(2));
    assert_eq!(
        merged["routes"],
        json!([
            {"dst": "0.0.0.0/0", "gw": "10.0.0.1"}, {"dst": "::/0", "gw": "fd00::1"},
            {"dst": "fd01::/64", "gw": "fd00::9"}, {"dst": "10.9.0.0/16", "scope": 253}
        ])
    );
    assert_eq!(
        annotation(&[dual, l2("eth1")]).as_deref(),
        Some(r#"{"multi_entry":1,"ips":{"ip1":{"ip":"10.0.0.2","interface":"eth0"}}}"#),
        "the first address only"
    );
}

#[test]
fn a_route_without_any_gateway_loses_nothing() {
    let result = json!({
        "ips": [{"address": "10.0.0.2/24", "gateway": "10.0.0.1"}, {"address": "fd00::2/64"}],
        "routes": [{"dst": "::/0"}]
    });
    let merged = merged(&[weave("eth0"), outcome("eth1", "blue", &result), flannel("eth2")]);
    assert_eq!(merged["ips"].as_array().map(Vec::len), Some(4));
    assert!(merged["routes"].as_array().is_some_and(|routes| routes.contains(&json!({"dst": "::/0"}))));
}

#[test]
fn identical_routes_are_kept_once() {
    let merged = merged(&[weave("eth0"), weave("eth1")]);
    assert_eq!(merged["routes"], json!([{"dst": "0.0.0.0/0", "gw": "10.32.0.1"}]));
    assert_eq!(merged["ips"].as_array().map(Vec::len), Some(2));
}

#[test]
fn what_cni_does_not_define_is_kept_from_the_first_network() {
    let first = outcome("eth0", "a", &json!({"x-vendor": 1, "cniVersion": "1.0.0"}));
    let second = outcome("eth1", "b", &json!({"x-vendor": 2, "x-more": []}));
    let merged = merged(&[second, first]);
    assert_eq!(merged["x-vendor"], 1);
    assert_eq!(merged["x-more"], json!([]));
    assert_eq!(merged["cniVersion"], "1.1.0");
}

#[test]
fn null_lists_count_as_empty() {
    let result = json!({"interfaces": null, "ips": null, "routes": null, "dns": null});
    let merged = merged(&[outcome("eth0", "a", &result)]);
    let expected = json!({"cniVersion": "1.1.0", "interfaces": [{"name": "eth0", "sandbox": NETNS}]});
    assert_eq!(merged, expected);
}

/// Compared one with another, these would take minutes.
#[test]
fn many_routes_and_servers_are_merged_in_their_order_and_each_once() {
    let merged = merged(&[large("eth0", 0), large("net1", 10_000)]);
    let expected = large("eth0", 0).result.parse::<Value>().expect("JSON");
    for place in ["/routes", "/dns/nameservers"] {
        let list = merged.pointer(place).and_then(Value::as_array).expect("a list");
        let first = expected.pointer(place).and_then(Value::as_array).expect("a list");
        assert_eq!((list.len(), &list[..20_000]), (30_000, &first[..]), "{place}");
    }
}
