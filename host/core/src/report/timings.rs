//! What a call did and how long its parts took. The agent is told when the runtime has its answer.

use std::cell::{Cell, RefCell};
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::agent_api::client;
use crate::agent_api::protocol::{CallReport, NetworkTime, Part, SelectorRun};
use crate::cni::{Call, CniArgs, CniError, NetworkList, Verb};
use crate::pod::Identity;
use crate::selector::decision::Step;
use crate::time::micros;

/// What is noted while a call runs.
pub struct Timings {
    started: Instant,
    /// When the last part ended.
    lap: Cell<Instant>,
    report: RefCell<CallReport>,
    /// The decision of an ADD that failed.
    refused: RefCell<Option<Value>>,
}

impl Timings {
    /// A call that began at `started`.
    pub fn since(started: Instant) -> Self {
        Self { started, lap: Cell::new(started), report: RefCell::default(), refused: RefCell::default() }
    }

    /// Notes that a part has ended. It took the time since the part before.
    pub fn part(&self, part: Part) {
        let now = Instant::now();
        let took = micros(now.saturating_duration_since(self.lap.replace(now)));
        self.report.borrow_mut().parts.push((part, took));
    }

    /// Notes that a network's delegates have ended, after `micros` microseconds.
    pub fn network(&self, list: &NetworkList, interface: &str, micros: u64, failed: bool) {
        self.report.borrow_mut().networks.push(NetworkTime {
            network: list.name.clone(),
            plugin: list.types().first().copied().unwrap_or_default().to_owned(),
            interface: interface.to_owned(),
            micros,
            failed,
        });
    }

    /// Notes that the chain has decided, or failed. Loading the selectors is a part of its own.
    pub fn selectors(&self, trace: &[Step]) {
        let load: u64 = trace.iter().map(|step| step.load_micros).sum();
        self.lap.set(self.lap.get() + Duration::from_micros(load));
        self.report.borrow_mut().parts.push((Part::Load, load));
        let ran = trace.iter().filter(|step| step.outcome.is_asked());
        self.report.borrow_mut().selectors.extend(ran.map(|step| SelectorRun {
            name: step.selector.clone(),
            outcome: step.outcome.name().into(),
            fuel: step.usage.fuel,
            micros: step.micros,
        }));
    }

    /// Notes what was decided for a pod that does not get its networks.
    pub fn refused(&self, decision: Value) {
        *self.refused.borrow_mut() = Some(decision);
    }

    /// What was decided for a pod that did not get its networks, and which of them were tried. The
    /// decision is none if the call did not come that far.
    pub fn take_refused(&self) -> (Option<Value>, Vec<NetworkTime>) {
        (self.refused.borrow_mut().take(), self.report.borrow().networks.clone())
    }

    /// Tells the agent how the call ended. STATUS and VERSION, which the runtime asks every few
    /// seconds, are told only when they fail.
    pub fn tell<T>(self, socket: &Path, call: &Call, ended: &Result<T, CniError>) {
        if ended.is_ok() && matches!(call.verb, Verb::Status | Verb::Version) {
            return;
        }
        self.part(Part::Answer);
        let pod = Identity::from_args(&CniArgs::new(&call.args));
        let error = ended.as_ref().err();
        client::report(
            socket,
            CallReport {
                verb: call.verb.as_str().into(),
                code: error.map(|error| error.code),
                message: error.map(ToString::to_string),
                container: call.container.clone(),
                interface: call.interface.clone(),
                pod: pod.recorded(),
                micros: micros(self.started.elapsed()),
                ..self.report.into_inner()
            },
        );
    }
}
