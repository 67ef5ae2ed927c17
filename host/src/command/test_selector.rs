//! `genie-host test-selector`: what the node would decide, without a node.

mod explain;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use clap::Args;
use serde_json::{Map, Value, json};

use super::{Output, exit, module};
use crate::call::{CallFacts, OwnTypes, build_request};
use crate::cni::{Call, Verb, Version};
use crate::config::{self, Config, approve};
use crate::network::{self, Catalogue};
use crate::pod::{self, Identity, Manifests};
use crate::selector;
use crate::selector::approve::{Finding, Level};
use crate::selector::chain::{Chain, Entry};
use crate::selector::grants::Grants;
use crate::selector::limits::Limits;
use crate::selector::module::{Loader, Module};
use crate::selector::{compile, compiler};
use explain::{Explanation, Verdict};

/// Fuel bounds the selectors long before.
const TIME: Duration = Duration::from_mins(2);

#[derive(Args)]
#[command(after_help = "Exit status: 0 a plan, 3 every selector passed, 4 a selector refused the pod or its plan \
    cannot be carried out, 1 a selector failed, 2 wrong usage or input.")]
pub struct Arguments {
    /// A module's file, or the name of a built-in selector
    #[arg(value_name = "MODULE|NAME", required_unless_present = "chain", conflicts_with = "chain")]
    module: Option<String>,
    /// Ask the configuration's whole chain
    #[arg(long)]
    chain: bool,
    /// The pod's manifest. Without one: a pod without annotations
    #[arg(long, value_name = "FILE")]
    pod: Option<PathBuf>,
    /// The directory with the node's network configurations
    #[arg(long, value_name = "DIR")]
    conf_dir: Option<PathBuf>,
    /// The plugin's configuration; by default the one in the conf dir
    #[arg(long, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Settings for the selector, as JSON; by default those of its entry in the configuration
    #[arg(long, value_name = "JSON", conflicts_with = "chain")]
    settings: Option<String>,
    /// A grant: its name (pod, cluster, addresses, …) or, as in the configuration, its JSON; by default those
    /// of its entry, else whatever it imports
    #[arg(long, value_name = "NAME|JSON", conflicts_with = "chain")]
    grant: Vec<String>,
    /// A directory of manifests for what selectors ask the cluster
    #[arg(long, value_name = "DIR")]
    objects: Option<PathBuf>,
    /// The interface that the runtime asks for
    #[arg(long, value_name = "NAME", default_value = "eth0")]
    interface: String,
    /// How to print
    #[arg(short, long, value_enum, default_value_t)]
    output: Output,
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    crate::cni::names::check_interface(&arguments.interface)?;
    let mut map = configuration(arguments)?;
    if let Some(conf_dir) = &arguments.conf_dir {
        map.insert("conf_dir".into(), conf_dir.display().to_string().into());
    }
    let manifest = pod_manifest(arguments)?;
    let pod = manifest.as_ref().map(|(_, pod)| pod.clone()).unwrap_or_default();
    let mut sources: Vec<_> = manifest.iter().map(|(file, _)| pod::Source::Manifests(file.clone())).collect();
    sources.extend(arguments.objects.clone().map(pod::Source::Manifests));

    let mut config = read(&map)?;
    config.loader = Loader::of_commands(&config.paths.cache_dir);
    if let Some(written) = &arguments.module {
        config.chain = single(written, arguments, &config)?;
    }
    // Compiled before it is timed.
    let doubtful = approve(&config, Instant::now() + compiler::TIME)?;

    let deadline = Instant::now() + TIME;
    let call = call(arguments, &pod.identity, map);
    let own = OwnTypes::of(&call);
    let catalogue = Catalogue::load(&config.paths.conf_dir, &own.as_refs())?;
    let annotations = pod::annotations(&sources, &call, &pod.identity, deadline)?;
    let request = build_request(&call, &config, &catalogue, &pod.identity, annotations);
    let facts = CallFacts::new(&sources, &pod.identity, &config.node, &catalogue, deadline);

    let (verdict, trace) = match config.chain.decide(&config.loader, &request, &facts, deadline) {
        Err(failed) => (Verdict::of_failure(failed.error, &failed.trace), failed.trace),
        Ok(decision) => {
            let context = network::Context {
                call: &call,
                runtime_config: &Map::new(),
                catalogue: &catalogue,
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
    let explanation =
        Explanation { request: &request, catalogue: &catalogue, chain: &config.chain, doubtful, verdict, trace };
    super::print(&match arguments.output {
        Output::Json => format!("{:#}", explanation.as_json()),
        Output::Table => explanation.as_text(),
    });
    Ok(ExitCode::from(match explanation.verdict {
        Verdict::Plan { .. } => 0,
        Verdict::Pass => exit::PASS,
        Verdict::Refused(_) => exit::REFUSED,
        Verdict::Failed(_) => exit::FAILED,
    }))
}

fn read(map: &Map<String, Value>) -> Result<Config> {
    approve::read(map).map_err(|errors| wrong(errors.into_iter().map(Finding::from)))
}

/// Answers what may not be meant. Loads, and so compiles, every selector: before it is timed.
///
/// # Errors
/// All that is wrong: what no node would put in force.
fn approve(config: &Config, deadline: Instant) -> Result<Vec<String>> {
    let load = |module: &Module| Some(config.loader.load(module, deadline));
    let found = selector::approve::chain(&config.chain, &load, deadline);
    let (errors, doubtful): (Vec<_>, Vec<_>) = found.into_iter().partition(|finding| finding.level == Level::Error);
    if errors.is_empty() { Ok(doubtful.into_iter().map(|finding| finding.what).collect()) } else { Err(wrong(errors)) }
}

fn wrong(findings: impl IntoIterator<Item = Finding>) -> anyhow::Error {
    let lines = findings.into_iter().map(|finding| format!("\n  {}", finding.what));
    anyhow::Error::msg(format!("no node would put this configuration in force:{}", lines.collect::<String>()))
}

/// The plugin's configuration: the file that was named, else the first of the
/// conf dir that is the plugin's, else an empty one.
fn configuration(arguments: &Arguments) -> Result<Map<String, Value>> {
    if let Some(file) = &arguments.config {
        let found = plugin_configuration(file)?;
        return found.with_context(|| format!("{} is no configuration of genie", file.display()));
    }
    let dir = arguments.conf_dir.as_deref().unwrap_or(Path::new(config::CONF_DIR));
    let mut files: Vec<_> = fs::read_dir(dir)
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "conf" || extension == "conflist"))
        .collect();
    if files.is_empty() && arguments.conf_dir.is_some() {
        bail!("{} holds no network configuration", dir.display());
    }
    files.sort();
    Ok(files.iter().find_map(|file| plugin_configuration(file).ok().flatten()).unwrap_or_default())
}

fn plugin_configuration(file: &Path) -> Result<Option<Map<String, Value>>> {
    let text = fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let value: Value = serde_json::from_str(&text).with_context(|| format!("{} is not JSON", file.display()))?;
    let plugins = value["plugins"].as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let own = plugins.into_iter().find(|plugin| plugin["type"] == "genie");
    Ok(own.and_then(|plugin| plugin.as_object().cloned()))
}

/// The pod's manifest: its file, and what it says.
fn pod_manifest(arguments: &Arguments) -> Result<Option<(PathBuf, pod::PodFacts)>> {
    let Some(file) = &arguments.pod else { return Ok(None) };
    if !file.is_file() {
        bail!("there is no pod manifest {}", file.display());
    }
    let pod = Manifests::new(file).pods()?.into_iter().next();
    Ok(Some((file.clone(), pod.with_context(|| format!("{} holds no pod", file.display()))?)))
}

/// A chain of the one selector that is tested: as its entry of the
/// configuration, if it has one.
fn single(written: &str, arguments: &Arguments, config: &Config) -> Result<Chain> {
    let named = module::find(written)?;
    let known = config.chain.entries.iter().find(|entry| entry.module == named.module);
    let mut entry = known.cloned().unwrap_or_else(|| Entry {
        name: written.to_owned(),
        module: named.module.clone(),
        run_always: false,
        settings: json!({}),
        grants: Grants::default(),
        limits: Limits::default(),
    });
    if let Some(settings) = &arguments.settings {
        entry.settings = serde_json::from_str(settings).context("--settings is not JSON")?;
    }
    if !arguments.grant.is_empty() {
        let grants = arguments.grant.iter().map(|grant| serde_json::from_str(grant).unwrap_or_else(|_| json!(grant)));
        entry.grants = Grants::from_json(&grants.collect()).map_err(|reason| anyhow::anyhow!("--{reason}"))?;
    } else if known.is_none() {
        entry.grants = Grants::of_imports(&compile::imports(written, &named.bytes)?);
    }
    Ok(Chain { entries: vec![entry], merge: None })
}

/// The call that a runtime would make.
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
