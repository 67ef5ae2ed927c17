//! Which network owns the pod's default routes, with the real bridge and host-local.

use std::fs;

use genie_tests::definitions::definition;
use genie_tests::documents::read;
use genie_tests::fixture::chain::{puppet, with};
use genie_tests::netns::Namespace;
use genie_tests::real::World;
use genie_tests::{Script, Verb, errors};
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
    world.node.network(&format!("10-{name}.conflist"), &bridge(world, name, subnets));
}

/// The configuration of a bridge that has default routes of its subnets' families.
fn bridge(world: &World, name: &str, subnets: &[&str]) -> Value {
    let ranges: Vec<_> = subnets.iter().map(|subnet| json!([{"subnet": subnet}])).collect();
    let bridge = json!({
        "type": "bridge", "bridge": format!("br-{name}"), "isDefaultGateway": true,
        "ipam": {"type": "host-local", "dataDir": world.leases_dir(), "ranges": ranges},
    });
    json!({"cniVersion": "1.0.0", "name": name, "plugins": [bridge]})
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

/// Makes eth0 with default routes of both families, as an earlier plugin of the runtime's list does.
/// Returns that plugin's result.
fn earlier_plugin(pod: &Namespace) -> Value {
    pod.run("ip link add eth0 type veth peer name peer0; ip link set eth0 up; ip link set peer0 up");
    pod.run("ip addr add 10.9.0.2/24 dev eth0; ip route add default via 10.9.0.1 dev eth0");
    json!({
        "cniVersion": "1.0.0", "interfaces": [{"name": "eth0"}],
        "ips": [{"address": "10.9.0.2/24", "interface": 0}], "routes": [{"dst": "0.0.0.0/0", "gw": "10.9.0.1"}],
    })
}

/// The same world, where every pod gets these networks, and `routes` says what becomes of their
/// default routes.
fn choosing(mut world: World, networks: &[&str], routes: &[&str]) -> World {
    let selectors = planned(&world, networks, routes);
    world.node = world.node.with("selectors", selectors);
    world
}

/// A chain that attaches these networks, and does with their default routes what `routes` says.
fn planned(world: &World, networks: &[&str], routes: &[&str]) -> Value {
    let settings = json!({"act": "plan", "networks": networks, "routes": routes});
    json!([with(puppet(&world.node.guest("puppet"), settings), "grant", json!(["default-route"]))])
}

/// The entry of an interface in the annotation that tells the pod's networks.
fn status(world: &World, interface: &str) -> Value {
    let status = world.node.published("c1", "k8s.v1.cni.cncf.io/network-status").unwrap();
    status.as_array().unwrap().iter().find(|entry| entry["interface"] == interface).unwrap().clone()
}

#[test]
fn row_22_and_case_21_one_default_route_through_the_gateway_and_the_other_family_untouched() {
    // blue, on eth0, has default routes of both families; red has one of IPv4.
    let (world, pod) = (choosing(world(), &["blue", "red@net1"], &["usual", "10.81.0.9"]), Namespace::new());
    let result = world.node.add().netns(pod.path()).run().ok();
    assert_eq!(defaults(&pod), ["10.81.0.9 net1", "fd00:82::1 eth0"]);
    assert_eq!(told(&result), ["fd00:82::1", "10.81.0.9"]);
    let (eth0, net1) = (status(&world, "eth0"), status(&world, "net1"));
    assert_eq!([&net1["default-route"], &net1["gateway"]], [&json!(["10.81.0.9"]), &json!(["10.81.0.9"])]);
    assert_eq!((eth0.get("default-route"), &eth0["gateway"]), (None, &json!(["fd00:82::1"])));
    assert_eq!((&eth0["default"], net1.get("default")), (&json!(true), None), "the default network stays what it is");
    world.node.call(Verb::Check).netns(pod.path()).run().ok();
    world.node.del().netns(pod.path()).run().ok();
    world.assert_nothing_left(&[&pod]);
}

#[test]
fn row_22_a_pod_asks_for_it_by_the_standards_annotation() {
    let (mut world, pod) = (world(), Namespace::new());
    let objects = world.node.dir().join("objects");
    fs::create_dir(&objects).unwrap();
    let storage = definition("default", "storage", &bridge(&world, "storage-net", &["10.84.0.0/24"]));
    fs::write(objects.join("storage.json"), storage.to_string()).unwrap();
    world.node =
        world.node.with("pods", json!(["runtime", {"manifests": objects}])).with("default_plugin", json!("blue"));
    let add = |gateways: Value| {
        let networks = json!([{"name": "storage", "default-route": gateways}]).to_string();
        world.node.add().netns(pod.path()).annotations(&[("k8s.v1.cni.cncf.io/networks", &networks)]).run()
    };
    for (gateways, gateway) in [(json!(["10.84.0.9"]), "10.84.0.9"), (json!([]), "10.84.0.1")] {
        add(gateways.clone()).ok();
        assert_eq!(defaults(&pod), [&format!("{gateway} net1"), "fd00:82::1 eth0"]);
        let net1 = status(&world, "net1");
        assert_eq!((&net1["name"], &net1["default-route"]), (&json!("default/storage"), &gateways));
        world.node.del().netns(pod.path()).run().ok();
        world.assert_nothing_left(&[&pod]);
    }
    // The gateway is the pod owner's word, not the operator's.
    let refused = add(json!(["192.0.2.9"])).error_code(101);
    assert!(read(errors::PAGE).contains(&refused.text()), "{} quotes it otherwise: {refused:?}", errors::PAGE);
    world.assert_nothing_left(&[&pod]);
}

#[test]
fn row_22_a_gateway_of_ipv6_leaves_ipv4_untouched() {
    let (world, pod) = (choosing(world(), &["red", "blue@net1"], &["usual", "fd00:82::9"]), Namespace::new());
    world.node.add().netns(pod.path()).run().ok();
    assert_eq!(defaults(&pod), ["10.81.0.1 eth0", "fd00:82::9 net1"]);
    world.node.del().netns(pod.path()).run().ok();
    world.assert_nothing_left(&[&pod]);
}

#[test]
fn case_22_without_gateways_the_attachment_keeps_what_its_plugins_set_and_the_others_lose_theirs() {
    let (world, pod) = (choosing(world(), &["blue", "red@net1"], &["usual", "keep"]), Namespace::new());
    let result = world.node.add().netns(pod.path()).run().ok();
    // red sets none of IPv6, so blue's stays.
    assert_eq!(defaults(&pod), ["10.81.0.1 net1", "fd00:82::1 eth0"]);
    assert_eq!(told(&result), ["fd00:82::1", "10.81.0.1"]);
    let net1 = status(&world, "net1");
    assert_eq!([&net1["default-route"], &net1["gateway"]], [&json!([]), &json!(["10.81.0.1"])]);
    world.node.del().netns(pod.path()).run().ok();
    world.assert_nothing_left(&[&pod]);
}

#[test]
fn case_21_two_attachments_that_ask_for_the_default_route_are_refused_before_anything_runs() {
    let (world, pod) = (choosing(world(), &["blue", "red@net1"], &["10.82.0.9", "10.81.0.9"]), Namespace::new());
    world.node.add().netns(pod.path()).run().error_code(7).says(&["more than one attachment", "default route"]);
    world.assert_nothing_left(&[&pod]);
}

#[test]
fn case_23_an_unreachable_gateway_fails_the_pod_and_everything_is_undone() {
    for (kind, gateway) in [("bridge", "192.0.2.9"), ("bridge", "2001:db8::9"), ("ptp", "192.0.2.9")] {
        let (world, pod) = (world(), Namespace::new());
        let last = format!("last-{kind}");
        let ranges = json!([[{"subnet": "10.83.0.0/24"}], [{"subnet": "fd00:83::/64"}]]);
        let mut plugin =
            json!({"type": kind, "ipam": {"type": "host-local", "dataDir": world.leases_dir(), "ranges": ranges}});
        if kind == "bridge" {
            plugin["bridge"] = json!("br-last");
        }
        let network = json!({"cniVersion": "1.0.0", "name": last, "plugins": [plugin]});
        world.node.network("30-last.conflist", &network);
        let networks = ["blue", "red@net1", "30-last.conflist@net2"];
        let world = choosing(world, &networks, &["usual", "usual", gateway]);
        let error = world.node.add().netns(pod.path()).run().error_code(7);
        let what_to_do = "name a gateway in a subnet of the interface's own addresses";
        error.says(&[&last, "net2", "default route", gateway, what_to_do, "planned it"]);
        // No link, no lease, no rule, no record.
        world.assert_nothing_left(&[&pod]);
        assert_eq!(defaults(&pod), [""; 0], "{kind} {gateway}");
    }
}

#[test]
fn case_23_what_an_earlier_plugin_set_comes_back_when_the_gateway_is_unreachable_or_a_later_step_fails() {
    let (world, pod) = (world(), Namespace::new());
    let previous = earlier_plugin(&pod);
    pod.run("ip addr add fd00:9::2/64 dev eth0 nodad; ip -6 route add default via fd00:9::1 dev eth0");
    let before = pod.run("ip -4 route show; ip -6 route show default");
    let add = |selectors: Value| {
        world.node.add().netns(pod.path()).key("prevResult", previous.clone()).key("selectors", selectors).run()
    };
    let unreachable = add(planned(&world, &["blue@net1", "red@net2"], &["usual", "192.0.2.9"]));
    unreachable.error_code(7).says(&["net2", "192.0.2.9"]);
    assert_eq!(pod.run("ip -4 route show; ip -6 route show default"), before);

    // The merge comes when the routes are settled.
    for gateway in ["10.82.0.9", "fd00:82::9"] {
        let merging = puppet(&world.node.guest("merging"), json!({"result": "nonsense"}));
        let mut selectors = planned(&world, &["blue@net1"], &[gateway]);
        let merging = with(merging, "grant", json!([{"annotations": ["example.org/*"]}, "result"]));
        selectors.as_array_mut().unwrap().push(with(merging, "name", json!("merging")));
        let call = world.node.add().netns(pod.path()).key("prevResult", previous.clone()).key("selectors", selectors);
        call.key("merge", json!("merging")).run().error().says(&["merged result"]);
        assert_eq!(pod.run("ip -4 route show; ip -6 route show default"), before, "{gateway}");
        assert_eq!(pod.interfaces(), ["eth0", "lo", "peer0"]);
        assert_eq!(world.leases(), [""; 0]);
        world.node.assert_no_state();
    }
}

#[test]
fn what_an_earlier_plugin_set_stays_and_comes_back_when_the_add_fails() {
    let (world, pod) = (world(), Namespace::new());
    let previous = earlier_plugin(&pod);
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
