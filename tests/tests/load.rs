//! Many pods at once. The full figures are those of `make bench`; this test only shows that nothing
//! fails and nothing is left. `LOAD_ROUNDS` says how often, and `LOAD_PODS` how many at once.

use std::collections::BTreeSet;

use genie_tests::fixture::reference_node;
use genie_tests::netns::Namespace;
use genie_tests::real::{World, address};
use serde_json::json;

fn number_of(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |number| number.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}

/// Does `work` for all pods at once.
fn at_once<P: Sync>(pods: &[P], work: impl Fn(&P) + Sync) {
    std::thread::scope(|scope| {
        for pod in pods {
            scope.spawn(|| work(pod));
        }
    });
}

#[test]
fn two_networks_for_many_pods_at_once_with_real_plugins() {
    let mut world = World::new("1.0.0");
    // Hundreds of processes share two cores, so each may wait for long.
    world.node = world.node.with("timeout", json!("30m"));
    let pods = (0..number_of("LOAD_PODS", 96)).map(|number| (format!("pod{number}"), Namespace::new()));
    let pods: Vec<_> = pods.collect();
    for _ in 0..number_of("LOAD_ROUNDS", 1) {
        at_once(&pods, |(id, pod)| {
            world.node.add().container(id).netns(pod.path()).cni("red,blue").run().ok();
        });
        let addresses: BTreeSet<_> =
            pods.iter().flat_map(|(_, pod)| [address(pod, "eth0"), address(pod, "eth1")]).collect();
        assert_eq!(addresses.len(), 2 * pods.len());
        assert_eq!(world.leases(), addresses.into_iter().collect::<Vec<_>>());
        at_once(&pods, |(id, pod)| {
            world.node.del().container(id).netns(pod.path()).run().ok();
        });
        world.assert_nothing_left(&pods.iter().map(|(_, pod)| pod).collect::<Vec<_>>());
    }
}

#[test]
fn two_networks_for_many_pods_at_once_with_recorders() {
    let node = reference_node().with("timeout", json!("30m"));
    let pods: Vec<_> = (0..number_of("LOAD_PODS", 96)).map(|number| format!("pod{number}")).collect();
    for _ in 0..number_of("LOAD_ROUNDS", 3) {
        at_once(&pods, |id| _ = node.add().container(id).cni("calico,weave").run().ok());
        assert_eq!(node.calls().len(), 3 * pods.len());
        at_once(&pods, |id| _ = node.del().container(id).run().ok());
        assert_eq!(node.calls().len(), 3 * pods.len());
        node.assert_no_state();
    }
}
