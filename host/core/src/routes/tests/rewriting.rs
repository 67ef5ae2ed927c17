use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::super::rewrite::result;
use super::super::{Family, Route, Wish};
use super::via;

fn rewritten(routes: &Value, wish: Route, lost: &[Family]) -> Value {
    let wish = Wish { interface: "eth0", network: "default", default_route: wish };
    let lost: BTreeSet<_> = lost.iter().copied().collect();
    let mut before = document();
    before["routes"] = routes.clone();
    let mut after = result(before, &wish, &lost);
    let routes = after.as_object_mut().unwrap().remove("routes").unwrap_or(Value::Null);
    assert_eq!(after, document(), "only routes may change");
    routes
}

fn document() -> Value {
    json!({
        "cniVersion": "1.1.0",
        "interfaces": [{"name": "eth0", "sandbox": "/run/netns/x", "mtu": 1450}],
        "ips": [{"address": "10.1.0.2/24", "gateway": "10.1.0.1", "interface": 0}],
        "dns": {"nameservers": ["10.0.0.10"]},
        "own": {"kept": true}
    })
}

#[test]
fn lost_families_go_and_everything_else_stays() {
    let other = json!({"dst": "10.0.0.0/8", "gw": "10.1.0.1", "mtu": 1400});
    let v6 = json!({"dst": "::/0", "gw": "fd00:1::1"});
    let routes = json!([{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}, other, v6, {"dst": "0.0.0.0/0"}]);
    assert_eq!(rewritten(&routes, Route::Usual, &[Family::V4]), json!([other, v6]));
    assert_eq!(rewritten(&routes, Route::Usual, &[Family::V6])[0], routes[0]);
    assert_eq!(rewritten(&routes, Route::Never, &Family::ALL), json!([other]));
}

#[test]
fn routes_goes_when_nothing_is_left_of_it() {
    let routes = json!([{"dst": "0.0.0.0/0"}]);
    assert_eq!(rewritten(&routes, Route::Never, &Family::ALL), Value::Null);
}

#[test]
fn default_routes_of_other_tables_are_not_ours() {
    let routes = json!([{"dst": "0.0.0.0/0", "table": 100}, {"dst": "0.0.0.0/0", "table": 254}]);
    assert_eq!(rewritten(&routes, Route::Never, &Family::ALL), json!([routes[0]]));
}

#[test]
fn the_owner_gets_its_gateways_in_place_of_what_it_had() {
    let routes = json!([
        {"dst": "0.0.0.0/0", "gw": "10.1.0.1"}, {"dst": "10.0.0.0/8"}, {"dst": "::/0", "gw": "fd00:1::1"},
    ]);
    assert_eq!(
        rewritten(&routes, via(&["10.1.0.9"]), &[]),
        json!([routes[1], routes[2], {"dst": "0.0.0.0/0", "gw": "10.1.0.9"}])
    );
    assert_eq!(
        rewritten(&Value::Null, via(&["fd00:1::9", "10.1.0.9"]), &[]),
        json!([{"dst": "::/0", "gw": "fd00:1::9"}, {"dst": "0.0.0.0/0", "gw": "10.1.0.9"}])
    );
}

#[test]
fn a_route_that_is_right_already_keeps_its_fields() {
    let right = json!({"dst": "::/0", "gw": "fd00:1::0:1", "mtu": 1400, "priority": 5});
    let routes = json!([right, {"dst": "::/0", "gw": "fd00:1::1"}]);
    assert_eq!(rewritten(&routes, via(&["fd00:1::1"]), &[]), json!([right]));
}

#[test]
fn an_owner_without_gateways_is_left_alone() {
    let routes = json!([{"dst": "0.0.0.0/0", "gw": "10.1.0.1"}]);
    assert_eq!(rewritten(&routes, via(&[]), &[]), routes);
}

#[test]
fn what_is_no_route_is_left_alone() {
    let routes = json!([null, 7, {"dst": "nonsense"}, {"gw": "10.1.0.1"}]);
    assert_eq!(rewritten(&routes, Route::Never, &Family::ALL), routes);
    let wish = Wish { interface: "eth0", network: "default", default_route: Route::Never };
    assert_eq!(result(json!("text"), &wish, &Family::ALL.into()), json!("text"));
}
