//! All contenders side by side in one run: the delegates alone, cnitool, genie, and Multus thin and
//! thick, with one real API server.

mod batch;
mod bursts;
mod contender;
mod definitions;
mod document;
mod multus;
mod parts;
mod plots;
mod rounds;
mod site;
mod targets;
mod usage;

use std::path::Path;
use std::{env, fs};

use contender::{Contenders, Reach, Who};
use genie_tests::netns::Namespace;
use site::{Kind, Site};

use crate::agents;
use crate::machine;
use crate::section;
use crate::subjects::build_noop;

/// How many rounds are made of each.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Calls one after the other, with no-op delegates.
    pub noop: usize,
    /// The same with real delegates.
    pub bridge: usize,
    /// Bursts, with no-op delegates.
    pub noop_bursts: usize,
    /// The same with real delegates.
    pub bridge_bursts: usize,
}

/// Everything that was measured.
pub struct Beside {
    effort: Effort,
    rounds: Vec<rounds::Line>,
    bursts: Vec<bursts::Line>,
    held: Vec<bursts::Held>,
    definitions: definitions::Definitions,
    /// Where the time of genie's ADD and DEL goes.
    parts: (parts::Parts, parts::Parts),
    /// How much of a core the daemons use when they have nothing to do.
    idle: Vec<(Who, f64)>,
}

/// Measures everything, prints it, and writes it with its plots to `target/bench`. With
/// `BENCH_DOCS=1` in the environment it writes to `docs`, too. `TMPDIR` sets where the state of all
/// contenders is.
///
/// # Panics
/// When something is missing, or cannot be written.
pub fn run(rounds: usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    build_noop(dir.path());
    let machine = format!("Measured on {}, state on {}.", machine::name(), machine::file_system(dir.path()));
    let measured = Beside::measure(&dir.path().join("noop"), Effort::of(rounds));
    let place = env::var("TMPDIR").map_or_else(|_| String::new(), |dir| format!("TMPDIR={dir} "));
    let page = measured.page(&machine, &format!("{place}make bench PART=beside ROUNDS={rounds} DOCS=1"));
    print!("{page}");
    for place in section::places() {
        let pictures = place.join("performance");
        section::write_others(&place.join("performance.md"), &page, &[agents::HEADING]);
        for (name, svg) in plots::all(&measured) {
            fs::write(pictures.join(name), svg).expect("a file");
        }
    }
}

/// Measures definitions only, and prints that.
///
/// # Panics
/// When something is missing.
pub fn run_definitions(rounds: usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    build_noop(dir.path());
    let measured = Namespace::new().enter(|| {
        let site = Site::new(&dir.path().join("noop"));
        multus::create_account(&site);
        definitions::Definitions::measure(&site, Effort::of(rounds).noop)
    });
    print!("{measured}");
}

impl Effort {
    /// The numbers of rounds, in proportion to those of the other figures.
    fn of(rounds: usize) -> Self {
        let part = |divisor: usize| (rounds / divisor).max(1);
        Self { noop: part(3), bridge: part(12), noop_bursts: part(60), bridge_bursts: part(150) }
    }
}

impl Beside {
    /// Measures everything in a network namespace, so that everything it makes stays inside.
    ///
    /// # Panics
    /// When something is missing, or a contender does not do its work.
    pub fn measure(noop: &Path, effort: Effort) -> Self {
        let host = Namespace::new();
        host.enter(|| {
            let site = Site::new(noop);
            multus::create_account(&site);
            let definitions = definitions::Definitions::measure(&site, effort.noop);
            let contenders = Contenders::start(&site, Reach::direct(&site));
            let idle =
                [Who::GenieAgent, Who::Thick].map(|who| (who, contenders.daemon(who).map_or(0.0, batch::idle))).into();
            let mut rounds = Vec::new();
            for (kind, count) in [(Kind::Noop, effort.noop), (Kind::Bridge, effort.bridge)] {
                for networks in 1..=3 {
                    eprintln!("{}: {networks} network(s), one call after the other …", kind.name());
                    rounds.extend(rounds::measure(&site, &contenders, kind, networks, count));
                }
            }
            let mut bursts = Vec::new();
            for (kind, count) in [(Kind::Noop, effort.noop_bursts), (Kind::Bridge, effort.bridge_bursts)] {
                eprintln!("{}: bursts …", kind.name());
                bursts.extend(bursts::measure(&site, &contenders, kind, count));
            }
            eprintln!("all delegates held: memory …");
            let held = bursts::held(&site, &contenders);
            let parts = parts::measure(&site, &contenders, &site.pods[0], effort.noop);
            Self { effort, rounds, bursts, held, definitions, parts, idle }
        })
    }

    /// What a contender adds to its delegates in half of the calls, for ADD and DEL.
    fn added(&self, who: Who, kind: Kind, networks: usize) -> (f64, f64) {
        let (Some(line), Some(floor)) =
            (self.rounds_of(who, kind, networks), self.rounds_of(Who::Delegate, kind, networks))
        else {
            return (f64::NAN, f64::NAN);
        };
        (line.add.minus(&floor.add, 1.0).p50(), line.del.minus(&floor.del, 1.0).p50())
    }

    fn rounds_of(&self, who: Who, kind: Kind, networks: usize) -> Option<&rounds::Line> {
        self.rounds.iter().find(|line| line.who == who && line.kind == kind && line.networks == networks)
    }

    fn bursts_of(&self, who: Who, kind: Kind, size: usize) -> Option<&bursts::Line> {
        self.bursts.iter().find(|line| line.who == who && line.kind == kind && line.size == size)
    }

    fn held_of(&self, who: Who) -> Option<&bursts::Held> {
        self.held.iter().find(|held| held.who == who)
    }
}
