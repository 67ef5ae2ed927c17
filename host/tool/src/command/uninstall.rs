//! `genie-host uninstall`: takes away what `install` put on the node.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::install::Place;
use crate::install::uninstall::{Left, finish, uninstall};

#[derive(Args)]
pub struct Arguments {
    #[command(flatten)]
    place: Place,
    /// Only finish a removal that had to wait for running pods
    #[arg(long)]
    finish: bool,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let layout = arguments.place.layout();
    let left = if arguments.finish { finish(&layout)? } else { uninstall(&layout)? };
    super::print(match left {
        Left::Nothing => "removed: nothing of genie is left on this node",
        Left::Draining => {
            "new pods get the node's own network; what running pods need stays, and goes with the last of them"
        }
        Left::Foreign => "what is left is not ours, or was changed since we wrote it: see the messages above",
    });
    Ok(ExitCode::SUCCESS)
}
