//! As `faults_kill.rs`, with real plugins and in real namespaces: bridge (which runs
//! host-local and iptables) and portmap.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use genie_tests::netns::Namespace;
use genie_tests::real::World;
use genie_tests::steps::{Of, Step, kill_at};
use genie_tests::{Call, Verb};
use serde_json::json;

/// Steps that are tried at the same time.
const WORKERS: usize = 2;

/// A node, a pod, and what both look like when the pod has no network.
struct Place {
    world: World,
    pod: Namespace,
    empty: BTreeMap<&'static str, Vec<String>>,
}

impl Place {
    fn new() -> Self {
        let mut place = Self { world: World::new("1.0.0"), pod: Namespace::new(), empty: BTreeMap::new() };
        // Bridges and the common chains stay when the last pod goes.
        place.call(Verb::Add).run().ok();
        place.call(Verb::Del).run().ok();
        place.empty = place.now();
        place
    }

    fn call(&self, verb: Verb) -> Call<'_> {
        let ports = json!([{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]);
        let call = self.world.node.call(verb).netns(self.pod.path()).cni("red,blue");
        call.runtime_config("portMappings", ports)
    }

    fn now(&self) -> BTreeMap<&'static str, Vec<String>> {
        let saved = self.world.host.run("iptables-save; ip6tables-save");
        let rules = saved.lines().filter(|line| !line.starts_with('#'));
        // Without counters, which go up by themselves.
        let rules = rules.map(|line| line.split('[').next().unwrap_or_default().to_owned());
        let files = self.world.node.state_files();
        BTreeMap::from([
            ("rules", rules.collect()),
            ("interfaces of the node", self.world.host.interfaces()),
            ("interfaces of the pod", self.pod.interfaces()),
            ("addresses in use", self.world.leases()),
            ("files", files.iter().map(|file: &PathBuf| file.display().to_string()).collect()),
        ])
    }

    #[track_caller]
    fn assert_empty(&self, killed: &str) {
        let now = self.now();
        for (what, empty) in &self.empty {
            assert_eq!(&now[what], empty, "{what}, after {killed} and DEL");
        }
    }

    /// Kills a call at a step; then DEL, after which nothing may be left. Answers whether
    /// there was such a step.
    fn kill(&self, verb: Verb, of: Of, step: usize, counts: fn(&Step) -> bool) -> bool {
        if verb == Verb::Del {
            self.call(Verb::Add).run().ok();
        }
        let killed = kill_at(self.call(verb), of, step, counts);
        self.call(Verb::Del).run().ok();
        self.assert_empty(&format!("{} killed at step {step} ({killed:?})", verb.as_str()));
        killed.is_ok()
    }
}

/// Every how many steps are tried; `STRIDE=1` tries them all.
fn stride(usual: usize) -> usize {
    std::env::var("STRIDE").map_or(usual, |stride| stride.parse().expect("STRIDE is a number"))
}

fn every_step(verb: Verb, of: Of, stride: usize, counts: fn(&Step) -> bool) {
    let (next, done) = (AtomicUsize::new(0), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let place = Place::new();
                while !done.load(Ordering::Relaxed) {
                    let step = 1 + stride * next.fetch_add(1, Ordering::Relaxed);
                    if !place.kill(verb, of, step, counts) {
                        println!("{} has fewer than {step} steps", verb.as_str());
                        done.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
}

#[test]
fn add_killed_at_every_step() {
    every_step(Verb::Add, Of::Plugin, stride(1), Step::is_visible);
}

#[test]
fn del_killed_at_every_step() {
    every_step(Verb::Del, Of::Plugin, stride(1), Step::is_visible);
}

#[test]
fn add_killed_at_steps_of_its_delegates() {
    every_step(Verb::Add, Of::Delegates, stride(20), Step::is_visible);
}

#[test]
fn del_killed_at_steps_of_its_delegates() {
    every_step(Verb::Del, Of::Delegates, stride(20), Step::is_visible);
}
