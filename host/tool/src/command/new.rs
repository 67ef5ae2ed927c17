//! `genie-host new`: a project for a policy.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use crate::project::{self, Language};

#[derive(Args)]
#[command(after_help = "The project builds and tests by `make test`, on this machine and in a workflow. Its policy \
                        puts the pods of a namespace on the network that the namespace's label names: change it.")]
pub struct Arguments {
    /// The directory to make, whose name is the selector's: lower-case letters, digits, hyphens
    #[arg(value_name = "NAME")]
    directory: PathBuf,
    /// What the policy is written in
    #[arg(long, value_enum, default_value = "rust")]
    lang: Language,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let directory = arguments.directory.display();
    project::create(&arguments.directory, arguments.lang)?;
    super::print_lines([
        format!(
            "{directory} has a policy in {}, its suite and a workflow; README.md says what is where",
            arguments.lang
        ),
        String::new(),
        format!("  cd {directory}"),
        "  make test".to_owned(),
    ]);
    Ok(ExitCode::SUCCESS)
}
