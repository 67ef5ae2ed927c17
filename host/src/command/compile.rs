//! `genie-host compile`: ahead-of-time compilation.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::config;
use crate::install::file;
use crate::selector::builtin;
use crate::selector::compile::{artefact, compile_to_cache};
use crate::selector::digest::Digest;

#[derive(Args)]
pub struct Arguments {
    /// The module's file: a component, or a core module built with the SDK
    #[arg(required_unless_present = "built_in")]
    module: Option<PathBuf>,
    /// The digest that the file must have
    #[arg(long, value_name = "DIGEST")]
    sha256: Option<String>,
    /// The cache of the node's plugin
    #[arg(long, value_name = "DIR", default_value = config::CACHE_DIR)]
    cache_dir: PathBuf,
    /// Compile the built-in selectors into a directory instead (for building the plugin)
    #[arg(long, requires = "output", conflicts_with_all = ["module", "sha256"], hide = true)]
    built_in: bool,
    /// That directory
    #[arg(long, value_name = "DIR", hide = true)]
    output: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    match (&arguments.module, &arguments.output) {
        (Some(module), _) => {
            let expected = match &arguments.sha256 {
                None => None,
                Some(text) => match Digest::parse(text) {
                    None => bail!("--sha256 {text:?} is no digest: write 64 hexadecimal digits"),
                    some => some,
                },
            };
            let (digest, path) = compile_to_cache(module, expected, &arguments.cache_dir)?;
            super::print(&format!("compiled {} (sha256 {digest})\n      to {}", module.display(), path.display()));
        }
        (None, Some(output)) => compile_built_in(output)?,
        (None, None) => bail!("no module given"),
    }
    Ok(ExitCode::SUCCESS)
}

/// One file per built-in selector, by the digest of its component: that is how
/// the plugin's build finds the artefacts of just these components.
fn compile_built_in(output: &Path) -> Result<()> {
    fs::create_dir_all(output).with_context(|| output.display().to_string())?;
    for name in builtin::names() {
        let (Some(bytes), Some(digest)) = (builtin::builtin(name), builtin::digest(name)) else { continue };
        let path = output.join(format!("{digest}.cwasm"));
        let native = artefact(name, bytes)?;
        // An unchanged file is left alone, so that nothing is built anew.
        file::place(&path, &native, 0o644)?;
    }
    Ok(())
}
