//! The module that a configuration entry names, and how it gets into memory.

mod built_ins;
pub mod loaded;
mod program;
mod read;

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::Value;
use wasmtime::component::Component;

use crate::cni::{CniError, code};
use crate::digest::Digest;
use crate::selector::artefact::cache;
use crate::selector::artefact::load::{LoadError, load_file};
use crate::selector::child::compiler::Compilation;
use crate::selector::contract::check_digest;
use crate::selector::grants::Grants;
use crate::selector::module::loaded::LoadedSelector;
use built_ins::BUILT_INS;
pub use program::{BuiltIn, Compiler, NamesOnly, Program};
pub use read::{MAX_MODULE, read};

/// The names of the built-in selectors.
pub fn built_in_names() -> [&'static str; BUILT_INS.len()] {
    BUILT_INS.map(|built_in| built_in.name)
}

/// The built-in selector of this name.
pub fn built_in_name(name: &str) -> Option<&'static str> {
    built_in_names().into_iter().find(|known| *known == name)
}

/// A selector's module.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Module {
    /// A selector inside this program, by its name.
    BuiltIn(&'static str),
    /// A file, approved by its digest.
    File {
        /// The file's absolute path.
        path: PathBuf,
        /// The file's digest.
        sha256: Digest,
    },
}

impl Module {
    /// The module of a configuration entry's `module` and `sha256`. A name without a slash is a
    /// built-in selector. Anything else is a file, which needs a digest.
    pub fn from_config(module: &str, sha256: Option<&str>) -> Result<Self, CniError> {
        let wrong = |message: String| Err(CniError::new(code::INVALID_CONFIG, message));
        if Path::new(module).extension() == Some(OsStr::new("js")) {
            return wrong(format!(
                "selector {module:?} is a script, which genie-host install makes an entry of its engine from: make the \
                 script a key of the ConfigMap, and name that key"
            ));
        }
        if module.starts_with("oci://") {
            return wrong(format!(
                "selector {module:?} is in a registry, and nothing is pulled while a pod waits: on a cluster the agent \
                 brings it to the node; elsewhere run `genie-host pull {module}`, and name the file"
            ));
        }
        if !module.contains('/') {
            return match built_in_name(module) {
                Some(name) => Ok(Self::BuiltIn(name)),
                None => wrong(format!(
                    "selector {module:?} is not built in: there are {}; a module of your own is named by its \
                     absolute path",
                    built_in_names().join(", ")
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

impl Module {
    /// The grants of an entry that has no key `grant`: those that a built-in selector is documented
    /// to have, and none for a file.
    ///
    /// # Errors
    /// The text says what is wrong with the built-in selector's grants.
    pub fn default_grants(&self) -> Result<Grants, String> {
        Grants::from_json(&self.default_grant()?)
    }

    /// The same as the value of the key `grant`; null for a file.
    ///
    /// # Errors
    /// As [`Self::default_grants`].
    pub fn default_grant(&self) -> Result<Value, String> {
        let Some(built_in) = self.built_in() else { return Ok(Value::Null) };
        serde_json::from_str(built_in.grant).map_err(|error| format!("its grants are no JSON: {error}"))
    }

    /// The annotations of which one wakes an entry that has neither the key `wake` nor settings; none
    /// when it is always awake. What a file would do without its annotations is not known.
    pub fn default_wake(&self) -> Option<Vec<String>> {
        let wake = self.built_in()?.wake;
        (!wake.is_empty()).then(|| wake.iter().map(|key| (*key).to_owned()).collect())
    }

    fn built_in(&self) -> Option<&'static built_ins::BuiltIn> {
        let Self::BuiltIn(name) = self else { return None };
        BUILT_INS.iter().find(|built_in| built_in.name == *name)
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

/// Loads modules into memory, each once. A clone shares what is loaded.
#[derive(Clone)]
pub struct Loader {
    program: &'static dyn Program,
    cache_dir: PathBuf,
    tool: Option<PathBuf>,
    loaded: Arc<Mutex<BTreeMap<Module, LoadedSelector>>>,
}

impl Loader {
    /// `cache_dir` is the directory of artefacts. `tool` is the path of `genie-host`, which
    /// compiles a module without an artefact and, for the plugin, runs modules that import WASI.
    /// Without `tool`, this program compiles in memory and keeps nothing.
    pub fn new(program: &'static dyn Program, cache_dir: impl Into<PathBuf>, tool: Option<PathBuf>) -> Self {
        Self { program, cache_dir: cache_dir.into(), tool, loaded: Arc::default() }
    }

    /// Loads a module and checks that it is a selector that this host can run. Its grants are not
    /// checked here.
    ///
    /// A file whose artefact is in the cache is not read again: the artefact's name holds the
    /// digest.
    pub fn load(&self, module: &Module, deadline: Instant) -> Result<LoadedSelector, CniError> {
        if let Some(loaded) = self.loaded.lock().unwrap_or_else(PoisonError::into_inner).get(module) {
            return Ok(loaded.clone());
        }
        let name = module.to_string();
        let loaded = match module {
            Module::BuiltIn(builtin) => {
                LoadedSelector::new(self.program, &name, &self.built_in(builtin, deadline)?, None)?
            }
            Module::File { path, sha256 } => {
                let component = self.file(path, *sha256, deadline)?;
                let artefact = cache::path(&self.cache_dir, *sha256);
                LoadedSelector::new(self.program, &name, &component, self.tool.clone().map(|tool| (tool, artefact)))?
            }
        };
        self.loaded.lock().unwrap_or_else(PoisonError::into_inner).insert(module.clone(), loaded.clone());
        Ok(loaded)
    }

    fn file(&self, path: &Path, sha256: Digest, deadline: Instant) -> Result<Component, CniError> {
        self.native(path.as_ref(), sha256, deadline, |error| {
            let compile = self.compiler(path, error)?;
            let bytes = read(path)?;
            check_digest(path, sha256, Digest::of(&bytes))?;
            compile(&path.display().to_string(), &bytes)
        })
    }

    fn built_in(&self, name: &'static str, deadline: Instant) -> Result<Component, CniError> {
        match self.program.built_in(name)? {
            BuiltIn::Ready(component) => Ok(component),
            BuiltIn::Component(bytes) => self.native(name.as_ref(), Digest::of(bytes), deadline, |error| {
                self.compiler(name.as_ref(), error)?(name, bytes)
            }),
        }
    }

    fn compiler(&self, module: &Path, error: &LoadError) -> Result<Compiler, CniError> {
        self.program.compiler().ok_or_else(|| unusable(module, error))
    }

    /// The artefact in the cache, which the tool compiles if it is missing. Without a tool, `here`
    /// makes the component.
    fn native(
        &self,
        module: &OsStr,
        sha256: Digest,
        deadline: Instant,
        here: impl FnOnce(&LoadError) -> Result<Component, CniError>,
    ) -> Result<Component, CniError> {
        let (engine, path) = (self.program.engine()?, cache::path(&self.cache_dir, sha256));
        let load = || load_file(engine, &path);
        match (load(), &self.tool) {
            (Ok(component), _) => Ok(component),
            // A file that others could write is not simply written anew: they still could.
            (Err(error @ (LoadError::Untrusted(_) | LoadError::Unreadable(_))), Some(_)) => {
                Err(unusable(module.as_ref(), &error))
            }
            (Err(_), Some(tool)) => {
                let order = Compilation { tool, module, sha256, cache_dir: &self.cache_dir };
                order.carry_out(engine, deadline)?;
                load().map_err(|error| unusable(module.as_ref(), &error))
            }
            (Err(error), None) => here(&error),
        }
    }
}

fn unusable(path: &Path, error: &LoadError) -> CniError {
    let message = format!(
        "selector \"{}\" has no artefact that can be loaded: {error}; when that is put right, the next call compiles it",
        path.display()
    );
    CniError::new(code::SELECTOR, message)
}
