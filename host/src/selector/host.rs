//! What a running selector sees of the host: its imports.

use std::time::Instant;

use serde::de::DeserializeOwned;
use serde_json::Value;
use wasmtime::component::{HasSelf, Linker};

use super::abi::{self, LogLevel};
use super::facts::{Answered, Consulted, Question};
use super::grants::{Grants, Home};
use super::limits::{Exceeded, LOGGED, Meter, QUESTIONS};
use super::run::Bounds;
use super::text::{json_size, one_line};
use super::trace::Log;
use super::unanswered::{Unanswered, check};
use crate::object::ObjectName;

/// Gets a question answered. A store may not borrow, so whatever holds the facts
/// answers at the other end of this.
pub(super) type Ask = Box<dyn FnMut(Question) -> Result<Value, String> + Send>;

/// What belongs to one call.
pub(super) struct State {
    ask: Ask,
    grants: Grants,
    home: Home,
    deadline: Instant,
    facts: Facts,
    pub(super) meter: Meter,
    pub(super) logs: LogBook,
    pub(super) consulted: Vec<Consulted>,
    /// Made when it is first used: most selectors import no WASI.
    #[cfg(feature = "tool")]
    pub(super) wasi: Option<super::wasi::Wasi>,
}

impl State {
    pub(super) fn new(bounds: &Bounds, home: Home, ask: Ask, deadline: Instant) -> Self {
        let Bounds { grants, limits, asked, .. } = bounds;
        Self {
            ask,
            grants: grants.clone(),
            home,
            deadline,
            facts: Facts { limit: limits.facts_bytes, before: *asked, bytes: 0 },
            meter: Meter::new(limits.memory),
            logs: LogBook {
                messages: Vec::new(),
                bytes: limits.log_bytes,
                count: limits.log_messages,
                dropped: 0,
                heard: 0,
                error: None,
            },
            consulted: Vec::new(),
            #[cfg(feature = "tool")]
            wasi: None,
        }
    }

    /// Asks, and records the answer. The outer error ends the call.
    fn consult<T: DeserializeOwned>(&mut self, question: Question) -> wasmtime::Result<Result<T, String>> {
        if self.consulted.len() >= QUESTIONS {
            return Err(wasmtime::Error::new(Exceeded::Questions));
        }
        self.check_deadline()?;
        check(&question, &self.grants, &self.home).map_err(wasmtime::Error::new)?;
        self.facts.count(json_size(&question))?;
        let answer = (self.ask)(question.clone());
        let bytes = answer.as_ref().map_or_else(json_size, json_size);
        self.consulted.push(Consulted { question, answer: Answered::of(&answer, bytes) });
        self.facts.count(bytes)?;
        self.check_deadline()?;
        Ok(answer.and_then(|fact| serde_json::from_value(fact).map_err(|error| format!("malformed answer: {error}"))))
    }

    /// Bytes of what was asked and answered.
    pub(super) fn facts_bytes(&self) -> usize {
        self.facts.bytes
    }

    fn check_deadline(&self) -> wasmtime::Result<()> {
        if Instant::now() >= self.deadline {
            return Err(wasmtime::Error::new(Exceeded::Deadline));
        }
        Ok(())
    }
}

/// How much was asked and answered.
struct Facts {
    limit: usize,
    /// By the selectors before this one.
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

/// The messages of one call. What is too much is dropped and counted: a chatty
/// selector still decides the same.
pub(super) struct LogBook {
    messages: Vec<Log>,
    bytes: usize,
    count: usize,
    dropped: usize,
    /// Bytes of all messages, dropped or not.
    heard: usize,
    /// The last error, also when the book is full: a panic's message comes last.
    error: Option<String>,
}

impl LogBook {
    /// Whether another message of this level would be kept. One that the guest
    /// then does not write counts as dropped.
    fn enabled(&mut self, level: LogLevel) -> bool {
        let enabled = level == LogLevel::Error || (self.count > 0 && self.bytes > 0);
        self.dropped += usize::from(!enabled);
        enabled
    }

    pub(super) fn write(&mut self, level: LogLevel, message: String) {
        if level == LogLevel::Error {
            self.error = Some(one_line(&message));
        }
        if self.count == 0 || message.len() > self.bytes {
            self.dropped += 1;
            return;
        }
        self.count -= 1;
        self.bytes -= message.len();
        self.messages.push(Log { level, message });
    }

    /// The last error: what a panic hook wrote before it ended the call.
    pub(super) fn last_error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The messages that were kept, with a note on those that were not.
    pub(super) fn finish(mut self) -> Vec<Log> {
        if self.dropped > 0 {
            let message =
                format!("{} more messages were dropped (limits.log_bytes, limits.log_messages)", self.dropped);
            self.messages.push(Log { level: LogLevel::Warn, message });
        }
        self.messages
    }
}

/// Offers every import of the ABI. Whether a selector may have it was checked
/// when it was loaded.
pub(super) fn link(linker: &mut Linker<State>) -> wasmtime::Result<()> {
    abi::types::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    abi::log::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    abi::pod::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    abi::cluster::add_to_linker::<State, HasSelf<State>>(linker, |state| state)?;
    abi::node::add_to_linker::<State, HasSelf<State>>(linker, |state| state)
}

impl abi::types::Host for State {}

impl abi::log::Host for State {
    fn enabled(&mut self, level: LogLevel) -> wasmtime::Result<bool> {
        Ok(self.logs.enabled(level))
    }

    fn write(&mut self, level: LogLevel, message: String) -> wasmtime::Result<()> {
        // A message costs the guest a few instructions, however long it is.
        self.logs.heard = self.logs.heard.saturating_add(message.len());
        if self.logs.heard > LOGGED {
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
}

impl abi::node::Host for State {
    fn traffic(&mut self, prefix: String) -> wasmtime::Result<Result<abi::node::Counters, String>> {
        let bytes = self.consult::<(u64, u64)>(Question::Traffic { prefix })?;
        Ok(bytes.map(|(rx_bytes, tx_bytes)| abi::node::Counters { rx_bytes, tx_bytes }))
    }

    fn label(&mut self, key: String) -> wasmtime::Result<Result<Option<String>, String>> {
        self.consult(Question::NodeLabel { key })
    }

    fn free_addresses(&mut self, network: String) -> wasmtime::Result<Result<Option<u64>, String>> {
        self.consult(Question::FreeAddresses { network })
    }
}
