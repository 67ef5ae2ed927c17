//! Scripts: policies that are one file of JavaScript, run by the selector in `selectors/script`,
//! the engine.
//!
//! An entry that names a script is completed to an entry of the engine whose settings hold the script. So
//! the plugin and the chain know nothing of scripts, and a node compiles the engine once, whatever
//! the number of its scripts.

use std::ffi::OsStr;
use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Instant;

use anyhow::{Context as _, Result, anyhow, ensure};
use serde_json::{Map, Value, json};

use genie_core::cni::get;
use genie_core::digest::Digest;
use genie_core::selector::abi::{PodName, Refusal, Request, Verdict};
use genie_core::selector::chain::Entry;
use genie_core::selector::module::loaded::LoadedSelector;
use genie_core::selector::module::read;
use genie_core::selector::sandbox::facts::Nothing;
use genie_core::selector::sandbox::limits::Limits;
use genie_core::selector::sandbox::task::{Bounds, Task, TaskAnswer};

/// The engine's file. It is beside this program.
pub const ENGINE: &str = "script.wasm";

/// What the engine calls itself.
const NAME: &str = "script";

/// The largest script, in bytes. It is a part of the configuration, which each call reads.
const LARGEST: u64 = 256 << 10;

/// The fuel of a script whose entry names none. It is more than that of modules: the engine stops a
/// script by its turns of loops, long before, and only what a script does within one turn has to be
/// ended by the fuel itself.
const FUEL: u64 = 400_000_000;

/// A script.
#[derive(Clone, Debug)]
pub struct Script {
    /// The name of its file, which is its name in messages.
    pub file: String,
    /// Its text.
    pub source: String,
}

/// The engine's file as it is in a program's directory.
#[derive(Clone, Debug)]
pub struct Engine {
    /// The file.
    pub path: PathBuf,
    /// The file's bytes.
    pub bytes: Vec<u8>,
    /// The digest of the bytes.
    pub digest: Digest,
}

/// The limits of a script. `written` is the `limits` of its entry, or null.
///
/// # Errors
/// As [`Limits::from_json`].
pub fn limits(written: &Value) -> Result<Limits, String> {
    let limits = Limits::from_json(written)?;
    let fuel = if written.get("fuel").is_some() { limits.fuel } else { FUEL };
    Ok(Limits { fuel, ..limits })
}

/// Whether the `module` of an entry, or of a command line, names a script.
pub fn is_script(module: &str) -> bool {
    Path::new(module).extension() == Some(OsStr::new("js"))
}

/// Completes all entries of a configuration that name scripts, which are files in `dir`. `engine`
/// is asked for when there are any, and `path` says where the engine's file is going to be. Returns
/// the engine, if the configuration needs it.
///
/// # Errors
/// A script or the engine cannot be read, or an entry is wrong.
pub fn complete(
    config: &mut Map<String, Value>,
    dir: &Path,
    engine: impl FnOnce() -> Result<Engine>,
    path: impl FnOnce(&Engine) -> PathBuf,
) -> Result<Option<Engine>> {
    let entries = config.iter_mut().find(|(key, _)| key.eq_ignore_ascii_case("selectors"));
    let entries = entries.and_then(|(_, value)| value.as_array_mut()).into_iter().flatten();
    let named = |entry: &Map<String, Value>| {
        let module = get(entry, "module").and_then(Value::as_str);
        module.filter(|module| is_script(module) && !module.contains('/')).map(ToOwned::to_owned)
    };
    let scripts = entries.filter_map(Value::as_object_mut).filter_map(|entry| named(entry).map(|name| (name, entry)));
    let scripts: Vec<_> = scripts.collect();
    if scripts.is_empty() {
        return Ok(None);
    }
    let engine = engine()?;
    let path = path(&engine);
    for (name, entry) in scripts {
        let script = Script::read(&dir.join(&name)).with_context(|| {
            format!("{name:?} has to be a key of the ConfigMap, or a file beside the configuration")
        })?;
        script.complete(entry, &path, engine.digest)?;
    }
    Ok(Some(engine))
}

impl Engine {
    /// Reads the engine beside the programs in `programs`.
    ///
    /// # Errors
    /// It is not there, or cannot be read.
    pub fn read(programs: &Path) -> Result<Self> {
        let path = programs.join(ENGINE);
        let bytes = read(&path).map_err(|error| {
            anyhow!(
                "the engine of scripts has to be beside genie-host ({}): {}; `make script` makes it, and the image has it",
                path.display(),
                error.words()
            )
        })?;
        Ok(Self { digest: Digest::of(&bytes), path, bytes })
    }

    /// The engine beside this program.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn of_process() -> Result<Self> {
        let own = std::env::current_exe()?.canonicalize()?;
        Self::read(own.parent().unwrap_or(Path::new("/")))
    }
}

impl Script {
    /// Reads a script.
    ///
    /// # Errors
    /// It cannot be read, is too large, or is no text.
    pub fn read(path: &Path) -> Result<Self> {
        let what = || format!("the script {}", path.display());
        let file = path.file_name().map(|name| name.to_string_lossy().into_owned()).with_context(what)?;
        let mut bytes = Vec::new();
        fs::File::open(path)
            .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
            .with_context(|| format!("{} cannot be read", what()))?;
        ensure!(bytes.len() as u64 <= LARGEST, "{} is larger than {} KiB", what(), LARGEST >> 10);
        let source = String::from_utf8(bytes).with_context(|| format!("{} is no text in UTF-8", what()))?;
        Ok(Self { file, source })
    }

    /// The digest of its text.
    pub fn digest(&self) -> Digest {
        Digest::of(self.source.as_bytes())
    }

    /// The settings of an entry that runs the script. `own` are the script's own settings.
    pub fn settings(&self, own: &Value, limits: &Limits) -> Value {
        let empty = json!({});
        json!({
            "file": self.file,
            "source": self.source,
            "settings": if own.is_null() { &empty } else { own },
            "limits": {"fuel": limits.fuel, "memory": limits.memory},
        })
    }

    /// The script of an entry of the engine; none when it is no such entry.
    pub fn of_entry(entry: &Entry) -> Option<Self> {
        let settings = entry.settings.to_value();
        let text = |key| settings.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
        Some(Self { file: text("file")?, source: text("source")? })
    }

    /// Makes an entry that names this script one of the engine, whose file is at `engine`.
    ///
    /// # Errors
    /// `sha256` is not the script's digest, or `limits` are wrong.
    fn complete(&self, entry: &mut Map<String, Value>, engine: &Path, digest: Digest) -> Result<()> {
        let file = &self.file;
        if let Some(pinned) = get(entry, "sha256").and_then(Value::as_str) {
            let found = self.digest();
            ensure!(
                Digest::parse(pinned) == Some(found),
                "the script {file:?} has the digest {found} and not the one that \"sha256\" pins it to"
            );
        }
        let part = |key| get(entry, key).cloned().unwrap_or_default();
        let mut written = part("limits");
        let limits = limits(&written).map_err(|reason| anyhow!("{file}: {reason}"))?;
        if written.is_null() {
            written = json!({});
        }
        written["fuel"] = limits.fuel.into();
        let settings = self.settings(&part("settings"), &limits);
        let name = Some(part("name")).filter(|name| !name.is_null()).unwrap_or_else(|| file.as_str().into());
        let completed = [
            ("module", json!(engine)),
            ("sha256", digest.to_string().into()),
            ("name", name),
            ("imports", "any".into()),
            ("limits", written),
            ("settings", settings),
        ];
        for (key, value) in completed {
            entry.retain(|written, _| !written.eq_ignore_ascii_case(key));
            entry.insert(key.into(), value);
        }
        Ok(())
    }
}

/// Evaluates the script of an entry, if `selector` is the engine, whose name is `about`. A script
/// with a mistake in its syntax, or without an export `select`, is not put in force.
///
/// # Errors
/// The text says what is wrong, and where.
pub fn check(selector: &LoadedSelector, about: &str, entry: &Entry, deadline: Instant) -> Result<(), String> {
    if about != NAME {
        return Ok(());
    }
    let mut settings = entry.settings.to_value();
    if let Value::Object(members) = &mut settings {
        members.insert("check".into(), true.into());
    }
    let task = Task::Select { request: nobody(), settings: settings.to_string() };
    let bounds =
        Bounds { selector: entry.name.clone(), grants: entry.grants.clone(), limits: entry.limits.clone(), asked: 0 };
    let said = |words: String| Err(format!("selector {:?}: {words}", entry.name));
    match selector.run(task, &bounds, &Nothing::shared(), deadline).answer {
        Ok(TaskAnswer::Verdict(Ok(Verdict::Pass | Verdict::Plan(_)))) => Ok(()),
        Ok(TaskAnswer::Verdict(Err(Refusal::Invalid(mistake)))) => {
            said(format!("{}: {}", mistake.key, mistake.message))
        }
        Ok(TaskAnswer::Verdict(Err(
            Refusal::Internal(words) | Refusal::Denied(words) | Refusal::Unavailable(words),
        ))) => said(words),
        Ok(_) => said("it answered another question than it was asked".into()),
        Err(error) => Err(error.words()),
    }
}

/// The request of a check. No script sees it.
fn nobody() -> Request {
    Request {
        pod: PodName { namespace: String::new(), name: String::new(), uid: None },
        annotations: Vec::new(),
        container: String::new(),
        interface: String::new(),
        node: String::new(),
        networks: Vec::new(),
        decided: None,
        attributes: Vec::new(),
    }
}

#[cfg(test)]
mod tests;
