//! What an element asks for beside a network.

use serde_json::{Value, json};

use super::{Expected, case};
use crate::differential::Case;

pub fn all() -> Vec<Expected> {
    [addresses(), capabilities(), arguments()].concat()
}

/// An element of `cap` with one more key.
fn asks(name: &str, key: &str, value: &Value) -> Case {
    case(name).elements(&json!([{"name": "cap", key: value}]))
}

fn addresses() -> Vec<Expected> {
    vec![
        (
            case("08-addresses-without-the-capability").elements(&json!([{"name": "neta", "ips": ["10.1.1.5/24"]}])),
            &["arguments-on-del", "whole-result"],
        ),
        (
            case("08-two-addresses-without-the-capability")
                .elements(&json!([{"name": "neta", "ips": ["10.1.1.5/24", "fd00::5/64"]}])),
            &["addresses-by-capability-only", "several-addresses", "whole-result"],
        ),
        (
            case("08-mac-without-the-capability").elements(&json!([{"name": "neta", "mac": "02:00:00:00:00:05"}])),
            &["arguments-on-del", "whole-result"],
        ),
        (
            case("08-guid-without-the-capability")
                .elements(&json!([{"name": "neta", "infiniband-guid": "00:00:00:00:00:00:00:05"}])),
            &["nothing-to-undo", "unknown-capability"],
        ),
        (
            asks("09-addresses", "ips", &json!(["10.1.1.5/24", "fd00::5/64"])),
            &["addresses-by-capability-only", "whole-result"],
        ),
        (
            asks("09-address-without-length", "ips", &json!(["10.1.1.5"])),
            &["addresses-by-capability-only", "whole-result"],
        ),
        (asks("09-mac", "mac", &json!("02:00:00:00:00:05")), &["addresses-by-capability-only", "whole-result"]),
        (
            asks("09-mac-of-capitals", "mac", &json!("02:00:00:AB:CD:EF")),
            &["addresses-by-capability-only", "whole-result"],
        ),
        (
            asks("09-mac-with-hyphens", "mac", &json!("02-00-00-00-00-05")),
            &["hardware-address-with-colons", "whole-result"],
        ),
        (asks("09-guid", "infiniband-guid", &json!("c2:11:22:33:44:55:66:77")), &["whole-result"]),
        (asks("11-no-addresses", "ips", &json!([])), &["no-empty-addresses", "nothing-to-undo"]),
        (asks("11-no-address", "ips", &json!(["10.1.1"])), &["error-code", "nothing-to-undo"]),
        (asks("11-a-text", "ips", &json!("10.1.1.5")), &["error-code", "nothing-to-undo"]),
        (
            asks("12-mac-of-eight-bytes", "mac", &json!("02:00:00:00:00:00:00:05")),
            &["hardware-address-of-six-bytes", "nothing-to-undo"],
        ),
        (asks("12-mac-zz", "mac", &json!("zz")), &["error-code", "nothing-to-undo"]),
        (
            asks("12-guid-of-six-bytes", "infiniband-guid", &json!("c2:11:22:33:44:55")),
            &["guid-of-eight-bytes", "nothing-to-undo"],
        ),
        (asks("24-claim", "ipam-claim-reference", &json!("claim")), &["whole-result"]),
        (
            case("24-claim-and-addresses")
                .elements(&json!([{"name": "cap", "ipam-claim-reference": "claim", "ips": ["10.1.1.5/24"]}])),
            &["claim-or-addresses", "nothing-to-undo"],
        ),
    ]
}

fn capabilities() -> Vec<Expected> {
    let mapping = |key: &str, value: Value| {
        let mut mapping = json!({"hostPort": 8080, "containerPort": 80, "protocol": "tcp"});
        mapping[key] = value;
        json!([mapping])
    };
    let every = json!([{
        "name": "cap", "ips": ["10.1.1.5/24"], "mac": "02:00:00:00:00:05", "infiniband-guid": "c2:11:22:33:44:55:66:77",
        "portMappings": [{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}],
        "bandwidth": {"ingressRate": 1000, "ingressBurst": 1000},
    }]);
    let host_ports = json!([{"hostPort": 9090, "containerPort": 90, "protocol": "tcp"}]);
    let from_kubelet = |name: &str| case(name).runtime_config("portMappings", host_ports.clone());
    vec![
        (
            case("09-every-capability").elements(&every),
            &["addresses-by-capability-only", "bandwidth-without-zeros", "requests-on-del", "whole-result"],
        ),
        (
            case("08-ports-without-the-capability")
                .elements(&json!([{"name": "neta", "portMappings": mapping("hostPort", json!(1))}])),
            &["nothing-to-undo", "unknown-capability"],
        ),
        (asks("13-ports", "portMappings", &mapping("protocol", json!("tcp"))), &["requests-on-del", "whole-result"]),
        (
            asks("13-ports-with-an-address", "portMappings", &mapping("hostIP", json!("127.0.0.1"))),
            &["requests-on-del", "whole-result"],
        ),
        (
            asks("13-host-port-0", "portMappings", &mapping("hostPort", json!(0))),
            &["nothing-to-undo", "port-mappings-checked"],
        ),
        (
            asks("13-port-70000", "portMappings", &mapping("containerPort", json!(70000))),
            &["nothing-to-undo", "port-mappings-checked"],
        ),
        (
            asks("13-protocol-icmp", "portMappings", &mapping("protocol", json!("icmp"))),
            &["nothing-to-undo", "port-mappings-checked"],
        ),
        (
            asks("13-protocol-sctp", "portMappings", &mapping("protocol", json!("Sctp"))),
            &["protocol-in-small-letters", "requests-on-del", "whole-result"],
        ),
        (
            asks("13-no-protocol", "portMappings", &json!([{"hostPort": 8080, "containerPort": 80}])),
            &["protocol-in-small-letters", "requests-on-del", "whole-result"],
        ),
        (
            asks("13-no-host-port", "portMappings", &json!([{"containerPort": 80}])),
            &["nothing-to-undo", "port-mappings-checked"],
        ),
        (asks("13-no-ports", "portMappings", &json!([])), &["nothing-to-undo", "port-mappings-checked"]),
        (
            asks(
                "14-bandwidth",
                "bandwidth",
                &json!({"ingressRate": 1, "ingressBurst": 2, "egressRate": 3, "egressBurst": 4}),
            ),
            &["requests-on-del", "whole-result"],
        ),
        (
            asks("14-a-rate", "bandwidth", &json!({"egressRate": 1000})),
            &["bandwidth-with-bursts", "bandwidth-without-zeros", "requests-on-del", "whole-result"],
        ),
        (
            asks("14-a-burst-without-its-rate", "bandwidth", &json!({"egressBurst": 1000})),
            &["bandwidth-checked", "nothing-to-undo"],
        ),
        (asks("14-nothing", "bandwidth", &json!({})), &["bandwidth-checked", "nothing-to-undo"]),
        (asks("14-zero", "bandwidth", &json!({"ingressRate": 0})), &["bandwidth-checked", "nothing-to-undo"]),
        (from_kubelet("15-ports-of-the-pod"), &[]),
        (from_kubelet("15-ports-of-the-pod-and-a-network").networks("neta"), &["whole-result"]),
        (
            from_kubelet("15-ports-of-the-pod-and-a-network-with-ports").networks("cap"),
            &["ports-of-the-runtime", "whole-result"],
        ),
        (
            from_kubelet("15-ports-of-both")
                .elements(&json!([{"name": "cap", "portMappings": mapping("hostIP", json!("127.0.0.1"))}])),
            &["requests-on-del", "whole-result"],
        ),
    ]
}

fn arguments() -> Vec<Expected> {
    let with = |name: &str, args: Value| {
        let mut list = json!({"cniVersion": "1.0.0", "name": "with", "plugins": [{"type": "mac1"}, {"type": "mac2"}]});
        for plugin in list["plugins"].as_array_mut().into_iter().flatten() {
            plugin["args"] = args.clone();
        }
        Case::new(name).definition("with", &list).elements(&json!([{"name": "with", "cni-args": {"a": 1}}]))
    };
    vec![
        (
            case("20-arguments").elements(&json!([{"name": "neta", "cni-args": {"a": 1, "b": {"c": [2]}}}])),
            &["whole-result"],
        ),
        (case("20-arguments-of-a-list").elements(&json!([{"name": "netb", "cni-args": {"a": 1}}])), &["whole-result"]),
        (with("20-arguments-over-arguments", json!({"cni": {"a": 0, "b": 2}, "labels": "x"})), &["whole-result"]),
        (with("20-arguments-beside-others", json!({"labels": "x"})), &["whole-result"]),
        (with("20-arguments-over-a-text", json!("str")), &["panic"]),
        (with("20-arguments-over-a-text-in-cni", json!({"cni": "str"})), &["panic"]),
        (
            case("20-no-arguments").elements(&json!([{"name": "neta", "cni-args": {}}])),
            &["no-empty-arguments", "whole-result"],
        ),
        (case("20-null-arguments").elements(&json!([{"name": "neta", "cni-args": null}])), &["whole-result"]),
        (
            case("20-arguments-that-are-a-list").elements(&json!([{"name": "neta", "cni-args": [1]}])),
            &["error-code", "nothing-to-undo"],
        ),
    ]
}
