//! A selector that is ready to be asked.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Instant;

use wasmtime::component::Component;

use super::Program;
use crate::cni::{CniError, code};
use crate::selector::abi::About;
use crate::selector::child;
use crate::selector::contract::{self, Imports};
use crate::selector::grants::Grants;
use crate::selector::sandbox::facts::{Facts, Nothing};
use crate::selector::sandbox::limits::Limits;
use crate::selector::sandbox::run::{Ran, Run};
use crate::selector::sandbox::task::{Bounds, Task, TaskAnswer};

/// A selector in memory. Cheap to clone.
#[derive(Clone)]
pub struct LoadedSelector {
    name: String,
    imports: Imports,
    merges: bool,
    runner: Runner,
}

#[derive(Clone)]
enum Runner {
    /// Runs the selector in this process.
    Here(Arc<dyn Run>),
    /// Runs the selector in a child of the program `tool`, which loads this artefact.
    Child { tool: PathBuf, artefact: PathBuf },
}

impl std::fmt::Debug for LoadedSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedSelector")
            .field("name", &self.name)
            .field("imports", &self.imports.names)
            .finish_non_exhaustive()
    }
}

impl LoadedSelector {
    /// Makes a selector of a component. If `program` does not run it itself, `child` does: the
    /// paths of `genie-host` and of the artefact.
    ///
    /// # Errors
    /// The component is no selector, or none that this host can run; or it needs a child and there
    /// is none.
    pub fn new(
        program: &dyn Program,
        name: &str,
        component: &Component,
        child: Option<(PathBuf, PathBuf)>,
    ) -> Result<Self, CniError> {
        let imports = contract::imports_of(name, component)?;
        let runner = match (program.needs_child(component, &imports.names), child) {
            (None, _) => Runner::Here(program.prepare(name, component)?),
            (Some(_), Some((tool, artefact))) => Runner::Child { tool, artefact },
            (Some(reason), None) => {
                let message =
                    format!("selector {name:?} {reason}, which takes genie-host: install it beside this plugin");
                return Err(CniError::new(code::SELECTOR, message));
            }
        };
        Ok(Self { name: name.into(), imports, merges: contract::has_merge(component), runner })
    }

    /// What the selector imports.
    pub fn imports(&self) -> &Imports {
        &self.imports
    }

    /// Whether the selector exports `merge`.
    pub fn merges(&self) -> bool {
        self.merges
    }

    /// What the selector says about itself. It is asked with the default limits and without facts.
    pub fn describe(&self, deadline: Instant) -> Result<About, CniError> {
        let bounds =
            Bounds { selector: self.name.clone(), grants: Grants::default(), limits: Limits::default(), asked: 0 };
        match self.run(Task::Describe, &bounds, &Nothing::shared(), deadline).answer? {
            TaskAnswer::About(about) => Ok(about),
            _ => Err(mismatched(&self.name)),
        }
    }

    /// Runs a task.
    pub fn run(&self, task: Task, bounds: &Bounds, facts: &Arc<dyn Facts>, deadline: Instant) -> Ran {
        match &self.runner {
            Runner::Here(prepared) => {
                let facts = Arc::clone(facts);
                prepared.run(&task, bounds, Box::new(move |asked| facts.answer(&asked)), deadline)
            }
            Runner::Child { tool, artefact } => child::run::run(tool, artefact, task, bounds, &**facts, deadline),
        }
    }
}

/// The error for an answer to another task. Only a child that does not speak our protocol gives
/// one.
pub fn mismatched(selector: &str) -> CniError {
    CniError::new(code::SELECTOR, format!("selector {selector:?} was asked one thing and answered another"))
}
