//! Containers that went without a DEL: everything of theirs is removed, and nothing else.

use std::path::Path;
use std::time::{Duration, SystemTime};

use genie_core::record::Header;
use genie_host::agent::reconcile::Reconciler;
use genie_tests::agent::Agent;
use genie_tests::fixture::reference_node;
use genie_tests::netns::Namespace;
use genie_tests::real::World;
use genie_tests::{Node, Verb, programs};
use serde_json::json;

/// A round of the agent on the node, an hour from now.
fn round(world: &World, reconciler: &mut Reconciler) -> usize {
    let later = SystemTime::now() + Duration::from_hours(1);
    world.host.enter(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(reconciler.round(later)).unwrap()
    })
}

/// Checks that there is no record and no address. Iptables rules may be left: the bridge plugin
/// finds its own by the pod's interface, and keeps them when that is gone first.
#[track_caller]
fn assert_nothing_left(world: &World) {
    assert_eq!(world.leases(), Vec::<String>::new());
    let veths = world.host.interfaces().into_iter().filter(|name| name.starts_with("veth"));
    assert_eq!(veths.collect::<Vec<_>>(), Vec::<String>::new());
    world.node.assert_no_state();
}

#[test]
fn a_pod_whose_namespace_went_leaves_nothing_and_its_neighbour_stays() {
    let world = World::new("1.0.0");
    let (lives, dies) = (Namespace::new(), Namespace::new());
    for (id, pod) in [("lives", &lives), ("dies", &dies)] {
        world.node.add().container(id).netns(pod.path()).cni("red,blue").run().ok();
    }
    let program = programs::dist("genie-host");
    let mut reconciler = Reconciler::new(Path::new("/"), &world.node.state_dir(), &program);
    assert_eq!(round(&world, &mut reconciler), 0);
    drop(dies);
    assert_eq!(round(&world, &mut reconciler), 0, "its DEL may be on the way");
    assert_eq!(world.leases().len(), 4);
    assert_eq!(round(&world, &mut reconciler), 1);
    assert_eq!(world.leases().len(), 2);
    assert_eq!(round(&world, &mut reconciler), 0);

    world.node.del().container("lives").netns(lives.path()).run().ok();
    assert_nothing_left(&world);
}

#[test]
fn an_agent_in_a_container_works_on_the_hosts_files() {
    let world = World::new("1.0.0");
    let pod = Namespace::new();
    world.node.add().netns(pod.path()).cni("red").run().ok();
    drop(pod);
    // The agent sees the node's files only below its own directory.
    let script = format!(
        "mkdir {root} && mount --rbind / {root} && mount -t tmpfs none {bin} && \
         exec {program} collect --root {root} --state-dir {state} -- c1 eth0",
        root = world.node.dir().join("host").display(),
        bin = world.node.bin().display(),
        program = programs::dist("genie-host").display(),
        state = world.node.state_dir().display(),
    );
    world.host.run(&format!("unshare --mount --propagation slave sh -c '{script}'"));
    assert_nothing_left(&world);
}

#[test]
fn a_container_that_lives_is_not_collected() {
    let node = reference_node();
    let pod = Namespace::new();
    node.add().netns(pod.path()).cni("weave").run().ok();
    node.trace();
    let state = node.state_dir().display().to_string();
    let collect = || node.genie_host(&["collect", "--state-dir", &state, "--", "c1", "eth0"]);
    assert_eq!(collect().status, Some(0));
    assert_eq!(node.trace(), [""; 0]);
    drop(pod);
    assert_eq!(collect().status, Some(0));
    assert_eq!(node.trace(), ["DEL weave-net@eth0"]);
    node.assert_no_state();
    assert_eq!(collect().status, Some(0), "what is gone already is no failure");
}

/// Makes the record of the container `c1` one of an earlier boot, as a reboot does.
fn age_record(node: &Node) {
    let mut header: Header = serde_json::from_value(node.record("c1", "eth0").swap_remove(0)).unwrap();
    header.boot_id = "an earlier boot".into();
    header.created = 1;
    let file = node.record_file("c1", "eth0");
    let text = std::fs::read(&file).unwrap();
    let events = text.split_inclusive(|byte| *byte == b'\n').skip(1).flatten();
    let aged: Vec<u8> = header.line().unwrap().iter().chain(events).copied().collect();
    std::fs::write(file, aged).unwrap();
}

/// A pod on `red` whose namespace's path now leads to another namespace, which has an eth0 of its
/// own.
fn renamed_to(world: &World, other: &Namespace) -> Namespace {
    let pod = Namespace::new();
    world.node.add().netns(pod.path()).cni("red").run().ok();
    pod.becomes(other);
    pod
}

#[test]
fn the_nodes_own_interface_stays_whatever_a_records_namespace_is_called_by_now() {
    let world = World::new("1.0.0");
    let state = world.node.state_dir().display().to_string();
    world.host.run("ip link add eth0 type veth peer name uplink");
    let has_eth0 = || world.host.interfaces().contains(&"eth0".to_owned());
    for reboot in [true, false] {
        let _pod = renamed_to(&world, &world.host);
        if reboot {
            age_record(&world.node);
            world
                .host
                .run(&format!("{} collect --state-dir {state} -- c1 eth0", programs::dist("genie-host").display()));
        } else {
            let gc = world.node.call(Verb::Gc).key("cniVersion", json!("1.1.0"));
            gc.key("cni.dev/valid-attachments", json!([])).run().ok();
        }
        assert!(has_eth0(), "the node has lost its interface");
        assert_eq!(world.leases(), Vec::<String>::new());
        world.node.assert_no_state();
    }
}

#[test]
fn the_interface_of_a_pod_of_now_stays_when_one_of_an_earlier_boot_is_undone_whoever_asks_for_it() {
    let world = World::new("1.0.0");
    let state = world.node.state_dir().display().to_string();
    let other = Namespace::new();
    world.node.add().container("other").netns(other.path()).cni("blue").run().ok();
    let collect = |_: &Namespace| {
        world.host.run(&format!("{} collect --state-dir {state} -- c1 eth0", programs::dist("genie-host").display()));
    };
    let del = |pod: &Namespace| drop(world.node.del().netns(pod.path()).run().ok());
    let undo: [&dyn Fn(&Namespace); 2] = [&collect, &del];
    for undo in undo {
        let pod = renamed_to(&world, &other);
        age_record(&world.node);
        undo(&pod);
        assert_eq!(other.interfaces(), ["eth0", "lo"]);
        assert_eq!(world.leases().len(), 1, "what the pod of before had is free again");
    }
    world.node.del().container("other").netns(other.path()).run().ok();
}

#[test]
fn what_cannot_be_taken_away_stays_and_is_told() {
    let node = reference_node();
    let pod = Namespace::new();
    node.add().netns(pod.path()).cni("weave").run().ok();
    drop(pod);
    std::fs::remove_file(node.bin().join("weave-net")).unwrap();
    let state = node.state_dir().display().to_string();
    let answer = node.genie_host(&["collect", "--state-dir", &state, "--", "c1", "eth0"]);
    assert_eq!(answer.status, Some(1));
    assert!(answer.stderr.contains("weave-net"), "{answer:?}");
    assert_ne!(node.state_files(), Vec::<std::path::PathBuf>::new());
}

/// The agent needs no API server for this, and has none here.
#[test]
fn what_a_del_leaves_to_the_agent_is_removed_by_it_or_by_the_next_one() {
    let node = reference_node();
    let socket = json!(node.dir().join("agent.sock"));
    let node = node.with("agent", socket);
    let pod = Namespace::new();
    let gone = || node.left_to_the_agent().len();
    let attach_and_detach = |container: &str| {
        node.add().container(container).netns(pod.path()).cni("weave").run().ok();
        node.del().container(container).netns(pod.path()).run().ok();
        node.assert_no_state();
    };
    let agent = Agent::start(&node, Path::new("/no/such/kubeconfig"));
    agent.eventually("the agent's lock", || node.state_dir().join("gone").exists().then_some(true).into());
    attach_and_detach("c1");
    agent.eventually("an end of what was left", || (gone() == 0).then_some(true).into());
    for container in ["c2", "c3"] {
        attach_and_detach(container);
    }
    drop(agent);
    let left = gone();
    attach_and_detach("c4");
    assert_eq!(gone(), left, "without an agent a DEL leaves nothing");
    let next = Agent::start(&node, Path::new("/no/such/kubeconfig"));
    next.eventually("an end of what an earlier agent left", || (gone() == 0).then_some(true).into());
}
