//! The published status of results of every kind.

use serde_json::{Value, json};

use super::{Expected, case};

pub fn all() -> Vec<Expected> {
    let second = |name: &str, result: Value| case(name).networks("neta").answers("mac1", &result);
    let host = json!({"name": "veth1", "mac": "02:00:00:00:00:0a"});
    let of = |name: &str, n: u8| json!({"name": name, "mac": format!("02:00:00:00:00:0{n}"), "sandbox": "NETNS"});
    let ip =
        |index: Value, n: u8| json!({"interface": index, "address": format!("10.5.0.{n}/24"), "gateway": "10.5.0.1"});
    let bare = |n: u8| json!({"address": format!("10.5.0.{n}/24")});
    let result = |interfaces: Value, ips: Value| json!({"cniVersion": "1.0.0", "interfaces": interfaces, "ips": ips});
    let mut mtu = of("net1", 1);
    mtu["mtu"] = json!(9000);
    let mut with_dns = result(json!([of("net1", 1)]), json!([ip(json!(0), 2)]));
    with_dns["dns"] = json!({"nameservers": ["10.5.0.1"], "domain": "a", "search": ["b", "c"], "options": ["ndots:5"]});
    let mut with_routes = result(json!([of("net1", 1)]), json!([ip(json!(0), 2)]));
    with_routes["routes"] = json!([{"dst": "0.0.0.0/0", "gw": "10.5.0.1"}, {"dst": "10.0.0.0/8", "gw": "10.5.0.2"}]);
    let dual = json!([ip(json!(0), 2), {"interface": 0, "address": "fd05::2/64", "gateway": "fd05::1"}]);
    let old = json!({"cniVersion": "0.2.0", "ip4": {"ip": "10.5.0.2/24", "gateway": "10.5.0.1"}, "dns": {}});
    let in_list = json!({"cniVersion": "0.3.1", "name": "older", "plugins": [{"type": "mac1"}, {"type": "mac2"}]});
    let older = json!({"cniVersion": "0.2.0", "name": "neta", "type": "mac1"});
    vec![
        (
            second("38-host-and-sandbox", result(json!([host, of("net1", 1)]), json!([ip(json!(1), 2)]))),
            &["whole-result"],
        ),
        (
            second("38-sandbox-and-host", result(json!([of("net1", 1), host]), json!([ip(json!(0), 2)]))),
            &["whole-result"],
        ),
        (second("38-no-index", result(json!([of("net1", 1)]), json!([bare(2)]))), &["whole-result"]),
        (second("38-dual-stack", result(json!([of("net1", 1)]), dual)), &["whole-result"]),
        (second("38-mtu", result(json!([mtu]), json!([ip(json!(0), 2)]))), &["whole-result"]),
        (
            second(
                "38-two-sandboxes",
                result(json!([of("net1", 1), of("x1", 2)]), json!([ip(json!(0), 2), ip(json!(1), 3)])),
            ),
            &["whole-result"],
        ),
        (
            second("38-two-sandboxes-no-index", result(json!([of("net1", 1), of("x1", 2)]), json!([bare(2)]))),
            &["address-of-the-first-interface", "whole-result"],
        ),
        (
            second("38-only-addresses", result(json!([]), json!([bare(2)]))),
            &["result-as-it-was", "status-of-every-network", "whole-result"],
        ),
        (second("38-no-addresses", result(json!([of("net1", 1)]), json!([]))), &["result-as-it-was", "whole-result"]),
        (second("38-nothing", json!({"cniVersion": "1.0.0"})), &["status-of-every-network", "whole-result"]),
        (second("38-dns", with_dns), &["whole-result"]),
        (second("38-routes", with_routes), &["whole-result"]),
        (
            second("38-host-only", result(json!([host]), json!([bare(2)]))),
            &["interface-of-the-attachment", "whole-result"],
        ),
        (
            case("38-later-than-its-list")
                .raw_definition("", "older", Some(&in_list.to_string()))
                .networks("older")
                .answers("mac1", &result(json!([of("net1", 1)]), json!([ip(json!(0), 2)]))),
            &["result-in-the-version-of-the-list", "whole-result"],
        ),
        (
            case("38-of-0-2-0")
                .raw_definition("", "old", Some(&older.to_string()))
                .networks("old")
                .answers("mac1", &old),
            &["status-of-every-network", "whole-result"],
        ),
        (
            case("38-default-of-two-sandboxes").answers(
                "main",
                &result(json!([host, of("eth0", 1), of("x1", 2)]), json!([ip(json!(1), 2), ip(json!(2), 3)])),
            ),
            &[],
        ),
        (
            case("38-default-of-nothing").answers("main", &json!({"cniVersion": "1.0.0"})),
            &["status-of-every-network", "whole-result"],
        ),
    ]
}
