//! This program as the selectors' room sees it: it holds the compiler and WASI.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use genie_core::cni::{CniError, code};
use genie_core::digest::Digest;
use genie_core::selector::artefact::cache;
use genie_core::selector::contract;
use genie_core::selector::module::{BuiltIn, Compiler, Loader, Program};
use genie_core::selector::sandbox::run::{self, Linked, Run};
use wasmtime::Engine;
use wasmtime::component::Component;

use super::engine::engine;
use super::wasi::{self, WithWasi};
use super::{built_in, compile};

/// The program `genie-host` as a command, which runs every selector itself.
pub static PROGRAM: &dyn Program = &Tool { is_on_node: false };

/// The program `genie-host` as a part of the agent: it runs selectors as the plugin does, those
/// with WASI in a confined child.
pub static ON_NODE: &dyn Program = &Tool { is_on_node: true };

/// The loader for commands, which any user may run. Compiled selectors are kept in this cache if it
/// can be used, else in the user's own, else in memory.
pub fn loader(cache_dir: &Path) -> Loader {
    match cache::usable(cache_dir) {
        Some(usable) => Loader::new(PROGRAM, usable, std::env::current_exe().ok()),
        None => Loader::new(PROGRAM, cache_dir, None),
    }
}

/// Whether the artefact of the module with this digest exists and loads. The result is false when
/// the module has to be compiled.
///
/// # Errors
/// The artefact exists and is not loaded. The message says why.
pub fn is_compiled(cache_dir: &Path, digest: Digest) -> Result<bool, String> {
    cache::holds(engine().map_err(|error| error.to_string())?, cache_dir, digest)
}

struct Tool {
    is_on_node: bool,
}

impl Program for Tool {
    fn engine(&self) -> Result<&'static Engine, CniError> {
        engine()
    }

    fn built_in(&self, name: &str) -> Result<BuiltIn, CniError> {
        let component = built_in::component(name);
        let missing = || CniError::new(code::SELECTOR, format!("there is no built-in selector {name:?}"));
        component.map(BuiltIn::Component).ok_or_else(missing)
    }

    fn compiler(&self) -> Option<Compiler> {
        Some(compile::compile)
    }

    fn needs_child(&self, component: &Component, imports: &[String]) -> Option<&'static str> {
        if self.is_on_node { contract::needs_child(component, imports) } else { None }
    }

    fn prepare(&self, selector: &str, component: &Component) -> Result<Arc<dyn Run>, CniError> {
        prepare(selector, component)
    }

    fn tool(&self) -> PathBuf {
        // This program's path is another one once the host's file system is the root.
        if self.is_on_node { "/proc/self/exe".into() } else { std::env::current_exe().unwrap_or_default() }
    }
}

/// Makes a component ready to run. It gets WASI if it imports that.
///
/// # Errors
/// The component does not fit this host.
pub fn prepare(selector: &str, component: &Component) -> Result<Arc<dyn Run>, CniError> {
    let mut linker = run::linker::<WithWasi>(component.engine())?;
    wasi::link(&mut linker, component).map_err(|error| run::unlinked(&error))?;
    Ok(Arc::new(Linked::new(selector, component, &linker)?))
}
