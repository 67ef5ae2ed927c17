//! `genie-host approve`: what is wrong with the configuration on standard input, a finding a
//! line. Its file modules are those that are compiled.

use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;

use crate::config::approve::approve;
use crate::plain;
use crate::selector::cache;
use crate::selector::module::{Loader, Module};

/// Whoever started this waits as long.
const TIME: Duration = Duration::from_mins(1);

#[derive(Args)]
pub struct Arguments {
    /// Where compiled selectors are
    #[arg(long, value_name = "DIR")]
    cache_dir: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let loader = Loader::new(&arguments.cache_dir, None);
    let deadline = Instant::now() + TIME;
    let load = |module: &Module| is_ready(&arguments.cache_dir, module).then(|| loader.load(module, deadline));
    for finding in approve(&serde_json::from_str(&line)?, &load, deadline) {
        super::print(&plain::json(&serde_json::to_string(&finding)?));
    }
    Ok(ExitCode::SUCCESS)
}

/// Whether a module can be looked at without compiling it, which takes time and memory.
pub fn is_ready(cache_dir: &Path, module: &Module) -> bool {
    match module {
        Module::BuiltIn(_) => true,
        Module::File { sha256, .. } => cache::check(cache_dir, *sha256) == Ok(true),
    }
}
