//! `make bench`: what a call of the built plugin costs, beside its delegate alone and
//! beside cnitool. It prints figures and whether they meet the targets; it asserts none.
//!
//! Every program is run once a round, ADD and then DEL, and each round begins with
//! another program, so that whatever else the machine does meets all of them alike.
//! What a program adds to its delegates is the difference to the delegate's own time in
//! the same round.

mod against;
mod agent;
mod beside;
mod chart;
mod load;
mod machine;
mod memory;
mod program;
mod report;
mod requests;
mod running;
mod subjects;
mod table;

use std::env;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use agent::Agent;
use load::Load;
use report::Report;
use requests::Requests;
use subjects::Bench;

/// Rounds that count, unless the first argument says otherwise.
const ROUNDS: usize = 300;
/// What can be measured by itself: our calls, everybody side by side, the agent's memory,
/// what is asked of the API server, many calls at once and many records.
const PARTS: [&str; 5] = ["calls", "beside", "agent", "requests", "load"];
/// Rounds before these.
const WARM_UP: usize = 20;
/// Set in the process that has its own mounts.
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
    if wanted.part("beside") {
        beside::run(wanted.rounds);
    }
    if wanted.part("agent") {
        print!("{}", Agent::measure());
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

/// Our calls, in detail.
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

/// Runs this program again where its mounts are seen by nobody else.
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

/// cnitool keeps its results in `/var/lib/cni`, and nothing can tell it otherwise.
fn hide_var_lib(dir: &Path) {
    fs::create_dir(dir.join("cni")).expect("a new directory");
    let mounted = Command::new("mount").arg("--bind").arg(dir).arg("/var/lib").status();
    assert!(mounted.is_ok_and(|status| status.success()), "/var/lib cannot be replaced for cnitool (it takes root)");
}
