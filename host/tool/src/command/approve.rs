//! `genie-host approve`: finds what is wrong with the configuration on standard input, and prints
//! one finding a line. File modules are looked at only when they are compiled already. With
//! `--conf-dir` it finds out instead whether a pod that asks for nothing gets a network.

use std::io::{self, BufRead as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::Args;
use serde_json::{Map, Value};

use crate::approve::approve;
use crate::approve::finding::Finding;
use crate::selector::{PROGRAM, is_compiled};
use genie_core::call;
use genie_core::cni::CniError;
use genie_core::plain;
use genie_core::selector::module::{Loader, Module};

/// How long this may take. The process that started it waits as long.
const TIME: Duration = Duration::from_mins(1);

#[derive(Args)]
pub struct Arguments {
    /// The cache of compiled selectors
    #[arg(long, value_name = "DIR")]
    cache_dir: PathBuf,
    /// The directory of the node's networks: find out instead whether a pod that asks for nothing
    /// gets one
    #[arg(long, value_name = "DIR")]
    conf_dir: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    let config = serde_json::from_str(&line)?;
    if let Some(conf_dir) = &arguments.conf_dir {
        if let Err(error) = ask_for_nothing(config, arguments, conf_dir) {
            super::print(&serde_json::to_string(&Finding::from(error))?);
        }
        return Ok(ExitCode::SUCCESS);
    }
    let loader = Loader::new(PROGRAM, &arguments.cache_dir, None);
    let deadline = Instant::now() + TIME;
    let load = |module: &Module| is_ready(&arguments.cache_dir, module).then(|| loader.load(module, deadline));
    for finding in approve(&config, &load, deadline) {
        super::print(&plain::json(&serde_json::to_string(&finding)?));
    }
    Ok(ExitCode::SUCCESS)
}

/// Decides as for a pod that asks for nothing.
fn ask_for_nothing(mut config: Map<String, Value>, arguments: &Arguments, conf_dir: &Path) -> Result<(), CniError> {
    // The configuration's own directories are those of the node, which may be mounted elsewhere.
    for (key, dir) in [("conf_dir", conf_dir), ("cache_dir", &*arguments.cache_dir)] {
        config.retain(|name, _| !name.eq_ignore_ascii_case(key));
        config.insert(key.into(), dir.to_string_lossy().into());
    }
    call::default_of(config, PROGRAM, Instant::now() + TIME)
}

/// Whether a module can be looked at without compiling it, which would take time and memory.
pub fn is_ready(cache_dir: &Path, module: &Module) -> bool {
    match module {
        Module::BuiltIn(_) => true,
        Module::File { sha256, .. } => is_compiled(cache_dir, *sha256) == Ok(true),
    }
}
