//! Nothing is put in force before it was found to be right.
//!
//! A child looks: what a module says about itself is a stranger's, and whatever that does, it
//! does not do it to the agent.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};

use super::Layout;
use super::compile;
use super::errors::all;
use crate::approve::chain::{Finding, Level};
use genie_core::process::Process;

/// What is compiled is only loaded and asked what it is.
const LIMIT: Duration = Duration::from_mins(1);

/// Compiles the selectors and looks at the whole configuration. What may not be meant is
/// logged.
///
/// # Errors
/// All that is wrong with it.
pub fn approve(layout: &Layout, tool: &Path, config: &Map<String, Value>) -> Result<()> {
    let mut found = compile::compile(layout, tool, config)?;
    found.extend(ask(layout, tool, config, &[])?);
    let (wrong, doubtful): (Vec<_>, Vec<_>) = found.into_iter().partition(|finding| finding.level == Level::Error);
    for Finding { what, .. } in doubtful {
        tracing::warn!(what, "the configuration may not do what is meant");
    }
    if wrong.is_empty() { Ok(()) } else { Err(all(wrong.into_iter())) }
}

/// What the child says of a configuration.
///
/// # Errors
/// It cannot be asked.
pub(super) fn ask(layout: &Layout, tool: &Path, config: &Map<String, Value>, more: &[&OsStr]) -> Result<Vec<Finding>> {
    let cache = layout.on_host(&layout.cache_dir);
    let arguments = [&[OsStr::new("approve"), OsStr::new("--cache-dir"), cache.as_os_str()], more].concat();
    child(tool, &arguments, config).context("the configuration cannot be checked")
}

fn child(tool: &Path, arguments: &[&OsStr], config: &Map<String, Value>) -> Result<Vec<Finding>> {
    let mut process = Process::start(tool, arguments, false, Instant::now() + LIMIT)?;
    // One that ended tells by its status.
    _ = process.send(&serde_json::to_vec(config)?);
    let output = process.rest()?;
    let status = process.status()?;
    ensure!(status.success(), "`{} approve` ended with {status}", tool.display());
    let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
}
