//! `genie-host push`: puts a selector into a registry.

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Result, bail};
use clap::Args;
use wasmparser::Parser;

use super::inspect::TIME;
use super::registry::RegistryArguments;
use crate::registry::package::Title;
use crate::registry::{self, Package, Reference};
use crate::selector::named;
use crate::selector::{self, names};
use genie_core::config;
use genie_core::selector::child::compiler;

#[derive(Args)]
#[command(after_help = "Prints the reference by digest, as an entry of the configuration has it.")]
pub struct Arguments {
    /// A module's file
    #[arg(value_name = "FILE")]
    module: String,
    /// Where to: `oci://REGISTRY/NAME:TAG`
    #[arg(value_name = "REFERENCE")]
    reference: Reference,
    #[command(flatten)]
    registry: RegistryArguments,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let reference = &arguments.reference;
    if reference.tag().is_none() || reference.digest().is_some() {
        bail!("{reference} is not where something can be put: write a tag, and no digest");
    }
    let access = arguments.registry.access()?;
    let named = named::find(&arguments.module)?;
    let loaded = selector::loader(Path::new(config::CACHE_DIR)).load(&named.module, Instant::now() + compiler::TIME)?;
    let about = loaded.describe(Instant::now() + TIME)?;
    let interfaces = Parser::is_component(&named.bytes).then(|| names::read(&named.bytes)).transpose()?;
    let title = Title { name: &about.name, version: &about.version, summary: &about.summary };
    let package = Package::of(named.bytes, &title, interfaces.as_ref())?;
    registry::push(reference, &package, &access)?;
    super::print(&reference.at(package.manifest).to_string());
    Ok(ExitCode::SUCCESS)
}
