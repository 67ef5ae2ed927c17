//! `genie-host shadow`: asks the shadows of the configuration in force what they would have decided
//! for an ADD that is over. It works on the host's file system, although the agent runs in a
//! container.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Result, anyhow};
use clap::Args;
use serde_json::{Value, json};

use crate::selector::ON_NODE;
use crate::trial::{Recorded, configuration, identity};
use genie_core::call::{CallFacts, Shadowed, ask_shadows};
use genie_core::config::{self, Config, OWN_TYPE};
use genie_core::network::Catalogue;
use genie_core::record::{Record, Store};
use genie_core::report::spool::Spool;
use genie_core::selector::sandbox::facts::Facts;

/// How long the shadows of one pod may take together.
const TIME: Duration = Duration::from_secs(30);
/// How long to wait for a call of the same container.
const PATIENCE: Duration = Duration::from_secs(5);

#[derive(Args)]
pub struct Arguments {
    /// The container's id
    container: String,
    /// The interface that the runtime named
    interface: String,
    /// The directory of the host's file system; all other paths are seen from that root
    #[arg(long, value_name = "DIR", default_value = "/")]
    host_root: PathBuf,
    /// The directory of the records
    #[arg(long, value_name = "DIR", default_value = config::STATE_DIR)]
    state_dir: PathBuf,
    /// The file of the plugin's configuration
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    super::enter(&arguments.host_root)?;
    let deadline = Instant::now() + TIME;
    let (map, _) = configuration::of_file(&arguments.config, OWN_TYPE)?;
    let config = Config::from_map(&map, ON_NODE)?;
    let store = Store::open(&arguments.state_dir)?;
    let record = store.load(&arguments.container, &arguments.interface)?;
    let Some(decision) = decision(record.as_ref(), arguments) else { return Ok(ExitCode::SUCCESS) };
    let decided = Recorded::read(&decision).map_err(|why| anyhow!("the record of the pod: {why}"))?;
    let request = &decided.request;
    let pod = identity(request);
    let catalogue = Arc::new(Catalogue::load(&config.paths.conf_dir, &[OWN_TYPE])?);
    let facts: Arc<dyn Facts> = Arc::new(CallFacts::new(&config, &config.pods, &pod, &catalogue, deadline));
    let known: Vec<_> = decided.consulted().cloned().collect();
    let answers = ask_shadows(&config, request, decided.plan.as_ref(), &known, &facts, deadline);
    if let Some(record) = record {
        note(&store, &record, &answers)?;
    }
    for Shadowed { difference, step } in answers {
        super::print(&json!({"selector": step.selector, "difference": difference}).to_string());
    }
    Ok(ExitCode::SUCCESS)
}

/// The decision of the ADD: in the pod's record or, if it was refused, in the spool. The result is
/// none when the pod is gone already.
fn decision(record: Option<&Record>, arguments: &Arguments) -> Option<Value> {
    if let Some(record) = record {
        return Some(record.header.decision.clone());
    }
    let refused = Spool::of(&arguments.state_dir).kept();
    refused.into_iter().rfind(|refusal| refusal.container == arguments.container)?.decision
}

/// Writes the answers into the record, unless the record is gone or another one by now.
fn note(store: &Store, record: &Record, answers: &[Shadowed]) -> Result<()> {
    let header = &record.header;
    let mut lock = store.lock_only(&header.container, Instant::now() + PATIENCE)?;
    let now = store.load(&header.container, &header.interface)?;
    if let Some(now) = now.filter(|now| now.header == *header) {
        now.journal(&lock)?.shadows(&json!(answers))?;
        lock.keep_file();
    }
    Ok(())
}
