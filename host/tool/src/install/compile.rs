//! Compiles selectors before the configuration that names them is in force, so that no pod waits
//! for a compiler.

use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::{Map, Value};

use super::Layout;
use super::errors::said;
use crate::approve::finding::Finding;
use crate::selector::PROGRAM;
use genie_core::config::Config;
use genie_core::selector::child::compiler::{self, Compilation};
use genie_core::selector::module::Module;

/// How long to wait for a compiler. It ends itself earlier.
const LIMIT: Duration = compiler::TIME.saturating_add(Duration::from_secs(10));

/// Compiles every selector of a configuration that has no artefact yet. Each is compiled in a child
/// of its own, whose memory is free afterwards. Returns the selectors that do not compile.
///
/// # Errors
/// The configuration cannot be read.
pub fn compile(layout: &Layout, tool: &Path, config: &Map<String, Value>) -> Result<Vec<Finding>> {
    let cache_dir = layout.on_host(&layout.cache_dir);
    let mut found = Vec::new();
    for entry in Config::from_map(config, PROGRAM).map_err(said)?.chain.entries {
        let Module::File { path, sha256 } = entry.module else { continue };
        let module = layout.on_host(&path);
        let order = Compilation { tool, module: module.as_os_str(), sha256, cache_dir: &cache_dir };
        if let Err(error) = order.carry_out(PROGRAM.engine().map_err(said)?, Instant::now() + LIMIT) {
            found.push(Finding::error(format!("selector {} cannot be compiled: {:#}", path.display(), said(error))));
        }
    }
    Ok(found)
}
