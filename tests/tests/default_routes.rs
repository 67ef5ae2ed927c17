//! Which network owns the pod's default routes, with the real bridge and host-local.

use genie_tests::fixture::chain::{puppet, with};
use genie_tests::netns::Namespace;
use genie_tests::real::World;
use genie_tests::{Script, Verb};
use serde_json::{Value, json};

/// A node with the networks `red` and `blue`. Each sets default routes: `red` for IPv4, `blue` for
/// both families.
fn world() -> World {
    let world = World::new("1.0.0");
    network(&world, "red", &["10.81.0.0/24"]);
    network(&world, "blue", &["10.82.0.0/24", "fd00:82::/64"]);
    world
}

fn network(world: &World, name: &str, subnets: &[&str]) {
    let ranges: Vec<_> = subnets.iter().map(|subnet| json!([{"subnet": subnet}])).collect();
    let bridge = json!({
        "type": "bridge", "bridge": format!("br-{name}"), "isDefaultGateway": true,
        "ipam": {"type": "host-local", "dataDir": world.leases_dir(), "ranges": ranges},
    });
    let list = json!({"cniVersion": "1.0.0", "name": name, "plugins": [bridge]});
    world.node.network(&format!("10-{name}.conflist"), &list);
}

/// The default routes as `GATEWAY INTERFACE`, IPv4 first.
fn defaults(pod: &Namespace) -> Vec<String> {
    let listed = pod.run("ip -4 route show default; ip -6 route show default");
    let words = |line: &str| line.split_whitespace().map(ToOwned::to_owned).collect::<Vec<_>>();
    listed.lines().map(words).map(|words| format!("{} {}", words[2], words[4])).collect()
}

/// The gateways of the default routes in a result.
fn told(result: &Value) -> Vec<&str> {
    let routes = result["routes"].as_array().map(Vec::as_slice).unwrap_or_default();
    let is_default = |route: &&Value| route["dst"].as_str().is_some_and(|dst| dst.ends_with("/0"));
    routes.iter().filter(is_default).map(|route| route["gw"].as_str().unwrap()).collect()
}

#[test]
fn the_network_on_the_runtimes_interface_has_them_whichever_comes_first() {
    for (cni, first, expected) in [
        ("red,blue", "10.81.", ["10.81.0.1 eth0", "fd00:82::1 eth1"]),
        ("red@eth1,blue@eth0", "10.82.", ["10.82.0.1 eth0", "fd00:82::1 eth0"]),
        ("blue,red", "10.82.", ["10.82.0.1 eth0", "fd00:82::1 eth0"]),
    ] {
        let (world, pod) = (world(), Namespace::new());
        let result = world.node.add().netns(pod.path()).cni(cni).run().ok();
        assert_eq!(defaults(&pod), expected, "{cni}");
        let gateways: Vec<_> = expected.iter().map(|route| route.split(' ').next().unwrap()).collect();
        assert_eq!(told(&result), gateways, "{cni}: the result tells what is there");
        let address = pod.run("ip route get 192.0.2.1");
        assert!(address.contains(&format!("src {first}")), "{cni}: what the pod sends is from its address: {address}");
        let status = world.node.published("c1", "k8s.v1.cni.cncf.io/network-status").unwrap();
        for network in status.as_array().unwrap() {
            let has = |gateway: &&Value| {
                expected.contains(&&*format!(
                    "{} {}",
                    gateway.as_str().unwrap(),
                    network["interface"].as_str().unwrap()
                ))
            };
            let shown = network["gateway"].as_array().map(Vec::as_slice).unwrap_or_default();
            assert!(shown.iter().all(|gateway| has(&gateway)), "{cni}: {network}");
            if network["interface"] == "eth0" {
                assert_eq!((&network["default"], shown.is_empty()), (&json!(true), false), "{cni}: {network}");
            }
        }
        // The plugin checks the routes that it has made by that result.
        world.node.call(Verb::Check).netns(pod.path()).run().ok();
        world.node.del().netns(pod.path()).run().ok();
        world.assert_nothing_left(&[&pod]);
    }
}

#[test]
fn the_configuration_can_leave_them_to_the_plugins() {
    let (world, pod) = (world(), Namespace::new());
    let call = world.node.add().netns(pod.path()).cni("red@eth1,blue@eth0");
    call.key("default_route", json!("plugins")).run().ok();
    assert_eq!(defaults(&pod), ["10.82.0.1 eth0", "10.81.0.1 eth1", "fd00:82::1 eth0"]);
    world.node.del().netns(pod.path()).run().ok();
    world.assert_nothing_left(&[&pod]);
    let call = world.node.add().netns(pod.path()).key("default_route", json!("eth1"));
    call.run().error_code(7).says(&["default_route", "eth1", "runtime", "plugins"]);
}

#[test]
fn a_plan_can_say_otherwise() {
    for (red, blue, expected) in [
        ("usual", "keep", vec!["10.82.0.1 eth1", "fd00:82::1 eth1"]),
        ("never", "usual", vec!["10.82.0.1 eth1", "fd00:82::1 eth1"]),
        ("usual", "10.82.0.9", vec!["10.82.0.9 eth1", "fd00:82::1 eth1"]),
        ("never", "never", vec![]),
        ("keep", "keep", vec!["10.82.0.1 eth1", "10.81.0.1 eth0", "fd00:82::1 eth1"]),
    ] {
        let (mut world, pod) = (world(), Namespace::new());
        let settings = json!({"act": "plan", "networks": ["red", "blue"], "routes": [red, blue]});
        let entry = with(puppet(&world.node.guest("puppet"), settings), "grant", json!(["default-route"]));
        world.node = world.node.with("selectors", json!([entry]));
        world.node.add().netns(pod.path()).run().ok();
        assert_eq!(defaults(&pod), expected, "{red} {blue}");
        world.node.call(Verb::Check).netns(pod.path()).run().ok();
        world.node.del().netns(pod.path()).run().ok();
        world.assert_nothing_left(&[&pod]);
    }
}

#[test]
fn what_an_earlier_plugin_set_stays_and_comes_back_when_the_add_fails() {
    let (world, pod) = (world(), Namespace::new());
    pod.run("ip link add eth0 type veth peer name peer0; ip link set eth0 up; ip link set peer0 up");
    pod.run("ip addr add 10.9.0.2/24 dev eth0; ip route add default via 10.9.0.1 dev eth0");
    let previous = json!({
        "cniVersion": "1.0.0", "interfaces": [{"name": "eth0"}],
        "ips": [{"address": "10.9.0.2/24", "interface": 0}], "routes": [{"dst": "0.0.0.0/0", "gw": "10.9.0.1"}],
    });
    world.node.network("20-bad.conf", &json!({"cniVersion": "1.0.0", "name": "bad", "type": "bad"}));
    world.node.recorders(&["bad"]).script("bad", Verb::Add, Script::new().error(123, "not today"));
    let call = |cni: &str| world.node.add().netns(pod.path()).cni(cni).key("prevResult", previous.clone());
    call("blue@net1,bad@net2").run().error_code(123);
    assert_eq!(defaults(&pod), ["10.9.0.1 eth0"]);
    assert_eq!(pod.interfaces(), ["eth0", "lo", "peer0"]);
    let result = call("blue@net1").run().ok();
    assert_eq!(defaults(&pod), ["10.9.0.1 eth0", "fd00:82::1 net1"]);
    assert_eq!(told(&result), ["10.9.0.1", "fd00:82::1"]);
    world.node.del().netns(pod.path()).run().ok();
    assert_eq!(pod.interfaces(), ["eth0", "lo", "peer0"]);
}
