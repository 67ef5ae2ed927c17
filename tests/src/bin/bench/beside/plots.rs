//! The figures as pictures.

use super::Beside;
use super::bursts::{self, SIZES};
use super::contender::Who;
use super::site::{Kind, PODS};
use crate::chart::{self, Series, bars, colour};

/// The file names of the pictures, and their SVG.
pub fn all(measured: &Beside) -> Vec<(&'static str, String)> {
    vec![
        ("added.svg", added(measured)),
        ("networks.svg", networks(measured)),
        ("bursts.svg", makespans(measured)),
        ("memory.svg", memory(measured)),
        ("parts.svg", parts(measured)),
    ]
}

fn series(who: Who, values: impl IntoIterator<Item = f64>) -> Series {
    Series { name: who.name().into(), colour: colour(who.name()), values: values.into_iter().collect() }
}

fn added(measured: &Beside) -> String {
    let others = Who::ALL.into_iter().filter(|who| *who != Who::Delegate);
    let rows = others.map(|who| {
        let (add, del) = measured.added(who, Kind::Noop, 1);
        series(who, [add, del])
    });
    bars("What one call adds to its one delegate (p50)", "ms", &["ADD", "DEL"], &rows.collect::<Vec<_>>())
}

fn networks(measured: &Beside) -> String {
    let who = [Who::Delegate, Who::GenieAgent, Who::Inline, Who::Thin, Who::Thick];
    let lines = who.map(|who| {
        let p50 = |networks| measured.rounds_of(who, Kind::Noop, networks).map_or(f64::NAN, |line| line.add.p50());
        series(who, (1..=3).map(p50))
    });
    let points = [1, 2, 3].map(|networks| format!("{networks} network{}", if networks == 1 { "" } else { "s" }));
    chart::lines("ADD with no-op delegates (p50)", "ms", &points, &lines)
}

fn makespans(measured: &Beside) -> String {
    let who = [Who::Delegate, Who::Cnitool, Who::GenieAgent, Who::Inline, Who::Thin, Who::Thick];
    let lines = who.map(|who| {
        let span = |size| measured.bursts_of(who, Kind::Noop, size).map_or(f64::NAN, |line| line.add.makespans.p50());
        series(who, SIZES.map(span))
    });
    let points = SIZES.map(|size| format!("{size} at once"));
    chart::lines("ADDs at once, no-op delegate: until the last one has its answer", "ms", &points, &lines)
}

#[allow(clippy::cast_precision_loss, reason = "KiB of this machine are far below 2^52")]
fn memory(measured: &Beside) -> String {
    let mebibytes = |kibibytes: u64| kibibytes as f64 / 1024.0;
    let row = |held: &bursts::Held| series(held.who, [mebibytes(held.resident), mebibytes(held.proportional)]);
    let rows: Vec<_> = measured.held.iter().map(row).collect();
    let title = format!("Memory of {PODS} ADDs, each at its delegate: all processes, daemons with them");
    bars(&title, "MiB", &["resident", "shared pages once"], &rows)
}

fn parts(measured: &Beside) -> String {
    let rows = measured.parts.0.0.iter().map(|(name, samples)| Series {
        name: name.clone(),
        colour: colour("genie"),
        values: vec![samples.p50() * 1e3],
    });
    bars("Where the time of our one-network ADD goes (p50)", "µs", &[], &rows.collect::<Vec<_>>())
}
