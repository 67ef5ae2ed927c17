//! Makes many calls at once, all contenders in turn.

use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use genie_tests::Samples;

use super::batch::{self, Batch, Ran};
use super::contender::{Contenders, Who};
use super::site::{Kind, PODS, Pod, Site};
use super::usage::{self, Memory};

/// How many calls are made at once.
pub const SIZES: [usize; 3] = [16, 64, 96];
/// How long it may take until all held delegates run.
const PATIENCE: Duration = Duration::from_secs(30);

/// Contenders that are left out with real delegates: variants of genie whose differences would not
/// show beside a real delegate's time.
const VARIANTS: [Who; 2] = [Who::GenieAsksAgent, Who::GenieAsksApi];

/// What a burst of a contender's calls cost.
pub struct Line {
    /// The contender.
    pub who: Who,
    /// The kind of the delegates. There is one network.
    pub kind: Kind,
    /// How many calls were made at once.
    pub size: usize,
    /// ADD.
    pub add: Verb,
    /// DEL.
    pub del: Verb,
    /// The greatest sum of resident memory in KiB while ADDs ran. It is 0 where it was not watched.
    pub resident: u64,
    /// The same sum with shared pages counted once.
    pub proportional: u64,
}

/// What a burst of one verb cost.
#[derive(Default)]
pub struct Verb {
    /// The time of each call.
    pub calls: Samples,
    /// The times from the first start to the last end, one for each burst.
    pub makespans: Samples,
    /// The CPU times of a call, one for each burst.
    pub cpu: Samples,
    /// How many calls were made.
    pub made: usize,
    /// The messages of the calls that failed.
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

/// Measures all contenders with one kind of delegates and one network.
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

/// Removes what a failed call left in a pod, so that the next call finds it empty.
fn tidy(pod: &Pod) {
    for interface in pod.netns.interfaces().iter().filter(|name| *name != "lo") {
        pod.netns.try_run(&format!("ip link delete {interface}"));
    }
}

/// The memory of 96 ADDs of a contender while all of them wait for their delegates.
pub struct Held {
    /// The contender.
    pub who: Who,
    /// How many delegates were waiting. There are fewer than pods when ADDs failed.
    pub waiting: usize,
    /// The sum of resident memory in KiB.
    pub resident: u64,
    /// The same sum with shared pages counted once.
    pub proportional: u64,
}

/// Measures the memory of all contenders while all delegates run at the same time.
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
        // When ADDs fail, the number is never reached.
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
