//! Checks a configuration before it is put in force.
//!
//! A child does it: a module is a stranger's code, and asking it about itself must not put the
//! agent at risk.

use std::ffi::OsStr;
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use serde_json::{Map, Value};

use super::Layout;
use super::compile;
use super::errors::all;
use crate::approve::finding::{Finding, Level};
use genie_core::process::Process;

/// How long the child may take. The selectors are compiled already: it only loads each and asks it
/// about itself.
const LIMIT: Duration = Duration::from_mins(1);

/// Compiles the selectors and checks the whole configuration. Warnings are logged.
///
/// # Errors
/// Everything that is wrong with the configuration.
pub fn approve(layout: &Layout, tool: &Path, config: &Map<String, Value>) -> Result<()> {
    let mut found = compile::compile(layout, tool, config)?;
    found.extend(ask(layout, tool, config, &[])?);
    let (wrong, doubtful): (Vec<_>, Vec<_>) = found.into_iter().partition(|finding| finding.level == Level::Error);
    for Finding { what, .. } in doubtful {
        tracing::warn!(what, "the configuration may not do what is meant");
    }
    if wrong.is_empty() { Ok(()) } else { Err(all(wrong.into_iter())) }
}

/// The child's findings about a configuration.
///
/// # Errors
/// The child cannot be started, or does not answer.
pub(super) fn ask(layout: &Layout, tool: &Path, config: &Map<String, Value>, more: &[&OsStr]) -> Result<Vec<Finding>> {
    let cache = layout.on_host(&layout.cache_dir);
    let arguments = [&[OsStr::new("approve"), OsStr::new("--cache-dir"), cache.as_os_str()], more].concat();
    child(tool, &arguments, config).context("the configuration cannot be checked")
}

fn child(tool: &Path, arguments: &[&OsStr], config: &Map<String, Value>) -> Result<Vec<Finding>> {
    let mut process = Process::start(tool, arguments, false, Instant::now() + LIMIT)?;
    // If the child has ended already, its status tells why.
    _ = process.send(&serde_json::to_vec(config)?);
    let output = process.rest()?;
    let status = process.status()?;
    ensure!(status.success(), "`{} approve` ended with {status}", tool.display());
    let lines = output.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    lines.map(|line| Ok(serde_json::from_slice(line)?)).collect()
}
