//! The CNI plugin that the runtime executes: one call, one answer on stdout.

mod built_in;
mod in_place;
mod program;

use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Instant;

use genie_core::agent_api::protocol::Part;
use genie_core::call;
use genie_core::cni::{self, Call, CniError, ProcessEnvironment, Start, Verb, Version, code};
use genie_core::config::Paths;
use genie_core::report::timings::Timings;
use genie_core::{log, process};
use program::Plugin;
use serde_json::Value;

// The program is linked with musl (Makefile), whose own allocator keeps returning memory to the
// kernel.
#[global_allocator]
static ALLOCATOR: dlmalloc::GlobalDlmalloc = dlmalloc::GlobalDlmalloc;

fn main() -> ExitCode {
    let started = Instant::now();
    process::forbid_core_dump();
    std::panic::set_hook(Box::new(|panic| {
        // The runtime must be able to read about a defect, too. The record is on disk, so the
        // runtime's DEL undoes what was attached.
        let error = CniError::new(code::INTERNAL, format!("defect in genie, please report it: {panic}"));
        _ = answer(&error.to_json(Version::CURRENT.as_str()));
        std::process::exit(1);
    }));
    match cni::start(&ProcessEnvironment) {
        Ok(Start::About) => {
            let versions: Vec<_> = Version::ALL.iter().map(|version| version.as_str()).collect();
            eprintln!("CNI meta plugin genie {}", env!("CARGO_PKG_VERSION"));
            eprintln!("CNI protocol versions supported: {}", versions.join(", "));
            ExitCode::SUCCESS
        }
        Ok(Start::Version) => {
            _ = answer(&cni::version_document());
            ExitCode::SUCCESS
        }
        Ok(Start::Call(pending)) => match pending.read(&mut io::stdin().lock()) {
            Ok(call) => answer_call(&call, started),
            Err(error) => fail(&error, Version::CURRENT),
        },
        Err(error) => fail(&error, Version::CURRENT),
    }
}

fn answer_call(call: &Call, started: Instant) -> ExitCode {
    log::start(call);
    let timings = Timings::since(started);
    timings.part(Part::Start);
    let mut served = call::serve(call, &timings, &Plugin);
    if let Ok(Some(result)) = &served
        && answer(result).is_err()
        && call.verb == Verb::Add
    {
        served = Err(call::take_back(call, &timings));
    }
    let status = match &served {
        Ok(_) => ExitCode::SUCCESS,
        Err(error) => fail(error, call.version),
    };
    if let Ok(paths) = Paths::from_call(call) {
        timings.tell(&paths.agent, call, &served);
    }
    status
}

fn fail(error: &CniError, version: Version) -> ExitCode {
    _ = answer(&error.to_json(version.as_str()));
    ExitCode::FAILURE
}

/// Prints one document on stdout. An error means that the runtime has closed its end: it has gone,
/// which only matters for an ADD.
fn answer(document: &Value) -> io::Result<()> {
    writeln!(io::stdout(), "{document}")
}
