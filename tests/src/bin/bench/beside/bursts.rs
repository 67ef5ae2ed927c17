//! Many calls at once, everybody in turn.

use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use genie_tests::Samples;

use super::batch::{self, Batch, Ran};
use super::contender::{Contenders, Who};
use super::site::{Kind, PODS, Pod, Site};
use super::usage::{self, Memory};

/// How many at once.
pub const SIZES: [usize; 3] = [16, 64, 96];
/// How long all delegates may take to be there, when they are held.
const PATIENCE: Duration = Duration::from_secs(30);

/// Who is left out with real delegates: variants of ours that differ by what a real
/// delegate's time hides.
const VARIANTS: [Who; 2] = [Who::GenieAsksAgent, Who::GenieAsksApi];

/// What a burst of somebody's calls cost.
pub struct Line {
    /// Who.
    pub who: Who,
    /// With which delegates, one network.
    pub kind: Kind,
    /// How many at once.
    pub size: usize,
    /// ADD.
    pub add: Verb,
    /// DEL.
    pub del: Verb,
    /// The greatest sum of resident memory in KiB while ADDs ran; 0 where it was not watched.
    pub resident: u64,
    /// The same, shared pages counted once.
    pub proportional: u64,
}

/// What a burst of one verb cost.
#[derive(Default)]
pub struct Verb {
    /// The time of each call.
    pub calls: Samples,
    /// From the first start to the last end, one a burst.
    pub makespans: Samples,
    /// CPU time a call, one a burst.
    pub cpu: Samples,
    /// How many calls were made.
    pub made: usize,
    /// What those that failed said.
    pub failures: Vec<String>,
}

impl Verb {
    fn take(&mut self, ran: Ran) {
        let made = ran.times.len() + ran.failures.len();
        ran.times.into_iter().for_each(|time| self.calls.push(time));
        self.makespans.push(ran.makespan);
        self.cpu.push(ran.cpu / u32::try_from(made.max(1)).unwrap_or(u32::MAX));
        self.made += made;
        self.failures.extend(ran.failures);
    }
}

/// Measures everybody with one kind of delegates and one network.
pub fn measure(site: &Site, contenders: &Contenders<'_>, kind: Kind, rounds: usize) -> Vec<Line> {
    site.select(kind, 1);
    let who = || Who::ALL.into_iter().filter(|who| kind == Kind::Noop || !VARIANTS.contains(who));
    let lines = SIZES.into_iter().flat_map(|size| who().map(move |who| Line::new(who, kind, size)));
    let mut lines: Vec<_> = lines.collect();
    for round in 0..rounds {
        let (later, sooner) = lines.split_at_mut(round % who().count());
        for line in sooner.iter_mut().chain(later) {
            line.burst(site, contenders);
        }
    }
    for line in lines.iter_mut().filter(|line| kind == Kind::Noop || line.size == PODS) {
        line.resident = line.watch(site, contenders, Memory::Resident);
        if line.size == PODS {
            line.proportional = line.watch(site, contenders, Memory::Proportional);
        }
    }
    lines
}

impl Line {
    fn new(who: Who, kind: Kind, size: usize) -> Self {
        Self { who, kind, size, add: Verb::default(), del: Verb::default(), resident: 0, proportional: 0 }
    }

    fn batch<'a>(&self, site: &'a Site, contenders: &'a Contenders<'a>, verb: &'static str) -> Batch<'a> {
        Batch { contenders, who: self.who, verb, kind: self.kind, networks: 1, pods: &site.pods[..self.size] }
    }

    fn burst(&mut self, site: &Site, contenders: &Contenders<'_>) {
        let added = self.batch(site, contenders, "ADD").at_once();
        let failed = !added.failures.is_empty();
        self.add.take(added);
        self.del.take(self.batch(site, contenders, "DEL").at_once());
        if failed {
            site.pods.iter().for_each(tidy);
        }
    }

    fn watch(&mut self, site: &Site, contenders: &Contenders<'_>, memory: Memory) -> u64 {
        let added = self.batch(site, contenders, "ADD").watched(memory);
        let peak = added.peak;
        self.batch(site, contenders, "DEL").at_once();
        if !added.failures.is_empty() {
            site.pods.iter().for_each(tidy);
        }
        peak
    }
}

/// Takes away what a failed call left in a pod, so that the next one finds it empty.
fn tidy(pod: &Pod) {
    for interface in pod.netns.interfaces().iter().filter(|name| *name != "lo") {
        pod.netns.try_run(&format!("ip link delete {interface}"));
    }
}

/// The memory of somebody's 96 ADDs that all wait for their delegates.
pub struct Held {
    /// Who.
    pub who: Who,
    /// How many delegates were waiting: fewer than there are pods when ADDs failed.
    pub waiting: usize,
    /// The sum of resident memory in KiB.
    pub resident: u64,
    /// The same, shared pages counted once.
    pub proportional: u64,
}

/// Measures everybody's memory with all delegates running at one moment.
pub fn held(site: &Site, contenders: &Contenders<'_>) -> Vec<Held> {
    site.select(Kind::Gated, 1);
    Who::ALL.map(|who| hold(site, contenders, who)).into()
}

fn hold(site: &Site, contenders: &Contenders<'_>, who: Who) -> Held {
    let batch = |verb| Batch { contenders, who, verb, kind: Kind::Gated, networks: 1, pods: &site.pods };
    batch::rest(contenders.daemon(who));
    let others = usage::children_but(contenders.daemon(who));
    let held = thread::scope(|scope| {
        let adding = scope.spawn(|| batch("ADD").at_once());
        let deadline = Instant::now() + PATIENCE;
        // Who fails some never gets all of them there.
        while usage::count("gated", &others) < site.pods.len() && Instant::now() < deadline {
            thread::sleep(Duration::from_millis(20));
        }
        let held = Held {
            who,
            waiting: usage::count("gated", &others),
            resident: usage::of_tree(Memory::Resident, &others),
            proportional: usage::of_tree(Memory::Proportional, &others),
        };
        let gate = File::options().write(true).open(site.gate()).expect("somebody waits there");
        _ = adding.join();
        drop(gate);
        held
    });
    batch("DEL").at_once();
    held
}
