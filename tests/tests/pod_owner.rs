//! What a pod's owner can write, and cannot do to others. Where addresses and interfaces matter,
//! this is with the real bridge and host-local.

use genie_tests::fixture::reference_node;
use genie_tests::netns::Namespace;
use genie_tests::real::World;
use genie_tests::{Node, Recorded, Script, Verb};
use serde_json::json;

const NO_DELEGATE: [&str; 0] = [];

#[test]
fn one_annotation_does_not_take_all_addresses() {
    let (world, pod) = (World::new("1.0.0"), Namespace::new());
    let many: Vec<_> = (0..252).map(|number| format!("red@n{number}")).collect();
    let error = world.node.add().netns(pod.path()).cni(&format!("red,{}", many.join(","))).run().error_code(102);
    error.says(&["253 networks", "may have 8", "limits.networks"]);
    let error = world.node.add().netns(pod.path()).cni("red,red,red,red,red").run().error_code(102);
    error.says(&["\"red\" 5 times", "may have the same one 4 times", "limits.same_network"]);
    world.assert_nothing_left(&[&pod]);
    // This network does not masquerade: of two attachments that do, the bridge plugin fails to undo
    // the first.
    let ipam = json!({"type": "host-local", "dataDir": world.leases_dir(), "subnet": "10.83.0.0/24"});
    let plain = json!({"cniVersion": "1.0.0", "name": "plain", "type": "bridge", "bridge": "br-plain", "ipam": ipam});
    world.node.network("20-plain.conf", &plain);
    world.node.add().netns(pod.path()).cni("plain,plain,plain,plain").run().ok();
    assert_eq!(world.leases().len(), 4);
    world.node.del().netns(pod.path()).run().ok();
    world.assert_nothing_left(&[&pod]);
}

#[test]
fn the_limits_are_the_operators() {
    let node = reference_node().with("limits", json!({"networks": 2, "same_network": 1}));
    node.add().cni("flannel,weave,calico").run().error_code(102).says(&["3 networks", "may have 2"]);
    node.add().cni("flannel,flannel").run().error_code(102).says(&["2 times", "(on eth0, eth1)", "1 times"]);
    assert_eq!(node.trace(), NO_DELEGATE);
    for (limits, says) in [
        (json!({"network": 2}), "\"network\""),
        (json!({"networks": 0}), "limits.networks"),
        (json!({"same_network": 257}), "limits.same_network"),
        (json!([8]), "limits"),
    ] {
        node.add().key("limits", limits).run().error_code(7).says(&[says]);
    }
}

#[test]
fn an_interface_that_can_never_be_undone_is_refused() {
    let (world, pod) = (World::new("1.0.0"), Namespace::new());
    for name in ["lo", "all", "default", "eth%d"] {
        let error = world.node.add().netns(pod.path()).cni(&format!("red,blue@{name}")).run().error_code(101);
        error.says(&[name]);
        world.assert_nothing_left(&[&pod]);
    }
}

#[test]
fn an_interface_that_was_there_before_stays() {
    let (world, pod) = (World::new("1.0.0"), Namespace::new());
    pod.run("ip link add eth1 type veth peer name peer1");
    let there = pod.run("ip -o link show eth1");
    world.node.add().netns(pod.path()).cni("red,blue@eth1").run().error_code(101).says(&["eth1", "exists already"]);
    assert_eq!(pod.run("ip -o link show eth1"), there);
    // Automatic names avoid the name that is taken.
    world.node.add().netns(pod.path()).cni("red,blue").run().ok();
    assert_eq!(pod.interfaces(), ["eth0", "eth1", "eth2", "lo", "peer1"]);
    world.node.del().netns(pod.path()).run().ok();
    assert_eq!(pod.run("ip -o link show eth1"), there);
}

#[test]
fn the_runtimes_own_interface_that_is_there_already_stays_too() {
    let (world, pod) = (World::new("1.0.0"), Namespace::new());
    pod.run("ip link add eth0 type veth peer name peer0");
    let there = pod.run("ip -o link show eth0");
    for cni in ["red", "blue,red", "red@eth0"] {
        let error = world.node.add().netns(pod.path()).cni(cni).run().error_code(4);
        error.says(&["eth0", "exists already", "prevResult"]);
        world.node.del().netns(pod.path()).run().ok();
        assert_eq!(pod.run("ip -o link show eth0"), there, "{cni}");
    }
    assert_eq!(world.leases(), Vec::<String>::new());
}

#[test]
fn behind_an_earlier_plugin_that_made_eth0_a_network_has_another_interface() {
    let (world, pod) = (World::new("1.0.0"), Namespace::new());
    pod.run("ip link add eth0 type veth peer name peer0");
    for interface in [json!({"name": "eth0"}), json!({"name": "eth0", "sandbox": pod.path()})] {
        let previous = json!({"cniVersion": "1.0.0", "interfaces": [interface], "ips": []});
        for cni in ["red@net1", "red"] {
            world.node.add().netns(pod.path()).cni(cni).key("prevResult", previous.clone()).run().ok();
            world.node.del().netns(pod.path()).run().ok();
            assert_eq!(pod.interfaces(), ["eth0", "lo", "peer0"], "{cni}");
        }
    }
}

/// The arguments of each ADD, by interface.
fn arguments(node: &Node) -> Vec<(String, String)> {
    let calls = node.calls().into_iter().filter(|call: &Recorded| call.verb == "ADD" && call.kind != "portmap");
    calls.map(|call| (call.var("CNI_IFNAME").to_owned(), call.var("CNI_ARGS").to_owned())).collect()
}

#[test]
fn an_address_that_the_runtime_asks_for_goes_to_its_interface_only() {
    let node = reference_node();
    let args = "IP=10.81.0.77;K8S_POD_NAME=p;MAC=02:00:00:00:00:01;GATEWAY=10.81.0.1";
    node.add().cni("flannel,weave").args(args).run().ok();
    assert_eq!(
        arguments(&node),
        [("eth0".to_owned(), args.to_owned()), ("eth1".to_owned(), "K8S_POD_NAME=p".to_owned())]
    );
    // DEL gets the same arguments.
    node.del().run().ok();
    let calls = node.calls();
    let deleted = calls.iter().find(|call| call.verb == "DEL" && call.var("CNI_IFNAME") == "eth1").unwrap();
    assert_eq!(deleted.var("CNI_ARGS"), "K8S_POD_NAME=p");
}

#[test]
fn with_real_plugins_the_second_network_chooses_its_own_address() {
    let (world, pod) = (World::new("1.0.0"), Namespace::new());
    let call = |verb| world.node.call(verb).netns(pod.path()).cni("red,blue").args("IgnoreUnknown=1;IP=10.81.0.77");
    call(Verb::Add).run().ok();
    assert_eq!(pod.addresses("eth0"), ["10.81.0.77/24"]);
    assert!(pod.addresses("eth1")[0].starts_with("10.82.0."));
    call(Verb::Del).run().ok();
    world.assert_nothing_left(&[&pod]);
}

#[test]
fn networks_of_the_standard_are_not_silently_left_out() {
    const KEY: &str = "k8s.v1.cni.cncf.io/networks";
    let node = reference_node().with("default_plugin", json!("flannel"));
    let node = node.with("selectors", json!([{"module": "annotation"}, {"module": "default-plugin"}]));
    let answer = node.add().annotations(&[(KEY, "macvlan-a")]).run();
    answer.ok();
    for part in [KEY, "macvlan-a", "WARN"] {
        assert!(answer.stderr.contains(part), "{part}: {}", answer.stderr);
    }
    for annotations in [&[(KEY, " ")][..], &[("other", "x")], &[]] {
        let answer = node.add().container("c2").annotations(annotations).run();
        answer.ok();
        assert!(!answer.stderr.contains(KEY), "{}", answer.stderr);
        node.del().container("c2").run().ok();
    }
    // A module of the site's own may read the annotation.
    let guest = node.guest("puppet");
    let own = genie_tests::fixture::chain::plan(&guest, &["weave"]);
    let answer = node.add().container("c3").annotations(&[(KEY, "a")]).key("selectors", json!([own])).run();
    answer.ok();
    assert!(!answer.stderr.contains(KEY), "{}", answer.stderr);
}

#[test]
fn a_delegate_cannot_read_what_other_networks_are_configured_with() {
    let node = reference_node();
    node.network(
        "10-calico.conflist",
        &json!({
            "cniVersion": "1.0.0", "name": "calico", "plugins": [{"type": "calico", "token": "tok-3n-s3cret-value"}],
        }),
    );
    node.add().cni("calico,weave").run().ok();
    node.del().run().ok();
    let calls = node.calls();
    let weave: Vec<_> = calls.iter().filter(|call| call.kind == "weave-net").collect();
    assert_eq!(weave.len(), 2);
    for call in weave {
        assert!(!call.inherited.is_empty(), "the lock is inherited, or this test sees nothing");
        for file in &call.inherited {
            assert!(!file.contains("tok-3n-s3cret-value"), "{} of {}: {file}", call.verb, call.kind);
        }
    }
}

/// Each of these ended the plugin by a stack overflow: its error, its undo and its DEL.
#[test]
fn pairs_within_pairs_keep_nothing_from_its_end() {
    let node = reference_node();
    node.recorders(&["failing"]);
    let deep = "a=".repeat(60_000);
    let annotations = [("cni", "nosuch"), ("x", deep.as_str())];
    node.add().annotations(&annotations).run().error_code(101).says(&["nosuch"]);

    node.network("40-failing.conf", &json!({"cniVersion": "1.0.0", "name": "failing", "type": "failing", "x": deep}));
    node.script("failing", Verb::Add, Script::new().error(100, "boom"));
    node.add().cni("calico,failing").run().error_code(100).says(&["boom"]);
    node.assert_no_state();

    node.script("failing", Verb::Add, Script::new());
    node.script("failing", Verb::Del, Script::new().error(100, "boom"));
    for container in ["c1", "c2"] {
        let cni = if container == "c1" { "failing" } else { "calico" };
        node.add().container(container).annotations(&[("cni", cni), ("x", &deep)]).run().ok();
    }
    let shown = node.genie_host(&["records", "--output", "json", "--state-dir", node.state_dir().to_str().unwrap()]);
    assert_eq!(shown.ok()["records"].as_array().unwrap().len(), 2);
    node.del().run().error_code(100).says(&["boom"]);
    let collect = node.call(Verb::Gc).key("cniVersion", json!("1.1.0")).key("cni.dev/valid-attachments", json!([]));
    collect.run().error_code(100).says(&["boom"]);
    assert!(!node.record_file("c2", "eth0").exists(), "the other container is cleaned up");
}
