//! `genie-host test-selector`: shows what a node would decide, without a node.

mod inputs;
mod report;

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;

use super::Output;
use super::exit;
use super::tried::{Place, Tried, wrong};
use crate::trial::Verdict;
use inputs::Inputs;
use report::Report;

#[derive(Args)]
#[command(after_help = "Exit status: 0 a plan, 3 every selector passed, 4 a selector refused the pod or its plan \
    cannot be carried out, 1 a selector failed, 2 wrong usage or input. Of several pods, the worst: 1, 4, 3, 0.")]
pub struct Arguments {
    #[command(flatten)]
    tried: Tried,
    /// Manifests of pods, or of workloads that make pods (Deployment, Job, …); `-` for standard
    /// input. Each pod is decided for. Without a file: for a pod without annotations
    #[arg(long, value_name = "FILE")]
    pod: Option<PathBuf>,
    /// A directory of manifests: the objects that selectors may ask the cluster for
    #[arg(long, value_name = "DIR")]
    objects: Option<PathBuf>,
    /// Facts as in a case of a suite: only these, the pod's manifest and --objects are known then;
    /// `-` for standard input
    #[arg(long, value_name = "FILE")]
    facts: Option<PathBuf>,
    /// What an earlier selector decided: a list of networks as in the annotation cni, or a file with
    /// one or with attachments; `-` for standard input
    #[arg(long, value_name = "FILE|NETWORKS")]
    decided: Option<String>,
    /// What the networks' plugins answer: a file with a list of CNI results, in the order of the
    /// plan, to be merged; `-` for standard input
    #[arg(long, value_name = "FILE")]
    outcomes: Option<PathBuf>,
    /// The node's name; by default that of the only Node among the manifests, else that of the
    /// configuration
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Show what each plugin would get: its environment and its standard input
    #[arg(long)]
    show_config: bool,
    /// The name of the interface that the runtime asks for
    #[arg(long, value_name = "NAME", default_value = "eth0")]
    interface: String,
    /// The format of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    genie_core::cni::names::check_interface(&arguments.interface)?;
    let (mut trial, mut notes) = arguments.tried.trial(&arguments.interface, Place::Alone)?;
    let inputs = Inputs::read(arguments, &mut notes)?;
    if let Some(node) = arguments.node.clone().or(inputs.only_node()?) {
        trial.config.node = node;
    }
    notes.extend(trial.approve().map_err(wrong)?);

    let report = Report { trial: &trial, notes, outcomes: inputs.ask(&trial)?, show_config: arguments.show_config };
    match arguments.output {
        Output::Json => super::print_json(&report.as_json()),
        Output::Table => super::print_lines(report.as_lines()),
    }
    let statuses = report.outcomes.iter().map(|outcome| status(outcome.verdict()));
    Ok(ExitCode::from(statuses.max_by_key(|status| badness(*status)).unwrap_or(0)))
}

const fn status(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Plan { .. } => 0,
        Verdict::Pass => exit::PASS,
        Verdict::Refused(_) => exit::REFUSED,
        Verdict::Failed(_) => exit::FAILED,
    }
}

/// Orders exit statuses: a failure is worse than a refusal, although its number is smaller.
const fn badness(status: u8) -> u8 {
    if status == exit::FAILED { u8::MAX } else { status }
}
