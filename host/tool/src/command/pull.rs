//! `genie-host pull`: brings a selector of a registry to this machine.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::registry::{RegistryArguments, Signed};
use crate::install::file;
use crate::install::pulled::Packages;
use crate::registry::Reference;
use genie_core::digest::Digest;

#[derive(Args)]
pub struct Arguments {
    /// What: `oci://REGISTRY/NAME:TAG`, or `oci://REGISTRY/NAME@sha256:…`
    #[arg(value_name = "REFERENCE")]
    reference: Reference,
    /// The file to write; by default the last part of the name, with .wasm
    #[arg(short = 'O', long, value_name = "FILE", value_parser = super::file_to_write())]
    output: Option<PathBuf>,
    /// A node's state directory: put it there instead, where the node's agent looks for it
    #[arg(long, value_name = "DIR", conflicts_with = "output")]
    state_dir: Option<PathBuf>,
    #[command(flatten)]
    signed: Signed,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let reference = &arguments.reference;
    let package = arguments.registry.pull(reference, &arguments.signed)?;
    if let Some(state_dir) = &arguments.state_dir {
        Packages::of(state_dir).put(&package, false)?;
        super::print(&format!("pulled {}", reference.at(package.manifest)));
        return Ok(ExitCode::SUCCESS);
    }
    let module = package.module()?;
    let path = arguments.output.clone().unwrap_or_else(|| reference.file_name().into());
    file::place(&std::path::absolute(&path)?, module, 0o644)?;
    super::print(&format!("pulled {}", reference.at(package.manifest)));
    super::print(&format!("    to {} (sha256 {})", path.display(), Digest::of(module)));
    Ok(ExitCode::SUCCESS)
}
