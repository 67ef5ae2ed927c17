//! `genie-host configure`: puts a selector and its entry into a cluster's ConfigMap.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, ensure};
use clap::{Args, ValueEnum};
use serde_json::{Map, Value, json};

use super::Mistakes;
use super::tried::{GRANT, grants};
use crate::approve;
use crate::approve::finding::{Finding, Level};
use crate::install::config_map::{ConfigMap, Place};
use crate::install::modules::of_config_map;
use crate::registry::Reference;
use crate::registry::reference::SCHEME;
use crate::script::{self, Engine, Script};
use crate::selector::{self, named};
use crate::trial::entry::{self, Instead};
use genie_core::config;
use genie_core::selector::chain::{Chain, Run};
use genie_core::selector::child::compiler;
use genie_core::selector::grants::Grants;
use genie_core::selector::module::built_in_names;

#[derive(Args)]
#[command(after_help = "kubectl -n kube-system get configmap genie-config -o json |\n  \
    genie-host configure tenant.wasm --grant pod --run shadow |\n  kubectl replace -f -\n\n\
    What no option says stays as the entry has it. A new entry comes first, one that is always or as a shadow \
    asked comes last; so does one whose --run changes.")]
pub struct Arguments {
    /// A module's file, a script's file (NAME.js), a module of a registry by its digest
    /// (`oci://…@sha256:…`), or the name of a built-in selector
    #[arg(value_name = "MODULE|SCRIPT|REFERENCE|NAME")]
    module: String,
    /// The ConfigMap's manifest, in JSON or YAML; `-` for standard input
    #[arg(short, long, value_name = "FILE", default_value = "-")]
    filename: PathBuf,
    /// When it is asked
    #[arg(long, value_enum, value_name = "WHEN")]
    run: Option<When>,
    #[arg(long, value_name = "NAME|JSON", help = format!("{GRANT}; an entry without it may only choose among networks"))]
    grant: Vec<String>,
    /// Its settings, as JSON
    #[arg(long, value_name = "JSON")]
    settings: Option<String>,
    /// Its entry comes before that of this module
    #[arg(long, value_name = "MODULE")]
    before: Option<String>,
    /// Take it out
    #[arg(long, conflicts_with_all = ["run", "grant", "settings", "before"])]
    remove: bool,
}

/// When an entry is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum When {
    /// Until an entry has decided
    UntilDecided,
    /// Also when another one has decided: a guard
    Always,
    /// When everything is decided, without any effect
    Shadow,
}

impl When {
    fn as_str(self) -> &'static str {
        match self {
            Self::UntilDecided => "until-decided",
            Self::Always => "always",
            Self::Shadow => "shadow",
        }
    }
}

pub fn run(arguments: &Arguments) -> Result<ExitCode> {
    let (text, name) = if arguments.filename == Path::new("-") {
        (io::read_to_string(io::stdin()), "standard input".to_owned())
    } else {
        (fs::read_to_string(&arguments.filename), arguments.filename.display().to_string())
    };
    let mut config_map = text.map_err(Into::into).and_then(|text| ConfigMap::parse(&text)).with_context(|| name)?;
    let key = key(&arguments.module)?;
    if arguments.remove {
        config_map.take_away(&key)?;
    } else {
        let there = config_map.entry(&key);
        let entry = arguments.entry(there.as_ref(), &key)?;
        check(&arguments.module, &entry)?;
        arguments.put_module(&mut config_map, &key)?;
        let place = arguments.place(there.as_ref(), &entry);
        config_map.put_entry(entry, place.as_ref())?;
        // The modules of other entries are the installer's to find. A built-in selector is looked at here.
        let entries = config::chain::entries(config_map.configuration()).unwrap_or_default();
        let entries: Vec<_> = entries.into_iter().filter_map(Result::ok).collect();
        approve::chain::of_entries(&entries).into_iter().for_each(warn);
    }
    super::print_json(&config_map.manifest()?);
    Ok(ExitCode::SUCCESS)
}

/// The `module` of its entry: a reference with its digest, a built-in selector, or a key of the
/// ConfigMap.
fn key(written: &str) -> Result<String> {
    if written.starts_with(SCHEME) {
        let reference: Reference = written.parse().map_err(anyhow::Error::msg)?;
        reference.pinned().map_err(anyhow::Error::msg)?;
        return Ok(reference.to_string());
    }
    if named::is_built_in(written) {
        return Ok(written.to_owned());
    }
    let file = Path::new(written).file_name().and_then(|name| name.to_str()).unwrap_or_default();
    let is_module = of_config_map(file).is_some() || script::is_script(file);
    let is_key = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    ensure!(
        !is_module || file.bytes().all(is_key),
        "{file:?} cannot be a key of a ConfigMap, which has letters, digits, `-`, `.` and `_`: rename the file"
    );
    is_module.then(|| file.to_owned()).with_context(|| {
        format!(
            "{written:?} is neither a file NAME.wasm or NAME.js nor a built-in selector ({})",
            built_in_names().join(", ")
        )
    })
}

impl Arguments {
    /// The entry: what the options say, else what is there.
    fn entry(&self, there: Option<&Map<String, Value>>, key: &str) -> Result<Map<String, Value>> {
        let mut entry = there.cloned().unwrap_or_default();
        // Case does not matter in keys, and no key stays twice.
        let mut put = |key: &str, value: Value| {
            entry.retain(|other, _| !other.eq_ignore_ascii_case(key));
            entry.insert(key.into(), value);
        };
        put("module", json!(key));
        if let Some(settings) = &self.settings {
            put("settings", approve::json::read(settings.as_bytes()).context("--settings cannot be read")?);
        }
        if let Some(grants) = grants(&self.grant)? {
            put("grant", grants);
        }
        if let Some(when) = self.run {
            put("run", json!(when.as_str()));
        }
        // The installer writes the digest of what the ConfigMap holds now.
        entry.retain(|other, _| !other.eq_ignore_ascii_case("sha256"));
        Ok(entry)
    }

    fn put_module(&self, config_map: &mut ConfigMap, key: &str) -> Result<()> {
        if key.starts_with(SCHEME) || named::is_built_in(key) {
            return Ok(());
        }
        if script::is_script(key) {
            config_map.put_script(key, &Script::read(Path::new(&self.module))?.source);
            return Ok(());
        }
        config_map.put_module(key, &named::find(&self.module)?.bytes)
    }

    /// Where its entry has to be. The result is none when it stays where it is.
    fn place(&self, there: Option<&Map<String, Value>>, entry: &Map<String, Value>) -> Option<Place> {
        if let Some(other) = &self.before {
            return Some(Place::Before(other.clone()));
        }
        if there.is_some_and(|there| run_of(there) == run_of(entry)) {
            return None;
        }
        Some(if run_of(entry) == Run::UntilDecided { Place::First } else { Place::Last })
    }
}

fn warn(finding: Finding) {
    let Finding { what, .. } = finding;
    super::tell(&anyhow!("warning: {what}"));
}

/// When the entry is asked. A wrong word is found when the ConfigMap is read again.
fn run_of(entry: &Map<String, Value>) -> Run {
    match genie_core::cni::get(entry, "run").and_then(Value::as_str) {
        Some("always") => Run::Always,
        Some("shadow") => Run::Shadow,
        _ => Run::UntilDecided,
    }
}

/// Asks the module what a node would ask before it puts the entry in force. A module of a registry is
/// not here: the agent asks it.
///
/// # Errors
/// A node would not put the entry in force.
fn check(module: &str, entry: &Map<String, Value>) -> Result<()> {
    let of = |key: &str| genie_core::cni::get(entry, key).cloned();
    // An entry of a built-in selector has grants without the key.
    let none = (!named::is_built_in(module)).then(|| json!([]));
    let instead = Instead { settings: of("settings"), grant: of("grant").or(none), any_digest: false };
    if module.starts_with(SCHEME) {
        Grants::from_json(&of("grant").unwrap_or_default()).map_err(|reason| anyhow!(reason))?;
        warn(Finding::warning(
            "not checked: the module is in a registry; the agent checks it before it is put in force",
        ));
        return Ok(());
    }
    let no_chain = Chain { entries: Vec::new(), merge: None };
    let tried = entry::find(Path::new(""), module, &instead, &no_chain, Engine::of_process(), &mut Vec::new())?;
    let mut chain = tried.alone();
    chain.entries.iter_mut().for_each(|tried| tried.run = run_of(entry));
    let deadline = Instant::now() + compiler::TIME;
    let loader = selector::loader(Path::new(config::CACHE_DIR));
    let found = approve::chain::chain(&chain, &|module| Some(loader.load(module, deadline)), deadline);
    let (wrong, doubtful): (Vec<_>, Vec<_>) = found.into_iter().partition(|finding| finding.level == Level::Error);
    doubtful.into_iter().for_each(warn);
    let found: Vec<_> = wrong.into_iter().map(|finding| finding.what).collect();
    if found.is_empty() {
        return Ok(());
    }
    Err(Mistakes { what: "no node would put this entry in force".into(), found }.into())
}
