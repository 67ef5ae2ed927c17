//! `genie-host test-selector`: shows what a node would decide, without a node.

mod inputs;
mod report;

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, anyhow};
use clap::Args;
use serde_json::{Value, json};

use super::Mistakes;
use super::Output;
use super::exit;
use crate::approve;
use crate::selector::{self, PROGRAM};
use crate::trial::entry::Instead;
use crate::trial::{Trial, Verdict, configuration, entry};
use genie_core::call::OwnTypes;
use genie_core::config::{CONF_DIR, OWN_TYPE};
use genie_core::network::Catalogue;
use genie_core::selector::grants::Grants;
use genie_core::selector::module::Loader;
use inputs::Inputs;
use report::Report;

const GRANT: &str = r#"A grant: its name (pod, cluster, addresses, …) or its JSON as in the configuration, such as {"cluster": {"kinds": ["v1/Namespace"], "namespaces": ["*"]}}; by default those of its entry, else whatever it imports"#;

#[derive(Args)]
#[command(after_help = "Exit status: 0 a plan, 3 every selector passed, 4 a selector refused the pod or its plan \
    cannot be carried out, 1 a selector failed, 2 wrong usage or input. Of several pods, the worst: 1, 4, 3, 0.")]
pub struct Arguments {
    /// A module's file, or the name of a built-in selector
    #[arg(value_name = "MODULE|NAME", required_unless_present = "chain", conflicts_with = "chain")]
    module: Option<String>,
    /// Ask the configuration's whole chain
    #[arg(long)]
    chain: bool,
    /// Manifests of pods, or of workloads that make pods (Deployment, Job, …); `-` for standard
    /// input. Each pod is decided for. Without a file: for a pod without annotations
    #[arg(long, value_name = "FILE")]
    pod: Option<PathBuf>,
    /// The directory of the node's network configurations
    #[arg(long, value_name = "DIR")]
    conf_dir: Option<PathBuf>,
    /// The file of the plugin's configuration; by default it is found in the conf dir
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// The plugin's name on the node
    #[arg(long = "type", value_name = "NAME", default_value = OWN_TYPE)]
    own_type: String,
    /// Settings for the selector, as JSON; by default those of its entry in the configuration
    #[arg(long, value_name = "JSON", conflicts_with = "chain")]
    settings: Option<String>,
    #[arg(long, value_name = "NAME|JSON", conflicts_with = "chain", help = GRANT)]
    grant: Vec<String>,
    /// Take a module as it is, even if the configuration approves another digest (while developing)
    #[arg(long)]
    any_digest: bool,
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
    /// The node's name; by default that of the configuration
    #[arg(long, value_name = "NAME")]
    node: Option<String>,
    /// Show what each plugin would get: its environment and its standard input
    #[arg(long)]
    show_config: bool,
    /// The name of the interface that the runtime asks for
    #[arg(long, value_name = "NAME", default_value = "eth0")]
    interface: String,
    /// The directory of the host's file system; all other files are the host's
    #[arg(long, value_name = "DIR", default_value = "/")]
    host_root: PathBuf,
    /// The format of the output
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    genie_core::cni::names::check_interface(&arguments.interface)?;
    super::enter(&arguments.host_root)?;
    let (trial, mut notes) = trial(arguments)?;
    let inputs = Inputs::read(arguments, &mut notes)?;
    notes.extend(trial.approve().map_err(wrong)?);

    let report = Report { trial: &trial, notes, outcomes: inputs.ask(&trial)?, show_config: arguments.show_config };
    match arguments.output {
        Output::Json => super::print_json(&report.as_json()),
        Output::Table => super::print_lines(report.as_lines()),
    }
    let statuses = report.outcomes.iter().map(|outcome| status(outcome.verdict()));
    Ok(ExitCode::from(statuses.max_by_key(|status| badness(*status)).unwrap_or(0)))
}

/// What is tried, and doubts about it.
fn trial(arguments: &Arguments) -> Result<(Trial, Vec<String>)> {
    let (mut map, mut notes) = match &arguments.config {
        Some(file) => configuration::of_file(file, &arguments.own_type)?,
        None => configuration::of_dir(arguments.conf_dir.as_deref(), &arguments.own_type)?,
    };
    map.insert("type".into(), arguments.own_type.as_str().into());
    if let Some(conf_dir) = &arguments.conf_dir {
        map.insert("conf_dir".into(), conf_dir.display().to_string().into());
    }
    if arguments.any_digest {
        let dir = arguments.config.as_deref().and_then(Path::parent).or(arguments.conf_dir.as_deref());
        let dir = dir.unwrap_or(Path::new(CONF_DIR));
        configuration::approve_modules(&mut map, dir)?;
    }
    let mut config =
        approve::read(&map).map_err(|errors| wrong(errors.iter().map(genie_core::cni::CniError::words)))?;
    config.loader = if arguments.host_root == Path::new("/") {
        selector::loader(&config.paths.cache_dir)
    } else {
        // This program has another path there, so it cannot start itself to compile.
        Loader::new(PROGRAM, &config.paths.cache_dir, None)
    };
    if let Some(written) = &arguments.module {
        config.chain = entry::single(Path::new(""), written, &instead(arguments)?, &config.chain, &mut notes)?;
    } else if arguments.any_digest {
        entry::take_any(&mut config.chain, &mut notes);
    }
    if let Some(node) = &arguments.node {
        config.node.clone_from(node);
    }
    let own = OwnTypes::of_config(&map);
    let catalogue = Catalogue::load(&config.paths.conf_dir, &own.as_refs())?;
    Ok((Trial { config, catalogue, map, interface: arguments.interface.clone() }, notes))
}

/// What the command line says of a single module.
fn instead(arguments: &Arguments) -> Result<Instead> {
    let settings = arguments.settings.as_ref().map(|settings| serde_json::from_str(settings));
    let grants = arguments.grant.iter().map(|grant| serde_json::from_str(grant).unwrap_or_else(|_| json!(grant)));
    let grants: Vec<Value> = grants.collect();
    let grants = Some(Value::from(grants)).filter(|_| !arguments.grant.is_empty());
    if let Some(grants) = &grants {
        Grants::from_json(grants).map_err(|reason| anyhow!("--{reason}"))?;
    }
    Ok(Instead {
        settings: settings.transpose().context("--settings is not JSON")?,
        grant: grants,
        any_digest: arguments.any_digest,
    })
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

fn wrong(found: impl IntoIterator<Item = String>) -> anyhow::Error {
    Mistakes { what: "no node would put this configuration in force".into(), found: found.into_iter().collect() }.into()
}
