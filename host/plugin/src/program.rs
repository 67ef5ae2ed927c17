//! What this program hands in to core: it holds no compiler and no WASI, and has the built-in
//! selectors inside, compiled.

use std::path::PathBuf;
use std::sync::{Arc, OnceLock};

use genie_core::cni::{CniError, code};
use genie_core::selector::artefact::engine;
use genie_core::selector::contract;
use genie_core::selector::module::{BuiltIn, Compiler, Program};
use genie_core::selector::sandbox::imports::State;
use genie_core::selector::sandbox::run::{self, Linked, Run};
use wasmtime::Engine;
use wasmtime::component::{Component, Linker};

use crate::{built_in, in_place};

/// The plugin.
pub struct Plugin;

impl Program for Plugin {
    fn engine(&self) -> Result<&'static Engine, CniError> {
        static ENGINE: OnceLock<Result<Engine, CniError>> = OnceLock::new();
        ENGINE.get_or_init(|| engine::start(in_place::allow)).as_ref().map_err(Clone::clone)
    }

    fn built_in(&self, name: &str) -> Result<BuiltIn, CniError> {
        let artefact = built_in::artefact(name).unwrap_or_default();
        in_place::load(self.engine()?, artefact).map(BuiltIn::Ready).map_err(|error| {
            let message =
                format!("the built-in selector {name:?} does not load: install a complete build of genie-host");
            CniError::new(code::SELECTOR, message).with_details(format!("{error:#}"))
        })
    }

    fn compiler(&self) -> Option<Compiler> {
        None
    }

    fn needs_child(&self, component: &Component, imports: &[String]) -> Option<&'static str> {
        contract::needs_child(component, imports)
    }

    fn prepare(&self, selector: &str, component: &Component) -> Result<Arc<dyn Run>, CniError> {
        // A chain has several selectors, and making a linker takes longer than using it.
        static LINKER: OnceLock<Result<Linker<State>, CniError>> = OnceLock::new();
        let linker = LINKER.get_or_init(|| run::linker(component.engine())).as_ref().map_err(Clone::clone)?;
        Ok(Arc::new(Linked::new(selector, component, linker)?))
    }

    /// The path of `genie-host`, which is installed beside the plugin.
    fn tool(&self) -> PathBuf {
        std::env::current_exe().unwrap_or_default().with_file_name("genie-host")
    }
}
