//! `genie-host replay`: what other selectors, or another configuration, would have decided for the
//! records of a node.

mod judge;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Result, anyhow};
use clap::Args;

use super::Output;
use super::account::{Account, Accounts, DamagedRecord};
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
    let accounts = match Accounts::of(&arguments.state_dir) {
        Ok(accounts) => accounts,
        Err(error) => {
            super::tell(&error.into());
            return Ok(ExitCode::from(exit::FAILED));
        }
    };
    if accounts.count() == 0 {
        let dir = arguments.state_dir.display();
        notes.push(format!("there is nothing to decide again: {dir} holds no attachment record and no refused pod"));
    }
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

fn of_account(trial: &Trial, account: Result<Account, DamagedRecord>) -> Judged {
    match account {
        Ok(account) => {
            let judgement = judge(trial, &account);
            Judged { subject: account.subject(), container: account.container().to_owned(), judgement }
        }
        Err(damaged) => {
            let (subject, container) = (format!("record {}", damaged.name()), damaged.container());
            let judgement = Judgement::Unsaid { was: String::new(), missing: Vec::new(), why: damaged.error.msg };
            Judged { subject, container, judgement }
        }
    }
}

/// Decides again for every account, on all processors.
fn judge_all(trial: &Trial, accounts: &Accounts) -> Result<Vec<Judged>> {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut judged = Vec::new();
        loop {
            let index = next.fetch_add(1, Ordering::Relaxed);
            if index >= accounts.count() {
                return judged;
            }
            judged.extend(accounts.read(index).map(|account| (index, of_account(trial, account))));
        }
    };
    let workers = thread::available_parallelism().map_or(1, usize::from);
    let judged = thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        let joined = workers.into_iter().map(|worker| worker.join().map_err(|_| anyhow!("a worker ended early")));
        joined.collect::<Result<Vec<Vec<_>>>>()
    })?;
    let mut judged: Vec<_> = judged.into_iter().flatten().collect();
    judged.sort_by_key(|(index, _)| *index);
    Ok(judged.into_iter().map(|(_, judged)| judged).collect())
}
