//! Containers that went without a DEL: what they had goes, and nothing else does.

use std::path::Path;
use std::time::{Duration, SystemTime};

use genie_host::agent::reconcile::Reconciler;
use genie_tests::fixture::reference_node;
use genie_tests::netns::Namespace;
use genie_tests::programs;
use genie_tests::real::World;

/// A round of the agent, an hour from now, on the node.
fn round(world: &World, reconciler: &mut Reconciler) -> usize {
    let later = SystemTime::now() + Duration::from_hours(1);
    world.host.enter(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(reconciler.round(later)).unwrap()
    })
}

/// No record and no address. The bridge plugin learns from the pod's interface which
/// masquerading rules are its own, and so keeps them when the interface went first.
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
    // Nothing of the node is where the agent is, but below its own directory.
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
