//! `genie-host save`: writes a selector of a registry into an archive.

use std::path::{PathBuf, absolute};
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::registry::{RegistryArguments, Signed};
use crate::install::file;
use crate::registry::{Reference, archive};

#[derive(Args)]
#[command(after_help = "The archive is an OCI image layout, with the signatures of the selector if there are any.")]
pub struct Arguments {
    /// What: `oci://REGISTRY/NAME:TAG`, or `oci://REGISTRY/NAME@sha256:…`
    #[arg(value_name = "REFERENCE")]
    reference: Reference,
    /// The archive to write
    #[arg(value_name = "FILE", value_parser = super::file_to_write())]
    file: PathBuf,
    #[command(flatten)]
    signed: Signed,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let package = arguments.registry.pull(&arguments.reference, &arguments.signed)?;
    let mut content = Vec::new();
    archive::write(&package, &arguments.reference, &mut content)?;
    file::place(&absolute(&arguments.file)?, &content, 0o644)?;
    super::print(&format!("saved {}", arguments.reference.at(package.manifest)));
    super::print(&format!("   to {}", arguments.file.display()));
    Ok(ExitCode::SUCCESS)
}
