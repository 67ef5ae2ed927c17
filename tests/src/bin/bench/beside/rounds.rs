//! Makes calls one after the other, all contenders in turn.

use std::thread;
use std::time::{Duration, Instant};

use genie_tests::Samples;

use super::batch::{self, Batch};
use super::contender::{Contenders, Who};
use super::site::{Kind, Pod, Site};

/// The rounds before those that count.
const WARM_UP: usize = 5;
/// How many calls are made to find the CPU time of one.
const FOR_CPU: usize = 24;
/// How often a call may be tried before the bench gives up.
const TRIES: usize = 10;
/// How long publication may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What a contender's calls cost, one after the other.
pub struct Line {
    /// The contender.
    pub who: Who,
    /// The kind of the delegates.
    pub kind: Kind,
    /// The number of networks.
    pub networks: usize,
    /// Wall times of ADD, one for each round.
    pub add: Samples,
    /// Wall times of DEL.
    pub del: Samples,
    /// CPU time of one ADD and of one DEL, over all processes, in milliseconds. It is NaN where it
    /// was not measured.
    pub cpu: (f64, f64),
    /// Calls that failed and were made again.
    pub failures: Vec<String>,
}

/// Measures all contenders with one kind of delegates and one number of networks.
///
/// # Panics
/// When a contender does not do the work that it is measured for.
pub fn measure(site: &Site, contenders: &Contenders<'_>, kind: Kind, networks: usize, rounds: usize) -> Vec<Line> {
    let mut lines = of(&Who::ALL, site, contenders, kind, networks, rounds);
    if kind == Kind::Noop || networks == 1 {
        for line in &mut lines {
            line.cpu(site, contenders);
        }
    }
    lines
}

/// Measures the times of some of them.
///
/// # Panics
/// As [`measure`].
pub fn of(
    all: &[Who],
    site: &Site,
    contenders: &Contenders<'_>,
    kind: Kind,
    networks: usize,
    rounds: usize,
) -> Vec<Line> {
    site.select(kind, networks);
    for who in all {
        batch::rest(contenders.daemon(*who));
    }
    let able = all.iter().filter(|who| who.can(networks));
    let mut lines: Vec<_> = able.map(|who| Line::new(*who, kind, networks)).collect();
    let able = lines.len();
    for (line, pod) in lines.iter_mut().zip(&site.pods) {
        line.prove(site, contenders, pod);
    }
    for round in 0..WARM_UP + rounds {
        if round == WARM_UP {
            lines.iter_mut().for_each(Line::forget);
        }
        let (later, sooner) = lines.split_at_mut(round % able);
        for line in sooner.iter_mut().chain(later) {
            line.round(contenders, &site.pods[place(line.who)]);
        }
    }
    lines
}

/// The index of a contender's own pod.
pub fn place(who: Who) -> usize {
    Who::ALL.iter().position(|other| *other == who).unwrap_or_default()
}

impl Line {
    fn new(who: Who, kind: Kind, networks: usize) -> Self {
        let (add, del) = (Samples::default(), Samples::default());
        Self { who, kind, networks, add, del, cpu: (f64::NAN, f64::NAN), failures: Vec::new() }
    }

    fn forget(&mut self) {
        self.add.clear();
        self.del.clear();
        self.failures.clear();
    }

    fn round(&mut self, contenders: &Contenders<'_>, pod: &Pod) {
        let add = self.call(contenders, "ADD", pod);
        self.add.push(add);
        let del = self.call(contenders, "DEL", pod);
        self.del.push(del);
    }

    /// Makes a call. A failure is noted and undone, and the call is made again: only calls that did
    /// their work are compared.
    fn call(&mut self, contenders: &Contenders<'_>, verb: &'static str, pod: &Pod) -> Duration {
        for _ in 0..TRIES {
            match self.try_call(contenders, verb, pod) {
                Ok(time) => return time,
                Err(message) => self.failures.push(message),
            }
            if verb == "ADD" {
                _ = self.try_call(contenders, "DEL", pod);
            }
        }
        panic!("{} cannot do {verb}: {:?}", self.who.name(), self.failures.last());
    }

    fn try_call(&self, contenders: &Contenders<'_>, verb: &str, pod: &Pod) -> Result<Duration, String> {
        let mut call = contenders.call(self.who, verb, self.kind, self.networks, pod);
        let mut answers = String::new();
        let started = Instant::now();
        for program in &mut call.0 {
            let output = program.start().wait_with_output().expect("a child's output is read");
            answers += &String::from_utf8_lossy(&output.stdout);
            if !output.status.success() {
                return Err(format!("{answers} {}", String::from_utf8_lossy(&output.stderr)));
            }
        }
        let took = started.elapsed();
        let addresses = answers.matches("\"address\"").count();
        let expected = if verb == "ADD" { self.who.addresses(self.networks) } else { 0 };
        if addresses == expected { Ok(took) } else { Err(format!("{addresses} addresses: {answers}")) }
    }

    /// Checks once that the work is done for which the times are taken.
    fn prove(&mut self, site: &Site, contenders: &Contenders<'_>, pod: &Pod) {
        let (who, networks) = (self.who.name(), self.networks);
        if self.who.publishes() {
            site.unpublish(pod);
            // An agent whose watch still shows the status of before takes the new one, which is the same, for
            // published. Nothing shows what its watch shows.
            thread::sleep(Duration::from_secs(1));
        }
        self.call(contenders, "ADD", pod);
        if self.kind == Kind::Bridge {
            let interfaces = pod.netns.interfaces();
            assert_eq!(interfaces.len(), networks + 1, "{who} made {interfaces:?} for {networks} networks");
        }
        let deadline = Instant::now() + PATIENCE;
        while self.who.publishes() && site.published(pod) != networks {
            assert!(Instant::now() < deadline, "{who} publishes {} of {networks} networks", site.published(pod));
            thread::sleep(Duration::from_millis(100));
        }
        self.call(contenders, "DEL", pod);
        assert_eq!(pod.netns.interfaces(), ["lo"], "{who} leaves something in the pod");
    }

    fn cpu(&mut self, site: &Site, contenders: &Contenders<'_>) {
        let (who, kind, networks) = (self.who, self.kind, self.networks);
        let pods = &site.pods[..FOR_CPU];
        let mut of = |verb| {
            let ran = Batch { contenders, who, verb, kind, networks, pods }.in_turn();
            self.failures.extend(ran.failures);
            ran.cpu.as_secs_f64() * 1e3 / f64::from(u32::try_from(FOR_CPU).unwrap_or(u32::MAX))
        };
        self.cpu = (of("ADD"), of("DEL"));
    }
}
