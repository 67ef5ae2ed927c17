//! `genie-host replay`: what other selectors, or another configuration, would have decided for the
//! records of a node.

mod judge;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::Output;
use super::account;
use super::exit;
use super::tried::{Place, Tried, wrong};
use genie_core::config;
use judge::{Judgement, judge};
use report::Report;

#[derive(Args)]
#[command(
    after_help = "Exit status: 0 every decision is the same, 3 one is different or cannot be said, 1 the records \
    cannot be read, 2 wrong usage or input. A module's file is asked in place of its entry in the configuration's \
    chain, or alone if it has none."
)]
pub struct Arguments {
    #[command(flatten)]
    tried: Tried,
    /// The directory of the state of a node
    #[arg(long, value_name = "DIR", default_value = config::STATE_DIR)]
    state_dir: PathBuf,
    /// The format of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    // The interface is that of each record.
    let (trial, mut notes) = arguments.tried.trial("eth0", Place::OfItsEntry)?;
    notes.extend(trial.approve().map_err(wrong)?);
    let mut report = Report::new(notes);
    for account in account::each(&arguments.state_dir)? {
        let account = account?;
        let judgement = judge(&trial, &account);
        report.add(&account, judgement);
    }
    match arguments.output {
        Output::Json => super::print_json(&report.as_json()),
        Output::Table => super::print_lines(report.as_lines()),
    }
    Ok(if report.is_same() { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENT) })
}
