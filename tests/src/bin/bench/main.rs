//! `make bench`: what a call of the built plugin costs, beside its delegate alone and beside
//! cnitool. It prints figures and whether they meet the targets. It asserts nothing.
//!
//! In a round every program runs once, ADD and then DEL. Each round begins with another program, so
//! that other work of the machine meets all programs alike. A program adds to its delegates its own
//! time less the delegate's time in the same round.

mod against;
mod agent;
mod agents;
mod beside;
mod chart;
mod far;
mod load;
mod machine;
mod memory;
mod offline;
mod program;
mod report;
mod requests;
mod rules;
mod running;
mod script;
mod section;
mod subjects;
mod table;
mod turns;

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use agent::Agent;
use load::Load;
use report::Report;
use requests::Requests;
use subjects::Bench;

/// The rounds that count, unless the first argument says otherwise.
const ROUNDS: usize = 300;
/// The parts that can be measured alone: our calls, a table of rules, what a script adds, all
/// programs side by side, definitions side by side, the agent's memory, the agents of a large cluster, the
/// requests to the API server, load (many calls at once, and many records), and the commands that decide
/// offline.
const PARTS: [&str; 10] =
    ["calls", "rules", "script", "offline", "beside", "definitions", "agent", "agents", "requests", "load"];
/// The rounds before those that count.
const WARM_UP: usize = 20;
/// The variable that is set in the process with its own mounts.
const INSIDE: &str = "GENIE_BENCH_INSIDE";

fn main() -> ExitCode {
    if env::var_os(INSIDE).is_none() {
        return with_own_mounts();
    }
    let Some(wanted) = Wanted::from_arguments() else {
        eprintln!("usage: bench [ROUNDS] [PART…]; without: {ROUNDS} rounds, the parts {}", PARTS.join(", "));
        eprintln!("AGAINST=DIR: only this build beside the one in DIR");
        return ExitCode::from(2);
    };
    let var_lib = tempfile::tempdir().expect("a temporary directory");
    hide_var_lib(var_lib.path());
    if let Some(other) = env::var_os("AGAINST").filter(|other| !other.is_empty()) {
        against::run(Path::new(&other), wanted.rounds, WARM_UP);
        return ExitCode::SUCCESS;
    }
    if wanted.part("calls") {
        calls(wanted.rounds);
    }
    if wanted.part("rules") {
        rules::run(wanted.rounds, WARM_UP);
    }
    if wanted.part("script") {
        script::run(wanted.rounds, WARM_UP);
    }
    if wanted.part("offline") {
        offline::run();
    }
    if wanted.part("beside") {
        beside::run(wanted.rounds);
    }
    // Side by side they are measured, too, when everything is.
    if wanted.parts.iter().any(|part| part == "definitions") {
        beside::run_definitions(wanted.rounds);
    }
    if wanted.part("agent") {
        print!("{}", Agent::measure());
    }
    if wanted.part("agents") {
        agents::run();
    }
    if wanted.part("requests") {
        print!("{}", Requests::measure());
    }
    if wanted.part("load") {
        print!("{}", Load::measure());
    }
    ExitCode::SUCCESS
}

/// What the command line asks for.
struct Wanted {
    rounds: usize,
    parts: Vec<String>,
}

impl Wanted {
    fn from_arguments() -> Option<Self> {
        let mut wanted = Self { rounds: ROUNDS, parts: Vec::new() };
        for argument in env::args().skip(1) {
            match argument.parse() {
                Ok(0) => return None,
                Ok(rounds) => wanted.rounds = rounds,
                Err(_) if PARTS.contains(&argument.as_str()) => wanted.parts.push(argument),
                Err(_) => return None,
            }
        }
        Some(wanted)
    }

    fn part(&self, name: &str) -> bool {
        self.parts.is_empty() || self.parts.iter().any(|part| part == name)
    }
}

/// Measures our calls in detail.
fn calls(rounds: usize) {
    let mut bench = Bench::new();
    print!("{}", machine::description(bench.disk(), bench.memory()));
    for round in 0..WARM_UP {
        bench.round(round);
    }
    bench.forget();
    for round in 0..rounds {
        bench.round(round);
    }
    let peaks = bench.peaks();
    print!("{}", Report::new(&bench, &peaks, rounds));
}

/// Runs this program again with mounts of its own, which no other process sees.
fn with_own_mounts() -> ExitCode {
    let program = env::current_exe().expect("a running program has a path");
    let status = Command::new("unshare")
        .args(["--mount", "--propagation", "private", "--"])
        .arg(program)
        .args(env::args_os().skip(1))
        .env(INSIDE, "1")
        .status()
        .expect("unshare starts");
    match status.code().and_then(|code| u8::try_from(code).ok()) {
        Some(code) => ExitCode::from(code),
        None => ExitCode::FAILURE,
    }
}

/// Replaces `/var/lib`: cnitool keeps its results in `/var/lib/cni`, and no option changes that.
fn hide_var_lib(dir: &Path) {
    fs::create_dir(dir.join("cni")).expect("a new directory");
    let mounted = Command::new("mount").arg("--bind").arg(dir).arg("/var/lib").status();
    assert!(mounted.is_ok_and(|status| status.success()), "/var/lib cannot be replaced for cnitool (it takes root)");
}
