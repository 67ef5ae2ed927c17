//! The imports, which are all that a running selector sees of the host.

use std::time::Instant;

use serde::de::DeserializeOwned;
use serde_json::Value;
use wasmtime::component::{HasSelf, Linker};

use super::log::LogBook;
use crate::object::ObjectName;
use crate::selector::abi::{self, LogLevel};
use crate::selector::grants::{Grants, Home};
use crate::selector::sandbox::facts::{Answered, Consulted, Question};
use crate::selector::sandbox::limits::{Exceeded, LOGGED, Meter, QUESTIONS};
use crate::selector::sandbox::task::Bounds;
use crate::selector::sandbox::unanswered::{Unanswered, permit};
use crate::text::json_size;

/// Has a question answered.
pub type Ask = Box<dyn FnMut(Question) -> Result<Value, String> + Send>;

/// The state of one call.
pub struct State {
    ask: Ask,
    grants: Grants,
    home: Home,
    deadline: Instant,
    facts: Facts,
    /// What the selector uses.
    pub meter: Meter,
    /// What the selector logs.
    pub logs: LogBook,
    /// What the selector asked, and what it was answered.
    pub consulted: Vec<Consulted>,
}

impl State {
    /// The state of a new call, of a selector that is asked at `home`.
    pub fn new(bounds: &Bounds, home: Home, ask: Ask, deadline: Instant) -> Self {
        let Bounds { grants, limits, asked, .. } = bounds;
        Self {
            ask,
            grants: grants.clone(),
            home,
            deadline,
            facts: Facts { limit: limits.facts_bytes, before: *asked, bytes: 0 },
            meter: Meter::new(limits.memory),
            logs: LogBook::new(limits.log_bytes, limits.log_messages),
            consulted: Vec::new(),
        }
    }

    /// Asks, and records the answer. The outer error ends the call.
    fn consult<T: DeserializeOwned>(&mut self, question: Question) -> wasmtime::Result<Result<T, String>> {
        if self.consulted.len() >= QUESTIONS {
            return Err(wasmtime::Error::new(Exceeded::Questions));
        }
        self.check_deadline()?;
        permit(&question, &self.grants, &self.home).map_err(wasmtime::Error::new)?;
        self.facts.count(json_size(&question))?;
        let answer = (self.ask)(question.clone());
        let bytes = answer.as_ref().map_or_else(json_size, json_size);
        self.consulted.push(Consulted { question, answer: Answered::of(&answer, bytes) });
        self.facts.count(bytes)?;
        self.check_deadline()?;
        Ok(answer.and_then(|fact| serde_json::from_value(fact).map_err(|error| format!("malformed answer: {error}"))))
    }

    /// How many bytes were asked and answered.
    pub fn facts_bytes(&self) -> usize {
        self.facts.bytes
    }

    fn check_deadline(&self) -> wasmtime::Result<()> {
        if Instant::now() >= self.deadline {
            return Err(wasmtime::Error::new(Exceeded::Deadline));
        }
        Ok(())
    }
}

/// Counts the bytes that were asked and answered.
struct Facts {
    limit: usize,
    /// The bytes of the selectors before this one.
    before: usize,
    bytes: usize,
}

impl Facts {
    fn count(&mut self, bytes: usize) -> wasmtime::Result<()> {
        self.bytes = self.bytes.saturating_add(bytes);
        if self.before.saturating_add(self.bytes) > self.limit {
            return Err(wasmtime::Error::new(Exceeded::Facts { limit: self.limit }));
        }
        Ok(())
    }
}

/// What a store holds: the [`State`], and what a program adds to it.
pub trait Context: Send + 'static {
    /// The context of a new call.
    fn new(state: State) -> Self;
    /// The state, for the imports of the contract.
    fn state(&mut self) -> &mut State;
    /// The state after the call, with the program's own part brought into it.
    fn finish(self) -> State;
}

impl Context for State {
    fn new(state: State) -> Self {
        state
    }

    fn state(&mut self) -> &mut State {
        self
    }

    fn finish(self) -> State {
        self
    }
}

/// Links every import of the contract. Whether a selector may have it was checked when it was
/// loaded.
pub(super) fn link<T: Context>(linker: &mut Linker<T>) -> wasmtime::Result<()> {
    abi::types::add_to_linker::<T, HasSelf<State>>(linker, T::state)?;
    abi::log::add_to_linker::<T, HasSelf<State>>(linker, T::state)?;
    abi::pod::add_to_linker::<T, HasSelf<State>>(linker, T::state)?;
    abi::cluster::add_to_linker::<T, HasSelf<State>>(linker, T::state)?;
    abi::node::add_to_linker::<T, HasSelf<State>>(linker, T::state)
}

impl abi::types::Host for State {}

impl abi::log::Host for State {
    fn enabled(&mut self, level: LogLevel) -> wasmtime::Result<bool> {
        Ok(self.logs.enabled(level))
    }

    fn write(&mut self, level: LogLevel, message: String) -> wasmtime::Result<()> {
        // A message costs the guest only a few instructions, however long it is.
        if self.logs.hear(&message) > LOGGED {
            return Err(wasmtime::Error::new(Exceeded::Logged));
        }
        self.logs.write(level, message);
        Ok(())
    }
}

impl abi::pod::Host for State {
    fn labels(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, String>> {
        self.consult(Question::Labels)
    }

    fn service_account(&mut self) -> wasmtime::Result<Result<String, String>> {
        self.consult(Question::ServiceAccount)
    }

    fn owner(&mut self) -> wasmtime::Result<Result<Option<(String, String)>, String>> {
        self.consult(Question::Owner)
    }
}

impl abi::cluster::Host for State {
    fn get(
        &mut self,
        api_version: String,
        kind: String,
        namespace: Option<String>,
        name: String,
    ) -> wasmtime::Result<Result<Option<String>, String>> {
        let object = ObjectName::new(&api_version, &kind, namespace.as_deref(), &name)
            .map_err(|why| wasmtime::Error::new(Unanswered::Malformed(why)))?;
        self.consult(Question::Object(object))
    }

    fn namespace_labels(&mut self) -> wasmtime::Result<Result<Vec<(String, String)>, String>> {
        self.consult(Question::NamespaceLabels)
    }
}

impl abi::node::Host for State {
    fn traffic(&mut self, prefix: String) -> wasmtime::Result<Result<abi::node::Counters, String>> {
        let bytes = self.consult::<(u64, u64)>(Question::Traffic { prefix })?;
        Ok(bytes.map(|(rx_bytes, tx_bytes)| abi::node::Counters { rx_bytes, tx_bytes }))
    }

    fn traffic_rate(&mut self, prefix: String) -> wasmtime::Result<Result<abi::node::Rates, String>> {
        let bytes = self.consult::<(u64, u64)>(Question::TrafficRate { prefix })?;
        Ok(bytes.map(|(rx_bytes, tx_bytes)| abi::node::Rates { rx_bytes, tx_bytes }))
    }

    fn label(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, String>> {
        self.consult(Question::NodeLabel { key })
    }

    fn free_addresses(&mut self, network: String) -> wasmtime::Result<Result<Option<u64>, String>> {
        self.consult(Question::FreeAddresses { network })
    }
}
