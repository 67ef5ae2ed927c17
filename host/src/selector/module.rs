//! Which module a configuration entry means, and how it gets into memory.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

use wasmtime::component::Component;

use super::artefact::{self, LoadError};
use super::compiler::Order;
use super::digest::Digest;
use super::engine::engine;
use super::loaded::LoadedSelector;
use super::names::Names;
use super::{builtin, cache};
use crate::cni::{CniError, code};

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
    /// which is run to compile what is not there, and by the plugin to run what
    /// imports WASI. Without one the tool compiles in memory, and keeps nothing.
    pub fn new(cache_dir: impl Into<PathBuf>, tool: Option<PathBuf>) -> Self {
        Self { cache_dir: cache_dir.into(), tool, loaded: Mutex::default() }
    }

    /// For the commands of this program, whoever runs them: what they compile is kept
    /// in this cache, else in the user's own, else in memory.
    #[cfg(feature = "tool")]
    pub fn of_commands(cache_dir: &Path) -> Self {
        match cache::usable(cache_dir) {
            Some(usable) => Self::new(usable, std::env::current_exe().ok()),
            None => Self::new(cache_dir, None),
        }
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
            Module::BuiltIn(builtin) => LoadedSelector::new(&name, &self.built_in(builtin, deadline)?, None)?,
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
        self.native(path.as_ref(), sha256, deadline, |error| compile_here(path, sha256, error))
    }

    #[cfg(feature = "tool")]
    fn built_in(&self, name: &'static str, deadline: Instant) -> Result<Component, CniError> {
        let bytes = builtin::builtin(name).unwrap_or_default();
        self.native(name.as_ref(), Digest::of(bytes), deadline, |_| super::compile::compile(name, bytes))
    }

    #[cfg(not(feature = "tool"))]
    #[expect(clippy::unused_self, reason = "they are inside of the plugin, compiled")]
    fn built_in(&self, name: &'static str, _: Instant) -> Result<Component, CniError> {
        artefact::load_embedded(engine()?, builtin::builtin(name).unwrap_or_default()).map_err(|error| {
            let message =
                format!("the built-in selector {name:?} does not load: install a complete build of genie-host");
            CniError::new(code::SELECTOR, message).with_details(error.to_string())
        })
    }

    /// What is in the cache, or comes there: `here` is for who has no program to compile it.
    fn native(
        &self,
        module: &OsStr,
        sha256: Digest,
        deadline: Instant,
        here: impl FnOnce(&LoadError) -> Result<Component, CniError>,
    ) -> Result<Component, CniError> {
        let (engine, path) = (engine()?, cache::path(&self.cache_dir, sha256));
        let load = || artefact::load_file(engine, &path);
        match (load(), &self.tool) {
            (Ok(component), _) => Ok(component),
            // What others could write is not simply written anew: they still could.
            (Err(error @ (LoadError::Untrusted(_) | LoadError::Unreadable(_))), Some(_)) => {
                Err(unusable(module.as_ref(), &error))
            }
            (Err(_), Some(tool)) => {
                let order = Order { tool, module, sha256, cache_dir: &self.cache_dir };
                order.carry_out(deadline)?;
                load().map_err(|error| unusable(module.as_ref(), &error))
            }
            (Err(error), None) => here(&error),
        }
    }
}

#[cfg(feature = "tool")]
fn compile_here(path: &Path, sha256: Digest, _: &LoadError) -> Result<Component, CniError> {
    let bytes = super::compile::read(path)?;
    check_digest(path, sha256, Digest::of(&bytes))?;
    super::compile::compile(&path.display().to_string(), &bytes)
}

#[cfg(not(feature = "tool"))]
fn compile_here(path: &Path, _: Digest, error: &LoadError) -> Result<Component, CniError> {
    Err(unusable(path, error))
}

fn unusable(path: &Path, error: &LoadError) -> CniError {
    let message = format!(
        "selector \"{}\" has no artefact that can be loaded: {error}; when that is put right, the next call compiles it",
        path.display()
    );
    CniError::new(code::SELECTOR, message)
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
pub fn check_digest(path: &Path, approved: Digest, found: Digest) -> Result<(), CniError> {
    if approved == found {
        return Ok(());
    }
    let message = format!(
        "the module {} has the SHA-256 digest {found}, the configuration approves {approved}: put the approved file \
         back, or approve this one",
        path.display()
    );
    Err(CniError::new(code::SELECTOR, message))
}
