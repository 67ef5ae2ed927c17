//! The two programs.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use super::Layout;
use super::file;
use super::manifest::Manifest;

/// Both programs in the order of their installation: the plugin needs `genie-host` beside it.
pub const PROGRAMS: [&str; 2] = ["genie-host", "genie"];

/// Puts both programs into the node's directory of plugins. Under each name there is always either
/// the old program or the new one; a call that runs keeps its own.
///
/// # Errors
/// A program is missing in `from`, or cannot be written.
pub fn install(layout: &Layout, from: &Path, manifest: &mut Manifest) -> Result<()> {
    file::make_dir(&layout.on_host(&layout.bin_dir), 0o755)?;
    for name in PROGRAMS {
        let source = from.join(name);
        let bytes = fs::read(&source).with_context(|| format!("the program {} cannot be read", source.display()))?;
        let path = layout.bin_dir.join(name);
        manifest.add(layout, &path, &bytes)?;
        if file::place(&layout.on_host(&path), &bytes, 0o755)? {
            tracing::info!(path = %path.display(), "program installed");
        }
    }
    Ok(())
}
