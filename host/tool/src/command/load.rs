//! `genie-host load`: brings a selector to a node that reaches no registry.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, Result};
use clap::Args;

use super::registry::Signed;
use crate::install::on_host;
use crate::install::pulled::Packages;
use crate::registry::archive;
use genie_core::config;

#[derive(Args)]
#[command(after_help = "It stays on the node until a configuration has named it and no longer does.")]
pub struct Arguments {
    /// The archive that `genie-host save` wrote; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// The directory where the node's file system is mounted
    #[arg(long, value_name = "DIR", default_value = "/")]
    host_root: PathBuf,
    /// The node's state directory
    #[arg(long, value_name = "DIR", default_value = config::STATE_DIR)]
    state_dir: PathBuf,
    #[command(flatten)]
    signed: Signed,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let key = arguments.signed.key()?;
    let from: Box<dyn Read> = if arguments.file == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(&arguments.file).with_context(|| format!("{} cannot be read", arguments.file.display()))?)
    };
    let package = archive::read(from).with_context(|| format!("the archive {}", arguments.file.display()))?;
    if let Some(key) = key {
        key.verify_package(&package)?;
    }
    Packages::of(&on_host(&arguments.host_root, &arguments.state_dir)).put(&package, true)?;
    super::print(&format!("loaded the selector whose manifest is sha256:{}", package.manifest));
    Ok(ExitCode::SUCCESS)
}
