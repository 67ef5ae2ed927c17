//! Load: many pods at once, and many records on a node.

use std::fmt;
use std::fs;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use genie_tests::Samples;
use genie_tests::fixture::reference_node;
use genie_tests::netns::Namespace;
use genie_tests::real::World;
use genie_tests::{Answer, Call, Node, Verb};
use serde_json::{Value, json};

use crate::memory;

/// How many pods start at once, and how often.
const PODS: usize = 96;
const ROUNDS: usize = 20;
/// How many records of other containers are on the node.
const RECORDS: [usize; 4] = [0, 100, 1_000, 10_000];
/// How many calls are made for each of these.
const CALLS: usize = 100;
/// How many calls of GC are made, which reads every record.
const GC_CALLS: usize = 5;
/// The largest ratio of an ADD's time with the most records and without any.
const SLOWER: f64 = 1.10;
/// How many records are made at the same time.
const MAKERS: usize = 4;

/// The measured figures.
pub struct Load {
    bursts: Vec<Burst>,
    curve: Vec<Point>,
}

/// Many pods at once.
struct Burst {
    name: &'static str,
    add: Samples,
    del: Samples,
    failures: usize,
    left: usize,
    /// The memory of all processes that the bench had started, and of the plugin's among them, in
    /// KiB.
    resident: u64,
    ours: u64,
}

/// Calls beside this many records.
struct Point {
    records: usize,
    add: Samples,
    del: Samples,
    gc: Samples,
}

impl Load {
    /// Measures bursts and records.
    ///
    /// # Panics
    /// When something is missing.
    pub fn measure() -> Self {
        Self { bursts: vec![with_recorders(), with_bridges()], curve: curve() }
    }
}

fn with_recorders() -> Burst {
    let node = reference_node().with("timeout", json!("30m"));
    let pods: Vec<_> = (0..PODS).map(|number| format!("pod{number}")).collect();
    burst("recorder", &pods, |id, verb| node.call(verb).container(id).cni("calico,weave"), || node.state_files().len())
}

fn with_bridges() -> Burst {
    let mut world = World::new("1.0.0");
    world.node = world.node.with("timeout", json!("30m"));
    let pods: Vec<_> = (0..PODS).map(|number| (format!("pod{number}"), Namespace::new())).collect();
    let call =
        |(id, pod): &(String, Namespace), verb| world.node.call(verb).container(id).netns(pod.path()).cni("red,blue");
    let left = || {
        let links = pods.iter().map(|(_, pod)| pod.interfaces().len() - 1).sum::<usize>();
        let veths = world.host.interfaces().iter().filter(|name| name.starts_with("veth")).count();
        links + veths + world.leases().len() + world.rules().len() + world.node.state_files().len()
    };
    burst("bridge and host-local", &pods, call, left)
}

fn burst<'a, P: Sync>(
    name: &'static str,
    pods: &[P],
    call: impl Fn(&P, Verb) -> Call<'a> + Sync,
    left: impl Fn() -> usize,
) -> Burst {
    let failures = AtomicUsize::new(0);
    let mut burst =
        Burst { name, add: Samples::default(), del: Samples::default(), failures: 0, left: 0, resident: 0, ours: 0 };
    let all = |verb| {
        std::thread::scope(|scope| {
            let calls: Vec<_> = pods.iter().map(|pod| scope.spawn(|| timed(|| call(pod, verb).run()))).collect();
            calls.into_iter().map(|call| call.join().expect("a call is made")).collect::<Vec<_>>()
        })
    };
    for _ in 0..ROUNDS {
        for verb in [Verb::Add, Verb::Del] {
            let (answers, memory) = watch(|| all(verb));
            for (answer, time) in answers {
                failures.fetch_add(usize::from(answer.status != Some(0)), Ordering::Relaxed);
                if verb == Verb::Add { &mut burst.add } else { &mut burst.del }.push(time);
            }
            burst.resident = burst.resident.max(memory.0);
            burst.ours = burst.ours.max(memory.1);
        }
        burst.left += left();
    }
    burst.failures = failures.into_inner();
    burst
}

fn timed(call: impl FnOnce() -> Answer) -> (Answer, Duration) {
    let started = Instant::now();
    let answer = call();
    (answer, started.elapsed())
}

/// Does `work`. Returns the greatest memory that all processes below this one had at a time, and
/// that the plugin's processes had, in KiB.
fn watch<T>(work: impl FnOnce() -> T) -> (T, (u64, u64)) {
    let done = AtomicBool::new(false);
    let (all, ours) = (AtomicU64::new(0), AtomicU64::new(0));
    let result = std::thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                let now = memory::below(std::process::id());
                all.fetch_max(now.iter().map(|(_, resident)| resident).sum(), Ordering::Relaxed);
                let genie = now.iter().filter(|(program, _)| program == "genie").map(|(_, resident)| resident);
                ours.fetch_max(genie.sum(), Ordering::Relaxed);
                std::thread::sleep(Duration::from_millis(20));
            }
        });
        let result = work();
        done.store(true, Ordering::Relaxed);
        result
    });
    (result, (all.into_inner(), ours.into_inner()))
}

/// Measures calls beside records, on a node whose networks cost nothing but a process.
fn curve() -> Vec<Point> {
    let node = reference_node().with("cniVersion", json!("1.1.0")).with("timeout", json!("30m"));
    let list = json!({"cniVersion": "1.1.0", "name": "net", "plugins": [{"type": "weave-net"}]});
    node.network("05-net.conflist", &list);
    let mut made = 0;
    RECORDS
        .into_iter()
        .map(|records| {
            make_records(&node, made, records);
            made = records;
            let mut point = Point { records, add: Samples::default(), del: Samples::default(), gc: Samples::default() };
            for _ in 0..CALLS {
                point.add.push(ok(node.add().container("measured").cni("net")));
                point.del.push(ok(node.del().container("measured")));
            }
            let valid: Vec<Value> = (0..records).map(|n| json!({"containerID": id(n), "ifname": "eth0"})).collect();
            for _ in 0..GC_CALLS {
                point.gc.push(ok(node.call(Verb::Gc).key("cni.dev/valid-attachments", json!(valid))));
                assert_eq!(fs::read_dir(node.state_dir().join("records")).map_or(0, Iterator::count), records);
            }
            point
        })
        .collect()
}

fn id(number: usize) -> String {
    format!("recorded-{number}")
}

/// Makes records of the containers `from` to `to`.
pub fn make_records(node: &Node, from: usize, to: usize) {
    let next = AtomicUsize::new(from);
    std::thread::scope(|scope| {
        for _ in 0..MAKERS {
            scope.spawn(|| {
                loop {
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    if number >= to {
                        return;
                    }
                    ok(node.add().container(&id(number)).cni("net"));
                }
            });
        }
    });
    _ = node.calls();
}

/// Runs a call that has to succeed, and returns its time.
fn ok(call: Call<'_>) -> Duration {
    let (answer, time) = timed(|| call.run());
    answer.ok();
    time
}

impl fmt::Display for Load {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\n{PODS} pods at once, two networks each, ADD and then DEL, {ROUNDS} rounds")?;
        writeln!(
            f,
            "{:<24} {:>8} {:>6} {:>9} {:>9} {:>9} {:>9} {:>12} {:>12}",
            "", "failures", "left", "ADD p50", "p95 ms", "DEL p50", "p95 ms", "all KiB", "genie KiB"
        )?;
        for burst in &self.bursts {
            writeln!(
                f,
                "{:<24} {:>8} {:>6} {:>9.0} {:>9.0} {:>9.0} {:>9.0} {:>12} {:>12}",
                burst.name,
                burst.failures,
                burst.left,
                burst.add.p50(),
                burst.add.p95(),
                burst.del.p50(),
                burst.del.p95(),
                burst.resident,
                burst.ours
            )?;
        }
        writeln!(f, "\nwith so many records on the node, ms")?;
        writeln!(
            f,
            "{:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>16}",
            "records", "ADD p50", "p95", "DEL p50", "p95", "GC p50", "GC/record, µs"
        )?;
        for point in &self.curve {
            let records = u32::try_from(point.records.max(1)).map_or(f64::NAN, f64::from);
            writeln!(
                f,
                "{:>8} {:>9.2} {:>9.2} {:>9.2} {:>9.2} {:>9.1} {:>16.0}",
                point.records,
                point.add.p50(),
                point.add.p95(),
                point.del.p50(),
                point.del.p95(),
                point.gc.p50(),
                point.gc.p50() * 1000.0 / records
            )?;
        }
        let (Some(none), Some(most)) = (self.curve.first(), self.curve.last()) else { return Ok(()) };
        let ratio = most.add.p50() / none.add.p50();
        let verdict = if ratio <= SLOWER { "met" } else { "missed" };
        writeln!(f, "{:<50} {ratio:>18.2}  {verdict}", format!("ADD beside {} records within 10 %", most.records))
    }
}
