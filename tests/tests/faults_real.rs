//! As `faults_kill.rs`, with real plugins in real namespaces: bridge (which runs host-local and
//! iptables) and portmap.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use genie_tests::netns::Namespace;
use genie_tests::real::World;
use genie_tests::steps::{Of, Step, kill_at};
use genie_tests::{Call, Verb};
use serde_json::json;

/// How many steps are tried at the same time.
const WORKERS: usize = 2;
/// How many pods of a node have their calls killed at the same time.
const PODS: usize = 4;

/// A node and a pod, and how both look when the pod has no network.
struct Place {
    world: World,
    pod: Namespace,
    empty: BTreeMap<&'static str, Vec<String>>,
}

impl Place {
    fn new() -> Self {
        let mut place = Self { world: World::new("1.0.0"), pod: Namespace::new(), empty: BTreeMap::new() };
        // Bridges and the shared chains stay after the last pod.
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
        // Counters are left out, since they change by themselves.
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

    /// Kills a call at a step, and calls DEL. Nothing may be left after that. Returns whether there
    /// was such a step.
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

/// How much to try where there is no natural end: the number in this variable, or else the usual
/// one.
fn number_of(variable: &str, usual: usize) -> usize {
    std::env::var(variable).map_or(usual, |number| number.parse().unwrap_or_else(|_| panic!("{variable} is no number")))
}

/// Works on `jobs`. Each worker has its own place.
fn each<T: Send>(jobs: impl Iterator<Item = T> + Send, work: impl Fn(&Place, T) + Sync) {
    let jobs = Mutex::new(jobs);
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let place = Place::new();
                // The lock must be free before the work begins.
                let next = || jobs.lock().unwrap().next();
                while let Some(job) = next() {
                    work(&place, job);
                }
            });
        }
    });
}

fn every_step(verb: Verb) {
    let steps = AtomicUsize::new(usize::MAX);
    let to_try = (1..).take_while(|step| *step <= steps.load(Ordering::Relaxed));
    each(to_try, |place, step| {
        if !place.kill(verb, Of::Plugin, step, Step::is_visible) {
            steps.fetch_min(step, Ordering::Relaxed);
        }
    });
    assert!(steps.into_inner() > 50, "{} was not traced", verb.as_str());
}

#[test]
fn add_killed_at_every_step() {
    every_step(Verb::Add);
}

#[test]
fn del_killed_at_every_step() {
    every_step(Verb::Del);
}

/// Tries steps of delegates. There are too many to try all of them always, so some are tried,
/// evenly spread, or as many as `STEPS` says.
fn steps_of_delegates(verb: Verb) {
    let place = Place::new();
    if verb == Verb::Del {
        place.call(Verb::Add).run().ok();
    }
    let all = kill_at(place.call(verb), Of::Delegates, usize::MAX, Step::is_effect).expect_err("there is an end");
    assert!(all > 50, "the delegates of {} were not traced", verb.as_str());
    place.call(Verb::Del).run().ok();
    let number = number_of("STEPS", 8).min(all);
    println!("{}: {number} of {all} steps of the plugin and its delegates", verb.as_str());
    each((0..number).map(|n| 1 + n * all / number), |place, step| {
        place.kill(verb, Of::Delegates, step, Step::is_effect);
    });
}

#[test]
fn add_killed_at_steps_of_its_delegates() {
    steps_of_delegates(Verb::Add);
}

#[test]
fn del_killed_at_steps_of_its_delegates() {
    steps_of_delegates(Verb::Del);
}

/// Kills the calls of several pods of one node at once, each call at some instant; `ROUNDS` calls
/// in all. An instant is a part of the time that such a call takes. It comes from the seed that is
/// printed, or given as `SEED`.
#[test]
fn add_and_del_killed_at_random_instants() {
    let seed = number_of("SEED", std::process::id() as usize) as u64;
    println!("SEED={seed}");
    let rounds = number_of("ROUNDS", 60);
    let place = Place::new();
    let pods: Vec<_> = (0..PODS).map(|_| Namespace::new()).collect();
    let left = AtomicUsize::new(rounds);
    let another = || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok();
    std::thread::scope(|scope| {
        for (number, pod) in (1_u64..).zip(&pods) {
            let (place, another) = (&place, &another);
            scope.spawn(move || {
                let id = format!("pod{number}");
                let call = |verb| place.call(verb).container(&id).netns(pod.path());
                let mut chance = Chance(seed.wrapping_mul(number));
                let mut usual = Duration::from_millis(200);
                while another() {
                    let started = Instant::now();
                    let instant = usual.mul_f64(chance.next());
                    if call(Verb::Add).start().kill_after(instant).is_some() {
                        usual = started.elapsed();
                    }
                    if another() {
                        call(Verb::Del).start().kill_after(usual.mul_f64(chance.next()));
                    }
                    call(Verb::Del).run().ok();
                    assert_eq!(pod.interfaces(), ["lo"], "SEED={seed}");
                }
            });
        }
    });
    place.assert_empty(&format!("{rounds} calls with SEED={seed}"));
}

/// Random numbers from 0 to 1.
struct Chance(u64);

impl Chance {
    /// The next number, by splitmix64.
    fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        f64::from((mixed >> 32) as u32) / f64::from(u32::MAX)
    }
}
