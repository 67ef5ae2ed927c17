//! The targets, and whether they were met.

use super::Beside;
use super::contender::Who;
use super::site::{Kind, PODS};

/// A target: a figure of genie beside one of another contender.
pub struct Target {
    /// What is compared.
    pub what: String,
    /// Both figures, for people.
    pub figures: String,
    /// genie's figure divided by the other one.
    pub ratio: f64,
    /// The largest ratio that meets the target.
    pub limit: f64,
}

impl Target {
    /// Whether the target was met.
    pub fn met(&self) -> bool {
        self.ratio <= self.limit
    }
}

/// All targets.
pub fn all(measured: &Beside) -> Vec<Target> {
    let mut targets = Vec::new();
    for (ours, other, limit) in [
        (Who::GenieAgent, Who::Thin, 0.1),
        (Who::GenieAgent, Who::Thick, 0.1),
        (Who::GenieAsksAgent, Who::Thin, 0.1),
        (Who::GenieAsksAgent, Who::Thick, 0.1),
        (Who::Genie, Who::Inline, 0.2),
        (Who::Genie, Who::Cnitool, 1.0),
        (Who::GenieAgent, Who::Cnitool, 1.0),
    ] {
        let (one, two) = (measured.added(ours, Kind::Noop, 1), measured.added(other, Kind::Noop, 1));
        for (verb, ours_ms, other_ms) in [("ADD", one.0, two.0), ("DEL", one.1, two.1)] {
            targets.push(Target {
                what: format!("{verb}: added by {} / by {}", ours.name(), other.name()),
                figures: format!("{ours_ms:.2} / {other_ms:.2} ms"),
                ratio: ours_ms / other_ms,
                limit,
            });
        }
    }
    targets.extend(measured.definitions.targets());
    targets.extend(memory(measured));
    targets.push(failures(measured));
    targets
}

/// The targets for memory. They are per ADD, because a contender with failures has fewer of them.
fn memory(measured: &Beside) -> Vec<Target> {
    let seen = |who| measured.bursts_of(who, Kind::Noop, PODS).map_or(f64::NAN, |line| mebibytes(line.resident, PODS));
    let held = |who| measured.held_of(who).map_or(f64::NAN, |held| mebibytes(held.resident, held.waiting));
    let mut targets = Vec::new();
    for other in [Who::Thin, Who::Thick] {
        for (how, ours, theirs) in [
            ("greatest seen", seen(Who::GenieAgent), seen(other)),
            ("all at their delegates", held(Who::GenieAgent), held(other)),
        ] {
            targets.push(Target {
                what: format!("memory of one of {PODS} ADDs, {how}: {} / {}", Who::GenieAgent.name(), other.name()),
                figures: format!("{ours:.1} / {theirs:.1} MiB"),
                ratio: ours / theirs,
                limit: 0.2,
            });
        }
    }
    targets
}

#[allow(clippy::cast_precision_loss, reason = "KiB of this machine are far below 2^52")]
fn mebibytes(kibibytes: u64, calls: usize) -> f64 {
    kibibytes as f64 / 1024.0 / calls as f64
}

fn failures(measured: &Beside) -> Target {
    let bursts = measured.bursts.iter().filter(|line| line.who.is_genie() && line.size == PODS);
    let (failed, made) = bursts.fold((0, 0), |(failed, made), line| {
        (failed + line.add.failures.len() + line.del.failures.len(), made + line.add.made + line.del.made)
    });
    Target {
        what: format!("bursts of {PODS}: calls of ours that failed"),
        figures: format!("{failed} of {made}"),
        ratio: f64::from(u32::try_from(failed).unwrap_or(u32::MAX)),
        limit: 0.0,
    }
}
