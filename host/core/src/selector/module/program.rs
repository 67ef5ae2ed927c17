//! What the two programs do in different ways.

use std::path::PathBuf;
use std::sync::Arc;

use wasmtime::Engine;
use wasmtime::component::Component;

use crate::cni::{CniError, code};
use crate::selector::sandbox::run::Run;

/// One of the two programs, the plugin or `genie-host`.
pub trait Program: Send + Sync {
    /// The engine that selectors run on: that of [`crate::selector::artefact::engine::start`], with
    /// this program's own settings.
    ///
    /// # Errors
    /// The engine does not start on this machine.
    fn engine(&self) -> Result<&'static Engine, CniError>;

    /// The built-in selector of this name, one of [`super::built_in_names`].
    ///
    /// # Errors
    /// The selector does not load, because the program is not complete.
    fn built_in(&self, name: &str) -> Result<BuiltIn, CniError>;

    /// The compiler; none in a program without one.
    fn compiler(&self) -> Option<Compiler>;

    /// The reason why a child has to run a component, as the end of a sentence that begins with
    /// "it". The result is none when this program runs it.
    fn needs_child(&self, component: &Component, imports: &[String]) -> Option<&'static str>;

    /// Makes a component ready to be run in this process.
    ///
    /// # Errors
    /// The component does not fit this host.
    fn prepare(&self, selector: &str, component: &Component) -> Result<Arc<dyn Run>, CniError>;

    /// The path of `genie-host`, which compiles modules, runs those that this program does not, and
    /// asks the API server.
    fn tool(&self) -> PathBuf;
}

/// A built-in selector in the form that a program has.
pub enum BuiltIn {
    /// A component that was compiled with the program.
    Ready(Component),
    /// The component's bytes.
    Component(&'static [u8]),
}

/// Compiles a module for use in this process. The first parameter is the selector's name, for
/// messages; the second is the module's bytes.
pub type Compiler = fn(&str, &[u8]) -> Result<Component, CniError>;

/// A program that knows the built-in selectors by their names and runs none, for tests and fuzzing
/// that only read configurations.
pub struct NamesOnly;

impl NamesOnly {
    fn unable() -> CniError {
        CniError::new(code::SELECTOR, "this program runs no selectors")
    }
}

impl Program for NamesOnly {
    fn engine(&self) -> Result<&'static Engine, CniError> {
        Err(Self::unable())
    }

    fn built_in(&self, _: &str) -> Result<BuiltIn, CniError> {
        Err(Self::unable())
    }

    fn compiler(&self) -> Option<Compiler> {
        None
    }

    fn needs_child(&self, _: &Component, _: &[String]) -> Option<&'static str> {
        None
    }

    fn prepare(&self, _: &str, _: &Component) -> Result<Arc<dyn Run>, CniError> {
        Err(Self::unable())
    }

    fn tool(&self) -> PathBuf {
        PathBuf::from("genie-host")
    }
}
