//! Calls a list of plugins for one interface of one container: ADD, DEL and CHECK as libcni does
//! them.

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::{Map, Value};

use super::exec::Exec;
use super::failure::{Cause, Failure, reword_for_del};
use super::find::find;
use crate::cni::{CniError, CniResult, NetworkList, Secrets, Verb, Version, code};

/// One attachment: a list of plugins, and all that a runtime tells them.
#[derive(Clone, Copy, Debug)]
pub struct Attach<'a> {
    /// The network's plugins.
    pub list: &'a NetworkList,
    /// The container's id.
    pub container: &'a str,
    /// The path of the container's network namespace; none when it is gone, which only DEL accepts.
    pub netns: Option<&'a str>,
    /// The interface inside the container.
    pub interface: &'a str,
    /// `CNI_ARGS`, passed on as it is.
    pub args: &'a str,
    /// Values for the capabilities that plugins declare.
    pub runtime_config: &'a Map<String, Value>,
    /// The directories in which plugins are searched, and their `CNI_PATH`.
    pub path: &'a [PathBuf],
    /// When a running plugin is killed and no further one is started.
    pub deadline: Instant,
}

/// An ADD that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddFailure {
    /// The failed plugin's code and message.
    pub error: CniError,
    /// How many plugins were started, the failed one included: the number to undo
    /// ([`Attach::del`]).
    pub ran: usize,
}

impl Attach<'_> {
    /// Runs the plugins in order, each with the result of the one before. Returns the last result:
    /// what the plugin printed, with `cniVersion` filled in when the plugin left it out. A failed
    /// ADD is for the caller to undo, which knows what else has to be undone.
    ///
    /// # Errors
    /// The first failure: a plugin's own error, or that of a plugin which cannot be run or whose
    /// result cannot be used (damaged, or dangerous to a runtime).
    pub fn add(&self) -> Result<Value, AddFailure> {
        let mut result = None;
        for index in 0..self.list.plugins.len() {
            result = Some(self.add_one(index, result.as_ref())?);
        }
        result.ok_or_else(|| AddFailure { error: self.empty(), ran: 0 })
    }

    fn add_one(&self, index: usize, previous: Option<&Value>) -> Result<Value, AddFailure> {
        // A plugin that has not started leaves nothing to undo.
        let prev_result = previous
            .map(|previous| self.as_prev_result(previous))
            .transpose()
            .map_err(|error| AddFailure { error: self.context(index, "add", error), ran: index })?;
        let output = self.run(index, Verb::Add, prev_result.as_ref()).map_err(|failure| AddFailure {
            ran: if failure.cause == Cause::NotStarted { index } else { index + 1 },
            error: self.context(index, "add", failure.error),
        })?;
        self.read_result(&output)
            .map_err(|error| AddFailure { error: self.context(index, "add", error), ran: index + 1 })
    }

    /// Undoes the first `first` plugins, in reverse order. `prev_result` is the final result of
    /// ADD, if there was one; lists before 0.4.0 do not get it.
    ///
    /// Stops at the first error, as libcni does: a plugin that failed may still need what an
    /// earlier one made to be undone. The caller keeps the record, and the runtime's next DEL tries
    /// again.
    ///
    /// # Errors
    /// The first failure. Its text never reads as "there is nothing left to delete", which a
    /// runtime would take for success.
    pub fn del(&self, prev_result: Option<&Value>, first: usize) -> Result<(), CniError> {
        let prev_result = prev_result
            .filter(|_| self.list.cni_version >= Version::V0_4_0)
            // As for libcni, a result that no longer fits is no reason to keep the network: plugins
            // have to manage without it.
            .and_then(|result| {
                let read = self.as_prev_result(result);
                read.inspect_err(|error| tracing::warn!(%error, "DEL goes without the result of ADD")).ok()
            });
        for index in (0..first.min(self.list.plugins.len())).rev() {
            self.run(index, Verb::Del, prev_result.as_ref())
                .map_err(|failure| reword_for_del(&self.context(index, "delete", failure.error)))?;
        }
        Ok(())
    }

    /// Has every plugin check what it made, in order. Lists before 0.4.0 and those with
    /// `disableCheck` succeed without any plugin being asked.
    ///
    /// # Errors
    /// The first failure.
    pub fn check(&self, prev_result: Option<&Value>) -> Result<(), CniError> {
        if self.list.cni_version < Version::V0_4_0 || self.list.disable_check {
            return Ok(());
        }
        let prev_result = prev_result
            .map(|result| self.as_prev_result(result))
            .transpose()
            .map_err(|error| error.context(self.place()))?;
        for index in 0..self.list.plugins.len() {
            self.run(index, Verb::Check, prev_result.as_ref())
                .map_err(|failure| self.context(index, "check", failure.error))?;
        }
        Ok(())
    }

    fn run(&self, index: usize, verb: Verb, prev_result: Option<&Value>) -> Result<Vec<u8>, Failure> {
        let not_started = |error| Failure::new(Cause::NotStarted, error);
        let program = find(plugin_type(self.list, index), self.path).map_err(not_started)?;
        let config = self.list.plugin_config(index, self.runtime_config, prev_result, verb);
        Exec {
            program: &program,
            verb,
            container: self.container,
            netns: self.netns.unwrap_or_default(),
            interface: self.interface,
            args: self.args,
            path: &cni_path(self.path),
            stdin: config.to_string().as_bytes(),
            deadline: self.deadline,
        }
        .run()
    }

    /// Reads a plugin's stdout as its result. It is parsed, so that a damaged or dangerous one is
    /// refused here, and returned as it was printed, so that nothing in it is lost.
    fn read_result(&self, output: &[u8]) -> Result<Value, CniError> {
        let parsed = CniResult::parse(output, self.list.cni_version).map_err(|error| {
            // The error may quote secrets that the plugin was given.
            let shown = Secrets::of(&self.list.to_value()).hide_bytes(output);
            let shown = CniResult::parse(&shown, self.list.cni_version).err();
            shown.unwrap_or(CniError::new(error.code, "it holds secrets")).context("its result cannot be used")
        })?;
        parsed.check_safe().map_err(|error| error.context("its result is refused"))?;
        let mut result = match serde_json::from_slice(output) {
            Ok(Value::Object(object)) => object,
            // libcni reads `null` as an empty result.
            _ => Map::new(),
        };
        if result.get("cniVersion").and_then(Value::as_str).unwrap_or_default().is_empty() {
            result.insert("cniVersion".into(), self.list.cni_version.as_str().into());
        }
        Ok(Value::Object(result))
    }

    /// A result as the next plugin can read it. A plugin refuses a `prevResult` whose version is of
    /// another [`family`] than its configuration's, and libcni passes one on nevertheless.
    fn as_prev_result(&self, result: &Value) -> Result<Value, CniError> {
        let wanted = self.list.cni_version;
        let parsed =
            CniResult::from_value(result, wanted).map_err(|error| error.context("the result so far cannot be read"))?;
        if family(parsed.version()) == family(wanted) {
            return Ok(result.clone());
        }
        let converted = parsed
            .convert(wanted)
            .map_err(|error| error.context(format_args!("the result so far does not fit CNI version {wanted}")))?;
        Ok(converted.to_value())
    }

    fn place(&self) -> String {
        format!("network {:?} on {}", self.list.name, self.interface)
    }

    fn context(&self, index: usize, doing: &str, error: CniError) -> CniError {
        in_plugin(self.place(), self.list, index, doing, error)
    }

    fn empty(&self) -> CniError {
        CniError::new(code::INVALID_CONFIG, format!("{}: its list of plugins is empty", self.place()))
    }
}

/// The `type` of one plugin. A missing one is empty, which [`find`] refuses.
pub(super) fn plugin_type(list: &NetworkList, index: usize) -> &str {
    list.types().get(index).copied().unwrap_or_default()
}

pub(super) fn in_plugin(
    place: impl Display,
    list: &NetworkList,
    index: usize,
    doing: &str,
    error: CniError,
) -> CniError {
    error.context(format_args!("{place}: plugin {:?} failed ({doing})", plugin_type(list, index)))
}

/// `path` as the text of `CNI_PATH`.
pub(super) fn cni_path(path: &[PathBuf]) -> String {
    path.iter().map(|directory| directory.to_string_lossy()).collect::<Vec<_>>().join(":")
}

/// A number for each family of versions; the versions of a family have the same result types.
fn family(version: Version) -> u8 {
    match version {
        Version::V0_1_0 | Version::V0_2_0 => 0,
        Version::V0_3_0 | Version::V0_3_1 | Version::V0_4_0 => 1,
        Version::V1_0_0 | Version::V1_1_0 => 2,
    }
}
