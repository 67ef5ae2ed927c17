//! Selectors are compiled before the configuration that names them is in force,
//! so that no pod waits for it.

use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};
use serde_json::{Map, Value};

use super::Layout;
use super::configuration::said;
use crate::config::Config;
use crate::selector::compiler::{self, Order};
use crate::selector::module::Module;

/// A compiler ends itself before.
const LIMIT: Duration = compiler::TIME.saturating_add(Duration::from_secs(10));

/// Compiles every selector of a configuration that has no artefact yet, each in a
/// child: the compiler's memory goes with it.
///
/// # Errors
/// The first selector that does not compile, or is no selector.
pub fn compile(layout: &Layout, config: &Map<String, Value>) -> Result<()> {
    let cache_dir = layout.on_host(&layout.cache_dir);
    for entry in Config::from_map(config).map_err(said)?.chain.entries {
        let Module::File { path, sha256 } = entry.module else { continue };
        let module = layout.on_host(&path);
        let tool = std::env::current_exe()?;
        let order = Order { tool: &tool, module: module.as_os_str(), sha256, cache_dir: &cache_dir };
        let compiled = order.carry_out(Instant::now() + LIMIT);
        compiled.map_err(said).with_context(|| format!("selector {} cannot be compiled", path.display()))?;
    }
    Ok(())
}
