//! One default network and two definitions, near the API server and far from it.

use std::fmt;
use std::time::{Duration, Instant};

use super::contender::{Contenders, Reach, Who};
use super::rounds::{self, Line, place};
use super::site::{Kind, Site};
use super::targets::Target;
use super::{batch, document};
use crate::far::{Far, requests};
use crate::table::Table;

/// Who is compared.
const WHO: [Who; 4] = [Who::Delegate, Who::GenieAgent, Who::Thin, Who::Thick];
/// The default network and the definitions.
const NETWORKS: usize = 3;
/// The delays of every answer of the API server, in milliseconds.
const LATENCIES: [u64; 2] = [0, 20];
/// How many calls are made to count their requests.
const COUNTED: usize = 20;
/// How long the last request may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// What was measured.
pub struct Definitions {
    rounds: usize,
    /// The lines of each latency.
    lines: Vec<(u64, Vec<Line>)>,
    /// The requests of [`COUNTED`] ADDs and as many DELs.
    requests: Vec<(Who, usize, usize)>,
}

impl Definitions {
    /// Measures with contenders of its own, which reach the API server by way of a proxy at either
    /// latency.
    ///
    /// # Panics
    /// When something is missing, or a contender does not do its work.
    pub fn measure(site: &Site, rounds: usize) -> Self {
        let far = Far::before(&site.server);
        let reach = Reach { name: "far", url: far.url.clone(), kubeconfig: far.kubeconfig.clone(), definitions: true };
        let contenders = Contenders::start(site, reach);
        let lines = LATENCIES.map(|latency| {
            eprintln!("definitions, the API server {latency} ms away …");
            far.set(latency);
            (latency, rounds::of(&WHO, site, &contenders, Kind::Noop, NETWORKS, rounds))
        });
        far.set(0);
        let asked = [Who::GenieAgent, Who::Thin, Who::Thick].map(|who| {
            let add = count(site, &contenders, who, "ADD");
            (who, add, count(site, &contenders, who, "DEL"))
        });
        Self { rounds, lines: lines.into(), requests: asked.into() }
    }

    /// What a contender adds to its delegates in half of the calls, for ADD and DEL.
    fn added(&self, who: Who, latency: u64) -> (f64, f64) {
        let of = |who| {
            let lines = self.lines.iter().find(|(of, _)| *of == latency);
            lines.and_then(|(_, lines)| lines.iter().find(|line| line.who == who))
        };
        let (Some(line), Some(floor)) = (of(who), of(Who::Delegate)) else { return (f64::NAN, f64::NAN) };
        (line.add.minus(&floor.add, 1.0).p50(), line.del.minus(&floor.del, 1.0).p50())
    }

    /// The targets: a tenth of what Multus adds, wherever the API server is.
    pub fn targets(&self) -> Vec<Target> {
        let mut targets = Vec::new();
        for latency in LATENCIES {
            for other in [Who::Thin, Who::Thick] {
                let (ours, theirs) = (self.added(Who::GenieAgent, latency), self.added(other, latency));
                for (verb, ours, theirs) in [("ADD", ours.0, theirs.0), ("DEL", ours.1, theirs.1)] {
                    targets.push(Target {
                        what: format!("two definitions, API {latency} ms away, {verb}: {}", other.name()),
                        figures: format!("{ours:.2} / {theirs:.2} ms"),
                        ratio: ours / theirs,
                        limit: 0.1,
                    });
                }
            }
        }
        targets
    }
}

/// The requests of [`COUNTED`] calls. Those that follow an answer count, too.
fn count(site: &Site, contenders: &Contenders<'_>, who: Who, verb: &str) -> usize {
    batch::rest(contenders.daemon(who));
    let before = requests(&site.server).len();
    let pods = site.pods.iter().skip(place(Who::Thick) + 1).take(COUNTED);
    for pod in pods {
        for program in &mut contenders.call(who, verb, Kind::Noop, NETWORKS, pod).0 {
            program.run();
        }
    }
    // What comes after the answer has come when none came for a while.
    let (mut last, mut at, deadline) = (0, Instant::now(), Instant::now() + PATIENCE);
    while at.elapsed() < Duration::from_secs(3) && Instant::now() < deadline {
        let now = requests(&site.server).len() - before;
        if now != last {
            (last, at) = (now, Instant::now());
        }
        std::thread::sleep(Duration::from_millis(200));
    }
    last
}

impl fmt::Display for Definitions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (latency, lines) in &self.lines {
            writeln!(f, "### A default network and two definitions, the API server {latency} ms away\n")?;
            let mut table = Table::new(&[
                "ms, p50 / p95",
                "ADD",
                "adds (p50)",
                "requests",
                "DEL",
                "adds (p50)",
                "requests",
                "failed",
            ]);
            for line in lines {
                let (add, del) = self.added(line.who, *latency);
                let asked = self.requests.iter().find(|(who, ..)| *who == line.who);
                let each = |requests: usize| document::figure(per_call(requests));
                table.row([
                    line.who.name().into(),
                    document::both(&line.add),
                    document::figure(add),
                    asked.map_or("–".into(), |(_, add, _)| each(*add)),
                    document::both(&line.del),
                    document::figure(del),
                    asked.map_or("–".into(), |(.., del)| each(*del)),
                    line.failures.len().to_string(),
                ]);
            }
            let failed = lines.iter().filter_map(|line| Some((line.who, line.failures.first()?)));
            writeln!(f, "{table}\n{} rounds. {}", self.rounds, document::reasons(failed))?;
        }
        Ok(())
    }
}

fn per_call(requests: usize) -> f64 {
    let of = |number: usize| f64::from(u32::try_from(number).unwrap_or(u32::MAX));
    of(requests) / of(COUNTED)
}
