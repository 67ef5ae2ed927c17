//! The status of a pod's networks, byte for byte.

use serde_json::{Value, json};

use super::{NETWORK_STATUS, standard};
use crate::Outcome;

fn outcome(interface: &str, network: &str, result: &Value) -> Outcome {
    Outcome { interface: interface.to_owned(), network: network.to_owned(), result: result.to_string() }
}

fn status(outcomes: &[Outcome]) -> String {
    let annotations = standard("eth0", Some("/ns"), outcomes).expect("merges").annotations;
    annotations.into_iter().find(|(key, _)| key == NETWORK_STATUS).expect("always there").1
}

#[test]
fn one_network_has_a_status_of_the_interface_in_the_pod_alone() {
    let result = json!({
        "interfaces": [
            {"name": "cni0", "mac": "0a:00:00:00:00:01"},
            {"name": "eth0", "mac": "0a:00:00:00:00:03", "mtu": 1500, "sandbox": "/ns"}
        ],
        "ips": [
            {"address": "10.0.0.5/24", "gateway": "10.0.0.1", "interface": 1},
            {"address": "10.0.0.1/24", "interface": 0}
        ],
        "routes": [{"dst": "10.1.0.0/16", "gw": "10.0.0.9"}, {"dst": "0.0.0.0/0"}],
        "dns": {"nameservers": ["10.96.0.10"], "domain": "d"}
    });
    assert_eq!(
        status(&[outcome("eth0", "defnet", &result)]),
        concat!(
            r#"[{"name":"defnet","interface":"eth0","ips":["10.0.0.5"],"mac":"0a:00:00:00:00:03","mtu":1500,"#,
            r#""default":true,"dns":{"domain":"d","nameservers":["10.96.0.10"]},"gateway":["10.0.0.1"]}]"#
        )
    );
}

#[test]
fn the_default_network_comes_first_and_is_the_only_one() {
    let l2 =
        |interface: &str| outcome(interface, "l2", &json!({"interfaces": [{"name": interface, "sandbox": "/ns"}]}));
    let blue = outcome("eth0", "blue", &json!({"ips": [{"address": "10.0.0.2/24"}]}));
    assert_eq!(
        status(&[l2("net1"), blue, l2("net2")]),
        concat!(
            r#"[{"name":"blue","interface":"eth0","ips":["10.0.0.2"],"default":true,"dns":{}},"#,
            r#"{"name":"l2","interface":"net1","dns":{}},{"name":"l2","interface":"net2","dns":{}}]"#
        )
    );
}

#[test]
fn addresses_without_an_interface_are_the_pods() {
    // calico's result: the node's end of the pair, and an address of no interface.
    let result = json!({
        "interfaces": [{"name": "cali1234", "mac": "ee:ee:ee:ee:ee:ee"}],
        "ips": [{"address": "172.120.0.2/32"}, {"address": "fd00::2/128"}]
    });
    assert_eq!(
        status(&[outcome("eth0", "k8s-pod-network", &result)]),
        r#"[{"name":"k8s-pod-network","interface":"eth0","ips":["172.120.0.2","fd00::2"],"default":true,"dns":{}}]"#
    );
}

#[test]
fn both_families_have_their_gateway() {
    let result = json!({
        "ips": [
            {"address": "10.0.0.2/24", "gateway": "10.0.0.1"}, {"address": "fd00::2/64", "gateway": "fd00::1"}
        ],
        "routes": [{"dst": "0.0.0.0/0"}, {"dst": "::/0"}, {"dst": "0.0.0.0/1", "gw": "10.0.0.7"}]
    });
    let status: Value = serde_json::from_str(&status(&[outcome("eth0", "dual", &result)])).expect("JSON");
    assert_eq!(status[0]["gateway"], json!(["10.0.0.1", "fd00::1"]));
}

#[test]
fn an_empty_result_still_tells_network_and_interface() {
    assert_eq!(
        status(&[outcome("eth0", "empty", &json!({}))]),
        r#"[{"name":"empty","interface":"eth0","default":true,"dns":{}}]"#
    );
}
