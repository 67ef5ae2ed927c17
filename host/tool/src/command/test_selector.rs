//! `genie-host test-selector`: shows what a node would decide, without a node.

mod configuration;
mod entry;
mod explain;
mod pods;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, anyhow};
use clap::Args;
use serde_json::{Map, Value};

use super::Mistakes;
use super::Output;
use super::exit;
use crate::approve;
use crate::approve::chain::{self as approval, Finding, Level};
use crate::script::{self, Engine};
use crate::selector::{self, PROGRAM};
use explain::{Report, Told, Verdict};
use genie_core::call::{CallFacts, OwnTypes, build_request, ignored};
use genie_core::cni::{Call, Verb, Version};
use genie_core::config::{CONF_DIR, Config, OWN_TYPE};
use genie_core::network::{self, Catalogue};
use genie_core::pod::Identity;
use genie_core::selector::child::compiler;
use genie_core::selector::module::{Loader, Module};
use genie_core::sources::{self, Manifests};
use pods::Given;

/// How long selectors may take. Their fuel ends them long before.
const TIME: Duration = Duration::from_mins(2);

const GRANT: &str = r#"A grant: its name (pod, cluster, addresses, …) or its JSON as in the configuration, such as {"cluster": {"kinds": ["v1/Namespace"], "namespaces": ["*"]}}; by default those of its entry, else whatever it imports"#;

#[derive(Args)]
#[command(after_help = "Exit status: 0 a plan, 3 every selector passed, 4 a selector refused the pod or its plan \
    cannot be carried out, 1 a selector failed, 2 wrong usage or input. Of several pods, the worst: 1, 4, 3, 0.")]
pub struct Arguments {
    /// A module's file, a script's file (NAME.js), or the name of a built-in selector
    #[arg(value_name = "MODULE|SCRIPT|NAME", required_unless_present = "chain", conflicts_with = "chain")]
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
    // Its path is of this root.
    let engine = Engine::of_process();
    super::enter(&arguments.host_root)?;
    let (mut map, mut notes) = match &arguments.config {
        Some(file) => configuration::of_file(file, &arguments.own_type)?,
        None => configuration::of_dir(arguments.conf_dir.as_deref(), &arguments.own_type)?,
    };
    let beside = arguments.config.as_deref().map(|file| file.parent().unwrap_or(Path::new("")));
    let beside = beside.or(arguments.conf_dir.as_deref()).unwrap_or(Path::new(CONF_DIR));
    let ready = || engine.as_ref().cloned().map_err(|error| anyhow!("{error:#}"));
    script::complete(&mut map, beside, ready, |engine| engine.path.clone())?;
    map.insert("type".into(), arguments.own_type.as_str().into());
    if let Some(conf_dir) = &arguments.conf_dir {
        map.insert("conf_dir".into(), conf_dir.display().to_string().into());
    }
    let pods = match &arguments.pod {
        Some(file) => {
            let (pods, others) = pods::read(file)?;
            notes.extend(others);
            pods
        }
        None => vec![Given::unnamed()],
    };
    let objects = match &arguments.objects {
        Some(dir) => Some(pods::objects(dir, &mut notes)?),
        None => None,
    };

    let mut config = read(&map)?;
    config.loader = if arguments.host_root == Path::new("/") {
        selector::loader(&config.paths.cache_dir)
    } else {
        // This program has another path there, so it cannot start itself to compile.
        Loader::new(PROGRAM, &config.paths.cache_dir, None)
    };
    if let Some(written) = &arguments.module {
        config.chain = entry::single(written, arguments, &config.chain, engine, &mut notes)?;
    } else if arguments.any_digest {
        entry::take_any(&mut config.chain, &mut notes);
    }
    // This compiles the selectors, so that compiling does not count in their times.
    notes.extend(approve(&config, Instant::now() + compiler::TIME)?);

    let own = OwnTypes::of(&call(arguments, &Identity::default(), map.clone()));
    let catalogue = Catalogue::load(&config.paths.conf_dir, &own.as_refs())?;
    let ask = |pod: Given| ask(pod, arguments, &map, objects.as_ref(), &config, &catalogue);
    let outcomes = pods.into_iter().map(ask).collect::<Result<Vec<_>>>()?;
    let report = Report { catalogue: &catalogue, chain: &config.chain, notes, outcomes };
    match arguments.output {
        Output::Json => super::print_json(&report.as_json()),
        Output::Table => super::print_lines(report.as_lines()),
    }
    Ok(ExitCode::from(
        report
            .outcomes
            .iter()
            .map(|outcome| status(&outcome.verdict))
            .max_by_key(|status| badness(*status))
            .unwrap_or(0),
    ))
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

/// Decides for one pod with the chain.
fn ask(
    pod: Given,
    arguments: &Arguments,
    map: &Map<String, Value>,
    objects: Option<&Manifests>,
    config: &Config,
    catalogue: &Catalogue,
) -> Result<Told> {
    let deadline = Instant::now() + TIME;
    let identity = &pod.facts.identity;
    let sources: Vec<_> =
        [&pod.manifests].into_iter().chain(objects).cloned().map(sources::PodSource::Manifests).collect();
    let call = call(arguments, identity, map.clone());
    let own = OwnTypes::of(&call);
    let annotations = sources::annotations(&sources, &call, identity, deadline).with_context(|| pod.label.clone())?;
    let request = build_request(&call, config, catalogue, identity, annotations);
    let facts = CallFacts::new(&sources, identity, &config.node, catalogue, deadline);
    let (verdict, trace) = match config.chain.decide(&config.loader, &request, &facts, deadline) {
        Err(failed) => (Verdict::of_failure(failed.error, &failed.trace), failed.trace),
        Ok(decision) => {
            let context = network::Context {
                call: &call,
                runtime_config: &Map::new(),
                catalogue,
                facts: &facts,
                own_types: &own.as_refs(),
                path: None,
                taken: &BTreeSet::new(),
                is_served: false,
                limits: config.limits,
                strict: config.strict,
            };
            (Verdict::of_decision(&decision, &config.chain, &context), decision.trace)
        }
    };
    Ok(Told { ignored: ignored(&config.chain, &request), pod, verdict, trace })
}

fn read(map: &Map<String, Value>) -> Result<Config> {
    approve::read(map).map_err(|errors| wrong(errors.into_iter().map(Finding::from)))
}

/// Checks the configuration, and returns the warnings. It loads every selector, and so compiles it
/// before selectors are timed.
///
/// # Errors
/// Everything for which no node would put the configuration in force.
fn approve(config: &Config, deadline: Instant) -> Result<Vec<String>> {
    let load = |module: &Module| Some(config.loader.load(module, deadline));
    let found = approval::chain(&config.chain, &load, deadline);
    let (errors, doubtful): (Vec<_>, Vec<_>) = found.into_iter().partition(|finding| finding.level == Level::Error);
    if errors.is_empty() { Ok(doubtful.into_iter().map(|finding| finding.what).collect()) } else { Err(wrong(errors)) }
}

fn wrong(findings: impl IntoIterator<Item = Finding>) -> anyhow::Error {
    let found = findings.into_iter().map(|finding| finding.what).collect();
    Mistakes { what: "no node would put this configuration in force".into(), found }.into()
}

/// The call that a runtime would make for the pod.
fn call(arguments: &Arguments, pod: &Identity, config: Map<String, Value>) -> Call {
    let name = config.get("name").and_then(Value::as_str).unwrap_or("test").to_owned();
    let uid = pod.uid.as_ref().map(|uid| format!(";K8S_POD_UID={uid}")).unwrap_or_default();
    let args = if pod.name.is_empty() {
        String::new()
    } else {
        format!("IgnoreUnknown=1;K8S_POD_NAMESPACE={};K8S_POD_NAME={}{uid}", pod.namespace, pod.name)
    };
    Call {
        verb: Verb::Add,
        container: "test".into(),
        netns: None,
        interface: arguments.interface.clone(),
        args,
        path: Vec::new(),
        config,
        name,
        version: Version::CURRENT,
    }
}
