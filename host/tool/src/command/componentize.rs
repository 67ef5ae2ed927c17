//! `genie-host componentize`: makes a selector of a compiler's core module.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context as _, Result, anyhow};
use clap::Args;

use super::Mistakes;
use crate::selector::componentize::{World, componentize};
use crate::show::table;
use genie_core::selector::module;

#[derive(Args)]
pub struct Arguments {
    /// The core module's file
    #[arg(value_name = "MODULE")]
    module: PathBuf,
    /// The directory of the WIT that the module was built for. A module that says so itself (wit-bindgen
    /// writes it into modules) needs none
    #[arg(long, value_name = "DIR", requires = "world")]
    wit: Option<PathBuf>,
    /// The world in there
    #[arg(long, requires = "wit")]
    world: Option<String>,
    /// The selector's file
    #[arg(short, long, value_name = "FILE", value_parser = super::file_to_write())]
    output: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let module = module::read(&arguments.module).map_err(|error| anyhow!(error.words()))?;
    let world = match (&arguments.wit, &arguments.world) {
        (Some(dir), Some(world)) => Some(World::read(dir, world).map_err(|told| Mistakes {
            what: format!("the world of {} cannot be read", dir.display()),
            found: told.lines().map(str::to_owned).collect(),
        })?),
        _ => None,
    };
    let selector = componentize(&arguments.module.display().to_string(), &module, world.as_ref())?;
    fs::write(&arguments.output, &selector).with_context(|| arguments.output.display().to_string())?;
    super::print(&format!("made {} ({})", arguments.output.display(), table::bytes(selector.len() as u64)));
    Ok(ExitCode::SUCCESS)
}
