//! Makes many calls at once or one after the other, and measures what they use.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use super::contender::{Call, Contenders, Who};
use super::site::{Kind, Pod};
use super::usage::{self, Memory};

/// How often to look whether a daemon has come to rest, and the longest time to wait for that.
const LOOK: Duration = Duration::from_millis(200);
const REST: Duration = Duration::from_secs(5);
/// A daemon that uses less of a core than this is at rest.
const IDLE: f64 = 0.03;

/// Calls that a contender makes many times.
#[derive(Clone, Copy)]
pub struct Batch<'a> {
    /// All contenders.
    pub contenders: &'a Contenders<'a>,
    /// The contender that makes the calls.
    pub who: Who,
    /// `ADD` or `DEL`.
    pub verb: &'static str,
    /// The kind of the delegates.
    pub kind: Kind,
    /// The number of networks.
    pub networks: usize,
    /// The pods, one for each call.
    pub pods: &'a [Pod],
}

/// The result of a batch.
#[derive(Default)]
pub struct Ran {
    /// The time of each call that succeeded.
    pub times: Vec<Duration>,
    /// The time from the first start to the last end.
    pub makespan: Duration,
    /// CPU time of all processes. That of a daemon counts until it has come to rest.
    pub cpu: Duration,
    /// The greatest sum of memory in KiB, if it was watched.
    pub peak: u64,
    /// The messages of the calls that failed.
    pub failures: Vec<String>,
}

impl Batch<'_> {
    /// Makes the calls one after the other.
    pub fn in_turn(&self) -> Ran {
        self.run(1, None)
    }

    /// Makes all calls at once.
    pub fn at_once(&self) -> Ran {
        self.run(self.pods.len(), None)
    }

    /// Makes all calls at once, and watches their memory.
    pub fn watched(&self, memory: Memory) -> Ran {
        self.run(self.pods.len(), Some(memory))
    }

    fn run(&self, workers: usize, memory: Option<Memory>) -> Ran {
        let daemon = self.contenders.daemon(self.who);
        let calls: Vec<_> = self.pods.iter().map(|pod| self.call(pod)).collect();
        let others = usage::children_but(daemon);
        let before = cpu(daemon);
        let stop = AtomicBool::new(false);
        let mut ran = thread::scope(|scope| {
            let (others, stop) = (&others, &stop);
            let watching = memory.map(|memory| scope.spawn(move || usage::watch(memory, others, stop)));
            let ran = together(calls, workers);
            stop.store(true, Ordering::Relaxed);
            let peak = watching.map_or(0, |watching| watching.join().expect("the sampler does not panic"));
            Ran { peak, ..ran }
        });
        rest(daemon);
        ran.cpu = cpu(daemon).saturating_sub(before);
        ran
    }

    fn call(&self, pod: &Pod) -> Call {
        self.contenders.call(self.who, self.verb, self.kind, self.networks, pod)
    }
}

/// Runs calls on this many threads, which begin when all threads are there.
fn together(calls: Vec<Call>, workers: usize) -> Ran {
    let next = AtomicUsize::new(0);
    let calls: Vec<_> = calls.into_iter().map(|call| Mutex::new(Some(call))).collect();
    let ready = Barrier::new(workers);
    let results: Vec<_> = thread::scope(|scope| {
        let threads: Vec<_> = (0..workers)
            .map(|_| {
                scope.spawn(|| {
                    ready.wait();
                    let mut results = Vec::new();
                    while let Some(call) = calls.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let call = call.lock().ok().and_then(|mut call| call.take());
                        results.extend(call.map(timed));
                    }
                    results
                })
            })
            .collect();
        threads.into_iter().flat_map(|thread| thread.join().expect("a thread does not panic")).collect()
    });
    let first = results.iter().map(|result| result.started).min();
    let last = results.iter().map(|result| result.ended).max();
    let makespan = first.zip(last).map_or(Duration::ZERO, |(first, last)| last - first);
    let mut ran = Ran { makespan, ..Ran::default() };
    for result in results {
        match result.failure {
            None => ran.times.push(result.ended - result.started),
            Some(message) => ran.failures.push(message),
        }
    }
    ran
}

/// The beginning and end of a call, and its message if it failed.
struct Timed {
    started: Instant,
    ended: Instant,
    failure: Option<String>,
}

fn timed(mut call: Call) -> Timed {
    let started = Instant::now();
    let failure = call.0.iter_mut().find_map(|program| {
        let output = program.start().wait_with_output().expect("a child's output is read");
        let said = |bytes: &[u8]| String::from_utf8_lossy(bytes).trim().to_owned();
        (!output.status.success()).then(|| format!("{} {}", said(&output.stdout), said(&output.stderr)))
    });
    Timed { started, ended: Instant::now(), failure }
}

fn cpu(daemon: Option<u32>) -> Duration {
    usage::of_children() + daemon.map_or(Duration::ZERO, usage::of_process)
}

/// Waits until a daemon is as idle as when it has nothing to do.
pub fn rest(daemon: Option<u32>) {
    let Some(daemon) = daemon else { return };
    let started = Instant::now();
    let mut before = usage::of_process(daemon);
    while started.elapsed() < REST {
        thread::sleep(LOOK);
        let now = usage::of_process(daemon);
        if now.saturating_sub(before).as_secs_f64() < IDLE * LOOK.as_secs_f64() {
            return;
        }
        before = now;
    }
}

/// How much of a core a daemon uses when it has nothing to do.
pub fn idle(daemon: u32) -> f64 {
    const WHILE: Duration = Duration::from_secs(3);
    rest(Some(daemon));
    let before = usage::of_process(daemon);
    thread::sleep(WHILE);
    usage::of_process(daemon).saturating_sub(before).as_secs_f64() / WHILE.as_secs_f64()
}
