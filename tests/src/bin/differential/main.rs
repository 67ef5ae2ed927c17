//! `make differential`: what the real Multus does in every case, and how genie differs.
//!
//! Without arguments it runs Multus in all cases and in those of `tests/differential/sample.json`,
//! and fails when Multus does anything else than the recordings say. Then it makes `ROUNDS` cases by
//! chance, beginning with `SEED`, and runs both in each. `RECORD=1` writes the recordings anew.

mod multus;

use std::collections::BTreeMap;
use std::env;
use std::process::ExitCode;

use genie_tests::differential::recordings::{Recording, Recordings, without_texts};
use genie_tests::differential::{Case, Genie, Runs, World, cases, generate, known};
use multus::Multus;
use serde_json::Value;

/// How many cases are made at once. Their objects are created with one call of kubectl.
const BATCH: usize = 50;
/// How many cases made by chance `make test` has.
const SAMPLE: usize = 60;
/// The seed of those.
const SAMPLE_SEED: u64 = 1;

fn main() -> ExitCode {
    let record = env::var("RECORD").is_ok_and(|value| value == "1");
    let world = World::new();
    let written: Vec<_> = cases::all().into_iter().map(|(case, _)| case).collect();
    let recorded = Recordings::read("sample").all().map(|recording| recording.case.clone()).collect();
    let sample: Vec<_> = if record { generate::cases(SAMPLE_SEED, SAMPLE).collect() } else { recorded };
    let mut failed = false;
    for (name, cases) in [("cases", written), ("sample", sample)] {
        let theirs = run_multus(&world, &cases);
        if record {
            Recordings::read(name).replace(&theirs);
        } else {
            failed |= !as_recorded(name, &theirs);
        }
    }
    let rounds = number("ROUNDS").unwrap_or(200);
    let seed = number("SEED").unwrap_or_else(|| u64::from(std::process::id()));
    failed |= !by_chance(&world, seed, usize::try_from(rounds).unwrap_or(usize::MAX));
    if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

fn number(name: &str) -> Option<u64> {
    let text = env::var(name).ok().filter(|text| !text.is_empty())?;
    Some(text.parse().unwrap_or_else(|_| panic!("{name} is a number, and not {text:?}")))
}

fn run_multus(world: &World, cases: &[Case]) -> Vec<Recording> {
    world.create(cases);
    let runs = Runs::new(world, Multus::new());
    cases.iter().map(|case| Recording { case: case.clone(), theirs: runs.observe(case) }).collect()
}

/// Whether Multus does what the recordings say.
fn as_recorded(name: &str, seen: &[Recording]) -> bool {
    let recordings = Recordings::read(name);
    let other = seen.iter().filter(|seen| {
        let recorded = recordings.of(&seen.case).map(without_texts);
        recorded != Some(without_texts(&seen.theirs))
    });
    let names: Vec<_> = other.map(|seen| seen.case.name()).collect();
    for name in &names {
        eprintln!("{name}: Multus does not do what is recorded, or the case is another one");
    }
    println!("{name}: Multus did as recorded in {} of {} cases", seen.len() - names.len(), seen.len());
    if !names.is_empty() {
        eprintln!("If that is right, write the recordings anew: make differential RECORD=1");
    }
    names.is_empty()
}

/// Whether all differences of cases made by chance are known ones.
fn by_chance(world: &World, seed: u64, rounds: usize) -> bool {
    println!("by chance: SEED={seed} ROUNDS={rounds}");
    let all: Vec<_> = generate::cases(seed, rounds).collect();
    let (mut unknown, mut counts) = (0, BTreeMap::<&str, usize>::new());
    for cases in all.chunks(BATCH) {
        let theirs = run_multus(world, cases);
        let ours = Runs::new(world, Genie::default());
        for Recording { case, theirs } in theirs {
            let compared = known::compare(&case, &theirs, &ours.observe(&case));
            for name in &compared.known {
                *counts.entry(name).or_default() += 1;
            }
            if !compared.unknown.is_empty() {
                unknown += 1;
                eprintln!("{}\n{}", compared, pretty(case.value()));
            }
        }
    }
    println!("by chance: {unknown} of {rounds} cases with a difference that nobody knows; the known ones: {counts:?}");
    unknown == 0
}

fn pretty(value: &Value) -> String {
    serde_json::to_string_pretty(value).unwrap_or_default()
}
