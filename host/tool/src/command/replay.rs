//! `genie-host replay`: what other selectors, or another configuration, would have decided for the
//! records of a node.

mod judge;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, bail};
use clap::Args;

use super::Output;
use super::account::Accounts;
use super::exit;
use super::tried::{Place, Tried, wrong};
use crate::trial::Trial;
use genie_core::config;
use judge::{Judgement, judge};
use report::Report;

/// What replaying one account came to.
pub struct Judged {
    /// The pod as `NAMESPACE/NAME`, or the container's id where no pod is known.
    subject: String,
    container: String,
    judgement: Judgement,
}

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
    let accounts = Accounts::of(&arguments.state_dir)?;
    let mut report = Report::new(notes);
    for judged in judge_all(&trial, &accounts)? {
        report.add(judged);
    }
    match arguments.output {
        Output::Json => super::print_json(&report.as_json()),
        Output::Table => super::print_lines(report.as_lines()),
    }
    Ok(if report.is_same() { ExitCode::SUCCESS } else { ExitCode::from(exit::DIFFERENT) })
}

/// Decides again for every account, on all processors.
fn judge_all(trial: &Trial, accounts: &Accounts) -> Result<Vec<Judged>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut judged = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= accounts.count() {
                return Ok(judged);
            }
            if let Some(account) = accounts.read(index)? {
                let judgement = judge(trial, &account);
                let (subject, container) = (account.subject(), account.container().to_owned());
                judged.push((index, Judged { subject, container, judgement }));
            }
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let judged = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join().unwrap_or_else(|_| bail!("a worker ended early")));
        joined.collect::<Result<Vec<Vec<_>>>>()
    })?;
    let mut judged: Vec<_> = judged.into_iter().flatten().collect();
    judged.sort_by_key(|(index, _)| *index);
    Ok(judged.into_iter().map(|(_, judged)| judged).collect())
}
