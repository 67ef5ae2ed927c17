//! `genie-host explain`: why a pod has the networks that it has, or why it has none.

mod report;
mod why_not;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Result, bail};
use clap::Args;

use super::Output;
use super::account::{Account, Accounts};
use genie_core::config;

#[derive(Args)]
#[command(
    after_help = "It reads this node's attachment records and refused pods; neither the cluster nor a selector is \
    asked. Exit status: 0 explained, 1 nothing is known of the pod."
)]
pub struct Arguments {
    /// A pod, as NAMESPACE/NAME or NAME, or the beginning of a container's id
    #[arg(value_name = "POD|CONTAINER")]
    subject: String,
    /// Say why the pod is not on this network, named as in the annotation `cni`
    #[arg(long, value_name = "NETWORK")]
    why_not: Option<String>,
    /// The directory of the node's state
    #[arg(long, value_name = "DIR", default_value = config::STATE_DIR)]
    state_dir: PathBuf,
    /// The directory of the host's file system; all other paths are the host's
    #[arg(long, value_name = "DIR", default_value = "/")]
    host_root: PathBuf,
    /// The format of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    super::enter(&arguments.host_root)?;
    let known = accounts(&arguments.state_dir, &arguments.subject)?;
    let found = only_one(&arguments.subject, known)?;
    let why_not = arguments.why_not.as_deref();
    match arguments.output {
        Output::Json => super::print_json(&report::as_json(&found, why_not)),
        Output::Table => super::print_lines(report::as_lines(&found, why_not)),
    }
    Ok(ExitCode::SUCCESS)
}

/// What a node knows of a subject.
struct Known {
    /// The subject's accounts, the newest first.
    found: Vec<Account>,
    /// Why records cannot be read: those of the subject's container if there are such, else all,
    /// since each may be the subject's.
    unreadable: Vec<String>,
}

/// What the node knows of a subject: a pod's name, or else the beginning of a container's id.
fn accounts(state_dir: &Path, subject: &str) -> Result<Known> {
    let is_named = |account: &Account| {
        let name = account.subject();
        name == subject || name.split_once('/').is_some_and(|(_, name)| name == subject)
    };
    let (mut named, mut beginning) = (Vec::new(), Vec::new());
    let mut unreadable = Vec::new();
    let all = Accounts::of(state_dir)?;
    for index in 0..all.count() {
        let account = match all.read(index) {
            Some(Ok(account)) => account,
            Some(Err(damaged)) => {
                unreadable.push((damaged.container().starts_with(subject), damaged.error.msg));
                continue;
            }
            None => continue,
        };
        if is_named(&account) {
            named.push(account);
        } else if account.container().starts_with(subject) {
            beginning.push(account);
        }
    }
    let mut found = if named.is_empty() { beginning } else { named };
    found.sort_by_key(|account| std::cmp::Reverse(account.time()));
    if unreadable.iter().any(|(is_subject, _)| *is_subject) {
        unreadable.retain(|(is_subject, _)| *is_subject);
    }
    Ok(Known { found, unreadable: unreadable.into_iter().map(|(_, why)| why).collect() })
}

/// Fails unless all accounts are of one pod, or of one container without a pod.
fn only_one(subject: &str, known: Known) -> Result<Vec<Account>> {
    let Known { found, unreadable } = known;
    let names: BTreeSet<String> = found.iter().map(Account::subject).collect();
    match names.len() {
        0 if !unreadable.is_empty() => bail!(
            "nothing is known of {subject:?} on this node, but not all of its records can be read: {}",
            unreadable.join("; ")
        ),
        0 => bail!(
            "nothing is known of {subject:?} on this node: it has no attachment record, and no refusal of it is kept; \
             is it a pod of another node?"
        ),
        1 => Ok(found),
        _ => bail!("{subject:?} may mean {}: name one of them", names.into_iter().collect::<Vec<_>>().join(" or ")),
    }
}
