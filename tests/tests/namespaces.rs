//! Real network namespaces and the real reference plugins. The node is a namespace, too, so that
//! bridges and iptables rules stay inside of it.

use genie_tests::Verb;
use genie_tests::fixture::chain::{puppet, with};
use genie_tests::netns::Namespace;
use genie_tests::real::{World, address, versions};
use serde_json::{Value, json};

#[test]
fn two_networks_reach_both_pods_and_leave_nothing() {
    let world = World::new("1.0.0");
    let (one, two) = (Namespace::new(), Namespace::new());
    for (id, pod) in [("one", &one), ("two", &two)] {
        let result = world.node.add().container(id).netns(pod.path()).cni("red,blue").run().ok();
        let own: Vec<_> =
            result["interfaces"].as_array().unwrap().iter().filter(|i| i["sandbox"] != Value::Null).collect();
        assert_eq!(own.len(), 2, "{result}");
        assert_eq!(pod.interfaces(), ["eth0", "eth1", "lo"]);
        for (interface, ip) in ["eth0", "eth1"].iter().zip(result["ips"].as_array().unwrap()) {
            assert_eq!(pod.addresses(interface), [ip["address"].as_str().unwrap()]);
        }
    }
    for interface in ["eth0", "eth1"] {
        assert!(one.reaches(&address(&two, interface)), "{interface}");
    }
    assert_eq!(world.leases().len(), 4);
    assert_ne!(world.rules(), Vec::<String>::new(), "ipMasq makes rules, or nothing is tested here");
    for (id, pod) in [("one", &one), ("two", &two)] {
        world.node.call(Verb::Check).container(id).netns(pod.path()).run().ok();
        world.node.del().container(id).netns(pod.path()).run().ok();
    }
    world.assert_nothing_left(&[&one, &two]);
}

#[test]
fn every_version_of_a_configuration_works() {
    let spoken = versions("bridge");
    // Debian's plugins know no version after 1.0.0.
    for version in ["1.1.0", "1.0.0", "0.4.0", "0.3.1"].into_iter().filter(|version| spoken.contains(*version)) {
        let world = World::new(version);
        let pod = Namespace::new();
        let result = world.node.add().netns(pod.path()).cni("blue,red@net1").run().ok();
        assert_eq!(result["cniVersion"], version);
        assert_eq!(pod.interfaces(), ["eth0", "lo", "net1"]);
        world.node.del().netns(pod.path()).run().ok();
        world.assert_nothing_left(&[&pod]);
    }
}

#[test]
fn when_a_real_plugin_fails_the_first_networks_address_is_free_again() {
    let world = World::new("1.0.0");
    let ipam = json!({"type": "host-local", "dataDir": world.leases_dir(), "subnet": "10.83.0.0/24"});
    let macvlan = json!({"cniVersion": "1.0.0", "name": "mv", "type": "macvlan", "master": "nosuch0", "ipam": ipam});
    world.node.network("20-mv.conf", &macvlan);
    let pod = Namespace::new();
    world.node.add().netns(pod.path()).cni("red,mv").run().error().says(&["mv", "macvlan"]);
    if !versions("macvlan").contains("1.1.0") {
        // Debian's plugin cannot undo without the master either. The record waits until the plugin
        // can.
        world.host.run("ip link add nosuch0 type veth peer name nosuch1");
        world.node.del().netns(pod.path()).run().ok();
    }
    world.assert_nothing_left(&[&pod]);
    // The pod can be tried again.
    world.node.add().netns(pod.path()).cni("red").run().ok();
    world.node.del().netns(pod.path()).run().ok();
    world.assert_nothing_left(&[&pod]);
}

#[test]
fn check_sees_a_link_that_was_deleted() {
    let world = World::new("1.0.0");
    let pod = Namespace::new();
    world.node.add().netns(pod.path()).cni("red,blue").run().ok();
    world.node.call(Verb::Check).netns(pod.path()).run().ok();
    pod.run("ip link delete eth1");
    world.node.call(Verb::Check).netns(pod.path()).run().error().says(&["blue", "eth1"]);
    world.node.del().netns(pod.path()).run().ok();
    // Iptables rules are not looked at: the bridge plugin finds them by the link, which is gone.
    assert_eq!(world.leases(), Vec::<String>::new());
    world.node.assert_no_state();
}

#[test]
fn del_of_a_vanished_namespace_frees_the_addresses() {
    let world = World::new("1.0.0");
    let pod = Namespace::new();
    world.node.add().netns(pod.path()).cni("red,blue").run().ok();
    drop(pod);
    world.node.del().netns("").run().ok();
    // Iptables rules are not looked at: the bridge plugin finds them by the link, which is gone.
    assert_eq!(world.leases(), Vec::<String>::new());
    world.node.assert_no_state();
}

#[test]
fn one_network_owns_the_default_route() {
    let mut world = World::new("1.0.0");
    for (name, number) in [("north", 86), ("south", 87)] {
        let ranges = json!([[{"subnet": format!("10.{number}.0.0/24")}]]);
        let bridge = json!({
            "type": "bridge", "bridge": format!("br-{name}"), "isDefaultGateway": true,
            "ipam": {"type": "host-local", "dataDir": world.leases_dir(), "ranges": ranges},
        });
        let list = json!({"cniVersion": "1.0.0", "name": name, "plugins": [bridge]});
        world.node.network(&format!("20-{name}.conflist"), &list);
    }
    let settings = json!({"act": "plan", "networks": ["north", "south"], "gateway": "10.87.0.1"});
    let entry = with(puppet(&world.node.guest("puppet"), settings), "grant", json!(["default-route"]));
    world.node = world.node.with("selectors", json!([entry]));
    let pod = Namespace::new();
    let result = world.node.add().netns(pod.path()).run().ok();
    let routes = pod.run("ip -4 route show default");
    assert_eq!(routes.lines().count(), 1, "{routes}");
    assert!(routes.contains("via 10.87.0.1 dev eth1"), "{routes}");
    let told: Vec<_> = result["routes"].as_array().unwrap().iter().filter(|r| r["dst"] == "0.0.0.0/0").collect();
    assert_eq!(told.len(), 1, "{result}");
    assert_eq!(told[0]["gw"], "10.87.0.1");
    world.node.del().netns(pod.path()).run().ok();
    world.assert_nothing_left(&[&pod]);
}

#[test]
fn dual_stack() {
    let world = World::new("1.0.0");
    let ranges = json!([[{"subnet": "10.84.0.0/24"}], [{"subnet": "fd00:84::/64"}]]);
    let bridge = json!({
        "type": "bridge", "bridge": "br-dual", "isGateway": true,
        "ipam": {"type": "host-local", "dataDir": world.leases_dir(), "ranges": ranges},
    });
    world.node.network("20-dual.conflist", &json!({"cniVersion": "1.0.0", "name": "dual", "plugins": [bridge]}));
    let (one, two) = (Namespace::new(), Namespace::new());
    for (id, pod) in [("one", &one), ("two", &two)] {
        let result = world.node.add().container(id).netns(pod.path()).cni("dual").run().ok();
        assert_eq!(result["ips"].as_array().unwrap().len(), 2);
    }
    for address in two.addresses("eth0") {
        let address = address.split('/').next().unwrap().to_owned();
        assert!(one.reaches(&address), "{address}");
    }
    for (id, pod) in [("one", &one), ("two", &two)] {
        world.node.del().container(id).netns(pod.path()).run().ok();
    }
    world.assert_nothing_left(&[&one, &two]);
}

#[test]
fn twenty_pods_at_once() {
    let world = World::new("1.0.0");
    let pods: Vec<_> = (0..20).map(|number| (format!("pod{number}"), Namespace::new())).collect();
    let all = |work: &(dyn Fn(&str, &Namespace) + Sync)| {
        std::thread::scope(|scope| {
            for (id, pod) in &pods {
                scope.spawn(move || work(id, pod));
            }
        });
    };
    all(&|id, pod| {
        world.node.add().container(id).netns(pod.path()).cni("red,blue").run().ok();
    });
    let mut addresses: Vec<_> = pods.iter().flat_map(|(_, pod)| [address(pod, "eth0"), address(pod, "eth1")]).collect();
    addresses.sort();
    addresses.dedup();
    assert_eq!(addresses.len(), 40);
    assert_eq!(world.leases(), addresses);
    all(&|id, pod| {
        world.node.del().container(id).netns(pod.path()).run().ok();
    });
    let pods: Vec<_> = pods.iter().map(|(_, pod)| pod).collect();
    world.assert_nothing_left(&pods);
}
