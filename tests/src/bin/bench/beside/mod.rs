//! Everybody side by side, in one run: the delegates alone, cnitool, we, and Multus thin
//! and thick, against one real API server.

mod batch;
mod bursts;
mod contender;
mod multus;
mod report;
mod rounds;
mod site;
mod usage;

use std::path::Path;

use contender::{Contenders, Who};
use genie_tests::netns::Namespace;
use site::{Kind, Site};

/// How many rounds of what.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// Calls one after the other, with no-op delegates.
    pub noop: usize,
    /// The same with real ones.
    pub bridge: usize,
    /// Bursts, with no-op delegates.
    pub noop_bursts: usize,
    /// The same with real ones.
    pub bridge_bursts: usize,
}

/// What was measured.
pub struct Beside {
    effort: Effort,
    rounds: Vec<rounds::Line>,
    bursts: Vec<bursts::Line>,
    held: Vec<bursts::Held>,
    /// How much of a core the daemons use when nobody asks them.
    idle: Vec<(Who, f64)>,
}

impl Beside {
    /// Measures everything, in a network namespace: what it makes stays inside.
    ///
    /// # Panics
    /// When something is missing, or somebody does not do its work.
    pub fn measure(noop: &Path, effort: Effort) -> Self {
        let host = Namespace::new();
        host.enter(|| {
            let site = Site::new(noop);
            let contenders = Contenders::start(&site);
            let mut measured =
                Self { effort, rounds: Vec::new(), bursts: Vec::new(), held: Vec::new(), idle: Vec::new() };
            for who in [Who::GenieAgent, Who::Thick] {
                let daemon = contenders.daemon(who);
                measured.idle.extend(daemon.map(|daemon| (who, batch::idle(daemon))));
            }
            for (kind, count) in [(Kind::Noop, effort.noop), (Kind::Bridge, effort.bridge)] {
                for networks in 1..=3 {
                    eprintln!("{}, {networks} network(s) …", kind.name());
                    measured.rounds.extend(rounds::measure(&site, &contenders, kind, networks, count));
                }
            }
            for (kind, count) in [(Kind::Noop, effort.noop_bursts), (Kind::Bridge, effort.bridge_bursts)] {
                eprintln!("{}, bursts …", kind.name());
                measured.bursts.extend(bursts::measure(&site, &contenders, kind, count));
            }
            eprintln!("memory …");
            measured.held = bursts::held(&site, &contenders);
            measured
        })
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
