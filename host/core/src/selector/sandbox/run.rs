//! Runs one function of a selector in a store of its own.

use std::time::Instant;

use wasmtime::component::{Component, InstancePre, Linker};
use wasmtime::{Engine, Store, Trap};

use super::imports::{self, Ask, Context, State};
use super::log::Log;
use super::task::{Bounds, Task, TaskAnswer};
use crate::cni::{CniError, code};
use crate::selector::abi::{LogLevel, merge, select};
use crate::selector::contract::{ADDRESS_SPACE, has_merge};
use crate::selector::sandbox::facts::Consulted;
use crate::selector::sandbox::limits::{Exceeded, HANDLES, Limits, Usage, show_bytes};
use crate::selector::sandbox::unanswered::Unanswered;
use crate::text::one_line;

/// How a call ended.
pub struct Ran {
    /// The answer, or the error when there is none, such as a trap or a limit.
    pub answer: Result<TaskAnswer, CniError>,
    /// What the selector used.
    pub usage: Usage,
    /// What the selector logged.
    pub logs: Vec<Log>,
    /// What the selector asked, and what it was answered.
    pub consulted: Vec<Consulted>,
}

impl Ran {
    /// A call that failed before the selector ran.
    pub fn failed(error: CniError) -> Self {
        Self { answer: Err(error), usage: Usage::default(), logs: Vec::new(), consulted: Vec::new() }
    }
}

/// A component whose imports and exports fit this host.
pub struct Linked<T: Context> {
    pre: InstancePre<T>,
    select: select::GuestIndices,
    merge: Option<merge::GuestIndices>,
}

/// Runs tasks: a [`Linked`] component, whatever its store holds.
pub trait Run: Send + Sync {
    /// Runs the task. The store is made for it and dropped with it: a call, or a trap, leaves
    /// nothing for the next one.
    fn run(&self, task: &Task, bounds: &Bounds, ask: Ask, deadline: Instant) -> Ran;
}

/// A linker with all imports of the contract. It serves any number of components.
///
/// # Errors
/// [`code::SELECTOR`] when the engine does not take them.
pub fn linker<T: Context>(engine: &Engine) -> Result<Linker<T>, CniError> {
    let mut linker = Linker::new(engine);
    imports::link(&mut linker).map_err(|error| unlinked(&error))?;
    Ok(linker)
}

/// The error for imports that the engine does not take.
pub fn unlinked(error: &wasmtime::Error) -> CniError {
    let message = "the imports of selectors cannot be linked, which is a defect in genie-host";
    CniError::new(code::SELECTOR, message).with_details(format!("{error:#}"))
}

impl<T: Context> Linked<T> {
    /// Checks a component's imports and exports. Grants are not checked here.
    ///
    /// # Errors
    /// [`code::SELECTOR`] when the component does not fit this host.
    pub fn new(selector: &str, component: &Component, linker: &Linker<T>) -> Result<Self, CniError> {
        let misfit = |error: wasmtime::Error| {
            let message = format!(
                "selector {selector:?} does not fit this host: build it against genie:selector@0.1 as this \
                 genie-host has it"
            );
            CniError::new(code::SELECTOR, message).with_details(format!("{error:#}"))
        };
        let pre = linker.instantiate_pre(component).map_err(misfit)?;
        let select = select::GuestIndices::new(&pre).map_err(misfit)?;
        let merge = has_merge(component).then(|| merge::GuestIndices::new(&pre)).transpose().map_err(misfit)?;
        Ok(Self { pre, select, merge })
    }

    fn call(&self, store: &mut Store<T>, task: &Task) -> wasmtime::Result<TaskAnswer> {
        let instance = self.pre.instantiate(&mut *store)?;
        match task {
            Task::Describe => {
                let guest = self.select.load(&mut *store, &instance)?;
                guest.call_describe(store).map(TaskAnswer::About)
            }
            Task::Select { request, settings } => {
                let guest = self.select.load(&mut *store, &instance)?;
                guest.call_select(store, request, settings).map(TaskAnswer::Verdict)
            }
            Task::Merge { request, plan, outcomes, settings } => {
                let merge = self.merge.as_ref().ok_or_else(|| wasmtime::Error::msg("it exports no merge"))?;
                let guest = merge.load(&mut *store, &instance)?;
                guest.call_merge(store, request, plan, outcomes, settings).map(TaskAnswer::Merged)
            }
        }
    }
}

impl<T: Context> Run for Linked<T> {
    fn run(&self, task: &Task, bounds: &Bounds, ask: Ask, deadline: Instant) -> Ran {
        let limits = &bounds.limits;
        let mut store = Store::new(self.pre.engine(), T::new(State::new(bounds, task.home(), ask, deadline)));
        store.limiter(|context| &mut context.state().meter);
        store.set_hostcall_fuel(limits.output_bytes);
        store.set_max_component_handles(HANDLES);
        let answer = store.set_fuel(limits.fuel).and_then(|()| self.call(&mut store, task));
        // Without fuel metering there is no answer either, so this zero is never shown.
        let left = store.get_fuel().unwrap_or_default();

        let mut state = store.into_data().finish();
        let answer = answer.map_err(|error| {
            let told = explain(&error, bounds, state.logs.last_error());
            // The backtrace is for the selector's author, and not for an event.
            state.logs.write(LogLevel::Debug, format!("{error:#}"));
            told
        });
        Ran {
            answer,
            usage: Usage {
                fuel: limits.fuel.saturating_sub(left),
                memory: state.meter.peak(),
                facts: state.facts_bytes(),
            },
            logs: state.logs.finish(),
            consulted: state.consulted,
        }
    }
}

/// Says what went wrong, at which limit, and what to do about it.
fn explain(error: &wasmtime::Error, bounds: &Bounds, last_error: Option<&str>) -> CniError {
    let Bounds { selector, limits, .. } = bounds;
    let what = if let Some(exceeded) = error.downcast_ref::<Exceeded>() {
        exceeded.to_string()
    } else if let Some(unanswered) = error.downcast_ref::<Unanswered>() {
        unanswered.to_string()
    } else {
        match error.downcast_ref::<Trap>() {
            Some(Trap::OutOfFuel) => format!(
                "ran out of its fuel limit of {}: it loops, or has much to do; if so, raise limits.fuel",
                limits.fuel
            ),
            Some(Trap::UnreachableCodeReached) => match last_error {
                Some(message) => format!("panicked: {}", one_line(message)),
                None => "panicked, and logged no error before".into(),
            },
            Some(Trap::StackOverflow) => "overflowed its stack: it recurses too deeply".into(),
            Some(trap) => format!("trapped: {trap}"),
            None if is_out_of_memory(error) => format!(
                "cannot have its memory: a selector takes {} GiB of address space, which is no memory, and the machine or \
                 the service that called genie has no more (systemd: LimitAS=)",
                ADDRESS_SPACE >> 30
            ),
            None => stopped(&error.root_cause().to_string(), limits),
        }
    };
    let code = if let Some(Exceeded::Deadline) = error.downcast_ref() {
        code::TRY_AGAIN
    } else if let Some(Unanswered::Ungranted(_)) = error.downcast_ref() {
        code::INVALID_CONFIG
    } else {
        code::SELECTOR
    };
    CniError::new(code, format!("selector {selector:?} {what}"))
}

fn is_out_of_memory(error: &wasmtime::Error) -> bool {
    error.root_cause().downcast_ref() == Some(&rustix::io::Errno::NOMEM)
}

/// Wasmtime has no type for the error of a call that hands over too much, so its text is looked at.
/// A test makes sure that the text is still the same.
fn stopped(reason: &str, limits: &Limits) -> String {
    if reason.starts_with("too much data is being copied") {
        let limit = show_bytes(limits.output_bytes);
        return format!("handed over more than its limit of {limit} at once; if it has to, raise limits.output_bytes");
    }
    format!("was stopped: {}", one_line(reason))
}
