//! A selector that is ready to be asked.

use std::path::PathBuf;
use std::sync::mpsc;
use std::thread;
use std::time::Instant;

use wasmtime::component::Component;

use super::abi::About;
use super::child;
use super::facts::{Facts, Nothing};
use super::grants::{self, Grants};
use super::limits::Limits;
use super::module;
use super::run::{self, Answer, Bounds, Prepared, Ran, Task};
use crate::cni::{CniError, code};

/// A selector in memory. Cheap to clone.
#[derive(Clone)]
pub struct LoadedSelector {
    name: String,
    imports: Vec<String>,
    merges: bool,
    runner: Runner,
}

#[derive(Clone)]
enum Runner {
    /// In this process.
    Here(Prepared),
    /// In a child of this program, which loads this artefact.
    #[cfg_attr(feature = "tool", expect(dead_code, reason = "the tool runs everything itself"))]
    Child { tool: PathBuf, artefact: PathBuf },
}

impl std::fmt::Debug for LoadedSelector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("LoadedSelector")
            .field("name", &self.name)
            .field("imports", &self.imports)
            .finish_non_exhaustive()
    }
}

impl LoadedSelector {
    /// `child` is what runs it when it imports WASI and this process has none:
    /// the path of `genie-host`, and of the artefact.
    pub(super) fn new(name: &str, component: &Component, child: Option<(PathBuf, PathBuf)>) -> Result<Self, CniError> {
        let imports = module::check(name, component)?;
        let runner = runner(name, &imports, component, child)?;
        Ok(Self { name: name.into(), imports, merges: run::has_merge(component), runner })
    }

    /// The interfaces that it imports.
    pub fn imports(&self) -> &[String] {
        &self.imports
    }

    /// Whether it exports `merge`.
    pub fn merges(&self) -> bool {
        self.merges
    }

    /// What it says about itself. It is asked with the default limits and
    /// without facts.
    pub fn describe(&self, deadline: Instant) -> Result<About, CniError> {
        let bounds =
            Bounds { selector: self.name.clone(), grants: Grants::default(), limits: Limits::default(), asked: 0 };
        match self.run(Task::Describe, &bounds, &Nothing, deadline).answer? {
            Answer::About(about) => Ok(about),
            _ => Err(mismatched(&self.name)),
        }
    }

    /// Runs a task.
    pub(super) fn run(&self, task: Task, bounds: &Bounds, facts: &dyn Facts, deadline: Instant) -> Ran {
        match &self.runner {
            Runner::Here(prepared) if self.imports.iter().any(|import| grants::is_fact(import)) => {
                run_beside(prepared, &task, bounds, facts, deadline)
            }
            Runner::Here(prepared) => {
                prepared.run(&task, bounds, Box::new(|_| Err("it imports no facts".into())), deadline)
            }
            Runner::Child { tool, artefact } => child::run(tool, artefact, task, bounds, facts, deadline),
        }
    }
}

/// Only a child that does not speak our protocol gets here.
pub(super) fn mismatched(selector: &str) -> CniError {
    CniError::new(code::SELECTOR, format!("selector {selector:?} was asked one thing and answered another"))
}

#[cfg(feature = "tool")]
fn runner(name: &str, _: &[String], component: &Component, _: Option<(PathBuf, PathBuf)>) -> Result<Runner, CniError> {
    Prepared::new(name, component).map(Runner::Here)
}

#[cfg(not(feature = "tool"))]
fn runner(
    name: &str,
    imports: &[String],
    component: &Component,
    child: Option<(PathBuf, PathBuf)>,
) -> Result<Runner, CniError> {
    let reason = if imports.iter().any(|import| grants::is_wasi(import)) {
        "imports WASI"
    } else if has_memories(component) {
        "has more than one memory"
    } else {
        return Prepared::new(name, component).map(Runner::Here);
    };
    match child {
        Some((tool, artefact)) => Ok(Runner::Child { tool, artefact }),
        None => Err(CniError::new(
            code::SELECTOR,
            format!("selector {name:?} {reason}, which takes genie-host: install it beside this plugin"),
        )),
    }
}

/// Whether there are memories that texts can be copied between. That is Wasmtime's work,
/// which costs no fuel, so only the end of a child is sure to end it at the deadline.
#[cfg(not(feature = "tool"))]
fn has_memories(component: &Component) -> bool {
    component.resources_required().is_none_or(|required| required.num_memories > 1)
}

/// Runs the task in a thread and answers its questions in this one: a store may
/// not borrow, the facts of a call do.
fn run_beside(prepared: &Prepared, task: &Task, bounds: &Bounds, facts: &dyn Facts, deadline: Instant) -> Ran {
    let (question, questions) = mpsc::channel();
    let (answer, answers) = mpsc::channel();
    let ask = Box::new(move |asked| {
        let gone = "the host no longer answers";
        question.send(asked).map_err(|_| gone)?;
        answers.recv().map_err(|_| gone)?
    });
    let ran = thread::scope(|scope| {
        let thread = thread::Builder::new().spawn_scoped(scope, || prepared.run(task, bounds, ask, deadline))?;
        // Ends when the store, and `ask` with it, is gone.
        for asked in questions {
            if answer.send(asked.ask(facts)).is_err() {
                break;
            }
        }
        thread.join().map_err(|_| std::io::Error::other("it ended in a panic of the host"))
    });
    ran.unwrap_or_else(|error| {
        let message = format!("selector {:?} cannot be run: {error}", bounds.selector);
        Ran::failed(CniError::new(code::SELECTOR, message))
    })
}
