//! Selectors are compiled before the configuration that names them is in force,
//! so that no pod waits for it.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use serde_json::{Map, Value};

use super::Layout;
use super::configuration::said;
use crate::config::Config;
use crate::process::Process;
use crate::selector::approve::Finding;
use crate::selector::cache;
use crate::selector::module::Module;

/// The largest modules take seconds on a small node.
const LIMIT: Duration = Duration::from_mins(1);

/// Compiles every selector of a configuration that has no artefact yet, each in a
/// child: the compiler's memory goes with it. Answers what does not compile.
///
/// # Errors
/// The configuration cannot be read.
pub fn compile(layout: &Layout, tool: &Path, config: &Map<String, Value>) -> Result<Vec<Finding>> {
    let cache = layout.on_host(&layout.cache_dir);
    let mut found = Vec::new();
    for entry in Config::from_map(config).map_err(said)?.chain.entries {
        let Module::File { path, sha256 } = entry.module else { continue };
        if cache::path(&cache, sha256).exists() {
            continue;
        }
        match child(tool, &layout.on_host(&path), &sha256.to_string(), &cache) {
            Ok(()) => tracing::info!(selector = %path.display(), "selector compiled"),
            Err(error) => {
                found.push(Finding::error(format!("selector {} cannot be compiled: {error:#}", path.display())));
            }
        }
    }
    Ok(found)
}

fn child(tool: &Path, module: &Path, sha256: &str, cache: &Path) -> Result<()> {
    let arguments = ["compile", "--sha256", sha256, "--cache-dir"].map(OsStr::new);
    let arguments: Vec<_> = arguments.into_iter().chain([cache.as_os_str(), module.as_os_str()]).collect();
    let mut process = Process::start(tool, &arguments, true, Instant::now() + LIMIT)?;
    let output = process.rest()?;
    if !process.status()?.success() {
        bail!("{}", String::from_utf8_lossy(&output).trim());
    }
    Ok(())
}
