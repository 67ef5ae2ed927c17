//! Which module a configuration entry means, and how it gets into memory.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use wasmtime::component::Component;

use super::artefact::{self, LoadError};
use super::digest::Digest;
use super::engine::engine;
use super::loaded::LoadedSelector;
use super::names::Names;
use super::text::one_line;
use super::{builtin, cache};
use crate::cni::{CniError, code};
use crate::process::Process;

/// A selector's module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Module {
    /// A selector inside this binary, by its name.
    BuiltIn(&'static str),
    /// A file, pinned by its digest.
    File {
        /// Where the module is. Absolute.
        path: PathBuf,
        /// The digest of that file.
        sha256: Digest,
    },
}

impl Module {
    /// What a configuration entry's `module` and `sha256` mean: a name without
    /// a slash is a built-in selector, anything else a file, which needs a
    /// digest.
    pub fn from_config(module: &str, sha256: Option<&str>) -> Result<Self, CniError> {
        let wrong = |message: String| Err(CniError::new(code::INVALID_CONFIG, message));
        if !module.contains('/') {
            return match builtin::names().find(|name| *name == module) {
                Some(name) => Ok(Self::BuiltIn(name)),
                None => wrong(format!(
                    "selector {module:?} is not built in: there are {}; a module of your own is named by its \
                     absolute path",
                    builtin::names().collect::<Vec<_>>().join(", ")
                )),
            };
        }
        let path = Path::new(module);
        if !path.is_absolute() {
            return wrong(format!("selector {module:?} is a relative path: write the absolute one"));
        }
        match sha256.map(Digest::parse) {
            Some(Some(sha256)) => Ok(Self::File { path: path.into(), sha256 }),
            Some(None) => wrong(format!(
                "selector {module:?} has \"sha256\": {:?}, which is no digest: write the 64 hexadecimal digits that \
                 `sha256sum {module}` prints",
                sha256.unwrap_or_default()
            )),
            None => wrong(format!(
                "selector {module:?} needs \"sha256\", so that nothing else than what you approved runs: write what \
                 `sha256sum {module}` prints"
            )),
        }
    }
}

impl fmt::Display for Module {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::BuiltIn(name) => f.write_str(name),
            Self::File { path, .. } => write!(f, "{}", path.display()),
        }
    }
}

/// Gets modules into memory, each once.
#[derive(Debug)]
pub struct Loader {
    cache_dir: PathBuf,
    tool: Option<PathBuf>,
    loaded: Mutex<BTreeMap<Module, LoadedSelector>>,
}

impl Loader {
    /// `cache_dir` is where artefacts are. `tool` is the path of `genie-host`,
    /// which the plugin runs to compile what is not there, and to run what
    /// imports WASI; the tool itself needs none and compiles in memory.
    pub fn new(cache_dir: impl Into<PathBuf>, tool: Option<PathBuf>) -> Self {
        Self { cache_dir: cache_dir.into(), tool, loaded: Mutex::default() }
    }

    /// Loads a module and checks that it is a selector that this host can run.
    /// What it was granted is not checked here.
    ///
    /// A file whose artefact is in the cache is not read again: the artefact's
    /// name holds the digest.
    pub fn load(&self, module: &Module, deadline: Instant) -> Result<LoadedSelector, CniError> {
        if let Some(loaded) = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(module) {
            return Ok(loaded.clone());
        }
        let name = module.to_string();
        let loaded = match module {
            Module::BuiltIn(builtin) => LoadedSelector::new(&name, &built_in(builtin)?, None)?,
            Module::File { path, sha256 } => {
                let component = self.file(path, *sha256, deadline)?;
                let artefact = cache::path(&self.cache_dir, *sha256);
                LoadedSelector::new(&name, &component, self.tool.clone().map(|tool| (tool, artefact)))?
            }
        };
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(module.clone(), loaded.clone());
        Ok(loaded)
    }

    fn file(&self, path: &Path, sha256: Digest, deadline: Instant) -> Result<Component, CniError> {
        let artefact = cache::path(&self.cache_dir, sha256);
        let engine = engine()?;
        let load = || artefact::load_file(engine, &artefact);
        match (load(), &self.tool) {
            (Ok(component), _) => Ok(component),
            // What others could write is not simply written anew: they still could.
            (Err(error @ (LoadError::Untrusted(_) | LoadError::Unreadable(_))), Some(_)) => Err(unusable(path, &error)),
            (Err(_), Some(tool)) => {
                compile_by_child(tool, path, sha256, &self.cache_dir, deadline)?;
                load().map_err(|error| unusable(path, &error))
            }
            (Err(error), None) => compile_here(path, sha256, &error),
        }
    }
}

#[cfg(feature = "tool")]
fn compile_here(path: &Path, sha256: Digest, _: &LoadError) -> Result<Component, CniError> {
    let bytes = super::compile::read(path)?;
    check_digest(path, Some(sha256), Digest::of(&bytes))?;
    super::compile::compile(&path.display().to_string(), &bytes)
}

#[cfg(not(feature = "tool"))]
fn compile_here(path: &Path, _: Digest, error: &LoadError) -> Result<Component, CniError> {
    Err(unusable(path, error))
}

#[cfg(feature = "tool")]
fn built_in(name: &'static str) -> Result<Component, CniError> {
    super::compile::compile(name, builtin::builtin(name).unwrap_or_default())
}

#[cfg(not(feature = "tool"))]
fn built_in(name: &'static str) -> Result<Component, CniError> {
    artefact::load_embedded(engine()?, builtin::builtin(name).unwrap_or_default()).map_err(|error| {
        let message = format!("the built-in selector {name:?} does not load: install a complete build of genie-host");
        CniError::new(code::SELECTOR, message).with_details(error.to_string())
    })
}

fn unusable(path: &Path, error: &LoadError) -> CniError {
    let message = format!(
        "selector \"{}\" has no artefact that can be loaded: {error}; when that is put right, run: genie-host compile {}",
        path.display(),
        path.display()
    );
    CniError::new(code::SELECTOR, message)
}

/// Runs `genie-host compile --sha256 DIGEST --cache-dir DIR FILE`.
fn compile_by_child(
    tool: &Path,
    path: &Path,
    sha256: Digest,
    cache_dir: &Path,
    deadline: Instant,
) -> Result<(), CniError> {
    let digest = sha256.to_string();
    let arguments: [&OsStr; 6] = [
        "compile".as_ref(),
        "--sha256".as_ref(),
        digest.as_ref(),
        "--cache-dir".as_ref(),
        cache_dir.as_ref(),
        path.as_ref(),
    ];
    let failed = |reason: String| {
        let reason = one_line(reason.trim_start_matches("genie-host: "));
        let message = format!("selector \"{}\" is not compiled yet, and compiling it failed: {reason}", path.display());
        CniError::new(code::SELECTOR, message).with_details(format!(
            "run: {} compile {}",
            tool.display(),
            path.display()
        ))
    };
    let compile = || -> std::io::Result<_> {
        let mut process = Process::start(tool, &arguments, true, deadline)?;
        let output = process.rest()?;
        Ok((process.status()?, output))
    };
    match compile() {
        Ok((status, _)) if status.success() => Ok(()),
        Ok((_, output)) => Err(failed(String::from_utf8_lossy(&output).trim().to_owned())),
        Err(error) if error.kind() == std::io::ErrorKind::TimedOut => {
            // Compiled ahead of time it will be there the next time.
            Err(CniError { code: code::TRY_AGAIN, ..failed(format!("{error}")) })
        }
        Err(error) => Err(failed(error.to_string())),
    }
}

/// Checks that a component is a selector that this host can run, and gives the
/// names of its imports.
pub(super) fn check(selector: &str, component: &Component) -> Result<Vec<String>, CniError> {
    let names = Names::of(component);
    names.check(selector)?;
    Ok(names.imports)
}

/// Fails when a module's file is not the one that was approved.
#[cfg(feature = "tool")]
pub(super) fn check_digest(path: &Path, expected: Option<Digest>, found: Digest) -> Result<(), CniError> {
    match expected {
        Some(expected) if expected != found => Err(CniError::new(
            code::SELECTOR,
            format!(
                "the module {} has the SHA-256 digest {found}, the configuration approves {expected}: put the \
                 approved file back, or approve this one",
                path.display()
            ),
        )),
        _ => Ok(()),
    }
}
