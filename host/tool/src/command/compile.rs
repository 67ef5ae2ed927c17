//! `genie-host compile`: compiles selectors ahead of time.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;

use crate::install::file;
use crate::selector::compile::{artefact, compile_as_claimed, give_up};
use crate::selector::named;
use crate::selector::{PROGRAM, built_in};
use genie_core::cni::CniError;
use genie_core::config;
use genie_core::digest::Digest;
use genie_core::selector::artefact::cache;
use genie_core::selector::child::compiler::{self, Compilation};
use genie_core::selector::contract::check_digest;
use genie_core::selector::module::built_in_names;

#[derive(Args)]
pub struct Arguments {
    /// The module's file (a component, or a core module built with the SDK), or the name of a
    /// built-in selector
    #[arg(value_name = "MODULE|NAME", required_unless_present = "built_in")]
    module: Option<String>,
    /// The SHA-256 digest that the file must have
    #[arg(long, value_name = "DIGEST")]
    sha256: Option<String>,
    /// The cache of the node's plugin
    #[arg(long, value_name = "DIR", default_value = config::CACHE_DIR)]
    cache_dir: PathBuf,
    /// Compile the built-in selectors into a directory instead (for building the plugin)
    #[arg(long, requires = "output", conflicts_with_all = ["module", "sha256"], hide = true)]
    built_in: bool,
    /// The directory for `--built-in`
    #[arg(long, value_name = "DIR", hide = true)]
    output: Option<PathBuf>,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    match (&arguments.module, &arguments.output) {
        (Some(module), _) => compile(module, arguments)?,
        (None, Some(output)) => compile_built_in(output)?,
        (None, None) => bail!("no module given"),
    }
    Ok(ExitCode::SUCCESS)
}

fn compile(written: &str, arguments: &Arguments) -> Result<()> {
    let approved = match arguments.sha256.as_deref().map(Digest::parse) {
        Some(None) => bail!("--sha256 is no digest: write 64 hexadecimal digits"),
        approved => approved.flatten(),
    };
    compile_approved(written, approved, arguments).inspect_err(|_| {
        if let Some(approved) = approved {
            give_up(approved, &arguments.cache_dir);
        }
    })
}

fn compile_approved(written: &str, approved: Option<Digest>, arguments: &Arguments) -> Result<()> {
    let named = named::find(written)?;
    if let Some(approved) = approved {
        check_digest(Path::new(written), approved, named.digest)?;
    }
    let (module, cache_dir) = (named.module.to_string(), &arguments.cache_dir);
    // The process that started this one adds the code.
    let told = |error: CniError| anyhow!(error.words());
    if compile_as_claimed(&module, &named.bytes, cache_dir).map_err(told)? {
        return Ok(());
    }
    let tool = env::current_exe()?;
    let order = Compilation { tool: &tool, module: module.as_ref(), sha256: named.digest, cache_dir };
    order.carry_out(PROGRAM.engine()?, Instant::now() + compiler::TIME)?;
    let path = cache::path(cache_dir, named.digest);
    super::print(&format!("compiled {module} (sha256 {})", named.digest));
    super::print(&format!("      to {}", path.display()));
    Ok(())
}

/// Writes the artefact of each built-in selector to `NAME.cwasm`, where the plugin's build looks
/// for it.
fn compile_built_in(output: &Path) -> Result<()> {
    fs::create_dir_all(output).with_context(|| output.display().to_string())?;
    for name in built_in_names() {
        let native = artefact(name, built_in::component(name).unwrap_or_default())?;
        // An unchanged file is left alone, so that nothing that depends on it is built again.
        file::place(&output.join(format!("{name}.cwasm")), &native, 0o644)?;
    }
    Ok(())
}
