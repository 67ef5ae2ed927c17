//! Default routes. Here the delegates make real interfaces.

use serde_json::json;

use super::{Expected, case};
use crate::differential::Case;
use crate::{Script, Verb};

/// Makes an interface with an address and a default route of both families.
fn links(case: Case) -> Case {
    let main = "ip link add $CNI_IFNAME type bridge && ip link set $CNI_IFNAME up && \
        ip address add 10.9.0.2/24 dev $CNI_IFNAME && ip address add fd09::2/64 dev $CNI_IFNAME nodad && \
        ip route add default via 10.9.0.1 && ip -6 route add default via fd09::1";
    let second = "ip link add $CNI_IFNAME type bridge && ip link set $CNI_IFNAME up && \
        ip address add 10.7.0.2/24 dev $CNI_IFNAME && ip address add fd07::2/64 dev $CNI_IFNAME nodad";
    let answer = |name: &str, a: u8| {
        json!({
            "cniVersion": "1.0.0", "interfaces": [{"name": name, "mac": "02:00:00:00:00:01", "sandbox": "NETNS"}],
            "ips": [{"interface": 0, "address": format!("10.{a}.0.2/24"), "gateway": format!("10.{a}.0.1")},
                    {"interface": 0, "address": format!("fd0{a}::2/64"), "gateway": format!("fd0{a}::1")}],
            "routes": [{"dst": "0.0.0.0/0", "gw": format!("10.{a}.0.1")}, {"dst": "::/0", "gw": format!("fd0{a}::1")}],
        })
    };
    let inside = |command: &str| format!("nsenter --net=\"$CNI_NETNS\" sh -c '{command}'");
    let gone = || Script::new().run(&inside("ip link delete $CNI_IFNAME 2>/dev/null || true"));
    case.script("main", Verb::Add, Script::new().run(&inside(main)).json(&answer("eth0", 9)))
        .script("mac1", Verb::Add, Script::new().run(&inside(second)).json(&answer("net1", 7)))
        .script("main", Verb::Del, gone())
        .script("mac1", Verb::Del, gone())
        .routes()
}

pub fn all() -> Vec<Expected> {
    let wants = |name: &str, gateways: &[&str]| {
        links(case(name)).elements(&json!([{"name": "neta", "default-route": gateways}]))
    };
    vec![
        (links(case("21-nobody-asks")).networks("neta"), &["gateway-that-is-none", "whole-result"]),
        (wants("21-one-gateway", &["10.7.0.9"]), &["default-route", "result-as-it-was", "whole-result"]),
        (wants("21-one-of-each-family", &["10.7.0.9", "fd07::9"]), &["default-route", "result-as-it-was", "whole-result"]),
        (
            wants("21-no-gateway", &[]),
            &["default-route", "gateway-that-is-none", "result-as-it-was", "whole-result"],
        ),
        (wants("21-two-of-one-family", &["10.7.0.8", "10.7.0.9"]), &["error-code", "nothing-to-undo"]),
        (wants("21-no-address", &["10.7.0"]), &["error-code", "nothing-to-undo"]),
        (wants("23-unreachable", &["10.77.0.9"]), &["error-code", "nothing-to-undo", "undone-when-a-route-fails"]),
        (case("21-two-elements").elements(
            &json!([{"name": "neta", "default-route": ["10.7.0.9"]}, {"name": "netb", "default-route": ["10.8.0.9"]}]),
        ), &["error-code", "nothing-to-undo"]),
    ]
}
