//! The figures as text.

use std::fmt;
use std::fs;

use genie_tests::{Samples, programs};

use crate::subjects::{Bench, Kind, State, Subject};

/// The most that the plugin may add to its delegates in half of the calls, in milliseconds.
const ADDED: f64 = 2.0;
/// The largest size of the plugin, in bytes.
const SIZE: u64 = 8_000_000;
/// The largest peak of the plugin's memory, in KiB.
const PEAK: u64 = 10_000_000 / 1024;

/// When p95 of the no-op process is this many times its p50, the figures say little.
const UNSTEADY: f64 = 2.0;

/// All figures.
pub struct Report<'a> {
    bench: &'a Bench,
    peaks: &'a [(&'static str, Kind, u64)],
    rounds: usize,
}

impl<'a> Report<'a> {
    /// Makes the report. `peaks` are in KiB.
    pub fn new(bench: &'a Bench, peaks: &'a [(&'static str, Kind, u64)], rounds: usize) -> Self {
        Self { bench, peaks, rounds }
    }

    fn times(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nwhole processes, ms, {} rounds; added: beyond the delegates' own time", self.rounds)?;
        writeln!(
            f,
            "{:<34} {:>7} {:>7} {:>10} {:>10} {:>12}",
            "", "p50", "p95", "added p50", "added p95", "cnitool = 1"
        )?;
        for (place, state) in [("", None), ("disk", Some(State::Disk)), ("memory", Some(State::Memory))] {
            for subject in self.bench.subjects.iter().filter(|subject| subject.state() == state) {
                self.subject(f, place, subject)?;
            }
        }
        self.doubt(f)
    }

    /// Warns when the no-op process varied: on a machine that does nothing else it always takes the
    /// same time.
    fn doubt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let process = &self.bench.of_kind(Kind::Process).add;
        if process.p95() > UNSTEADY * process.p50() {
            writeln!(f, "warning: even a no-op process varied that much: other programs ran; measure again")?;
        }
        Ok(())
    }

    fn subject(&self, f: &mut fmt::Formatter<'_>, place: &str, subject: &Subject) -> fmt::Result {
        for (verb, samples, floor, cnitool) in self.both(subject) {
            if samples.is_empty() {
                continue;
            }
            let verb = if subject.kind == Kind::Process { "" } else { verb };
            let name = format!("{} {verb}", subject.name);
            write!(f, "{name:<26} {place:<7} {:>7.2} {:>7.2}", samples.p50(), samples.p95())?;
            if let Some(networks) = subject.kind.networks() {
                let added = samples.minus(floor, networks.into());
                write!(f, " {:>10.2} {:>10.2}", added.p50(), added.p95())?;
                if networks == 1 {
                    write!(f, " {:>12.2}", samples.p50() / cnitool.p50())?;
                }
            }
            writeln!(f)?;
        }
        Ok(())
    }

    /// For each verb: the samples, those of the delegate, and those of cnitool.
    fn both<'s>(&'s self, subject: &'s Subject) -> [(&'static str, &'s Samples, &'s Samples, &'s Samples); 2] {
        let (floor, cnitool) = (self.bench.of_kind(Kind::Delegate), self.bench.of_kind(Kind::Cnitool));
        [("ADD", &subject.add, &floor.add, &cnitool.add), ("DEL", &subject.del, &floor.del, &cnitool.del)]
    }

    fn disk(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nwhat state on disk costs beyond state in memory, ms")?;
        let of = |state| {
            let subjects = self.bench.subjects.iter();
            subjects.filter(move |subject| subject.state() == Some(state))
        };
        for (disk, memory) in of(State::Disk).zip(of(State::Memory)) {
            for (verb, disk_times, memory_times) in [("ADD", &disk.add, &memory.add), ("DEL", &disk.del, &memory.del)] {
                let cost = disk_times.minus(memory_times, 1.0);
                let name = format!("{} {verb}", disk.name);
                writeln!(f, "{name:<34} {:>7.2} {:>7.2}", cost.p50(), cost.p95())?;
            }
        }
        Ok(())
    }

    fn selectors(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nselectors, load and run, ms, as the plugin recorded them")?;
        let subjects = self.bench.subjects.iter();
        for subject in subjects.filter(|subject| subject.state() == Some(State::Disk)) {
            for (selector, samples) in &subject.selectors {
                let name = format!("{}: {selector}", subject.name);
                writeln!(f, "{name:<34} {:>7.2} {:>7.2}", samples.p50(), samples.p95())?;
            }
        }
        Ok(())
    }

    fn sizes(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nsizes")?;
        for name in ["genie", "genie-host"] {
            writeln!(f, "{:<34} {:>11} bytes", format!("dist/{name}"), size(name))?;
        }
        writeln!(f, "peak of resident memory in ADD (VmHWM, greatest of 20 runs)")?;
        for (name, kind, peak) in self.peaks {
            if kind.state() != Some(State::Memory) {
                writeln!(f, "{name:<34} {peak:>11} KiB")?;
            }
        }
        Ok(())
    }

    fn targets(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\ntargets (state on disk, p50)")?;
        let subjects = self.bench.subjects.iter();
        for subject in subjects.filter(|subject| subject.state() == Some(State::Disk)) {
            let networks = subject.kind.networks().unwrap_or_default();
            for (verb, samples, floor, cnitool) in self.both(subject) {
                let added = samples.minus(floor, networks.into()).p50();
                let what = format!("{} {verb} adds at most {ADDED:.2} ms", subject.name);
                target(f, &what, &format!("{added:.2} ms"), added <= ADDED)?;
                if networks == 1 {
                    let by_cnitool = cnitool.minus(floor, 1.0).p50();
                    let what = format!("{} {verb} adds less than cnitool", subject.name);
                    let measured = format!("{added:.2} of {by_cnitool:.2} ms");
                    target(f, &what, &measured, added < by_cnitool)?;
                }
            }
        }
        let size = size("genie");
        target(f, "dist/genie under 8 MB", &format!("{:.2} MB", megabytes(size)), size < SIZE)?;
        let genies = self.peaks.iter().filter(|(_, kind, _)| kind.state().is_some());
        let peak = genies.map(|(_, _, peak)| *peak).max().unwrap_or_default();
        let measured = format!("{:.2} MB", megabytes(peak * 1024));
        target(f, "peak memory of genie under 10 MB", &measured, peak < PEAK)
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.times(f)?;
        self.disk(f)?;
        self.selectors(f)?;
        self.sizes(f)?;
        self.targets(f)
    }
}

impl Kind {
    fn state(self) -> Option<State> {
        match self {
            Self::Genie { state, .. } => Some(state),
            Self::Process | Self::Delegate | Self::Cnitool => None,
        }
    }

    /// How many delegates it runs. The result is none for a delegate itself, and for a program that
    /// runs none.
    fn networks(self) -> Option<u32> {
        match self {
            Self::Genie { networks, .. } => Some(networks),
            Self::Cnitool => Some(1),
            Self::Process | Self::Delegate => None,
        }
    }
}

impl Subject {
    fn state(&self) -> Option<State> {
        self.kind.state()
    }
}

fn target(f: &mut fmt::Formatter<'_>, what: &str, measured: &str, met: bool) -> fmt::Result {
    let verdict = if met { "met" } else { "missed" };
    writeln!(f, "{what:<50} {measured:>18}  {verdict}")
}

fn size(name: &str) -> u64 {
    fs::metadata(programs::dist(name)).map_or(0, |program| program.len())
}

fn megabytes(bytes: u64) -> f64 {
    // The number is exact, far beyond the size of any program.
    f64::from(u32::try_from(bytes / 1000).unwrap_or(u32::MAX)) / 1000.0
}
