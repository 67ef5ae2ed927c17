//! STATUS and GC, which are about a network of this node and not about one container.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Instant;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::exec::Exec;
use super::failure::{Cause, Failure};
use super::find::find;
use super::list::{cni_path, in_plugin, plugin_type};
use crate::cni::{CniError, NetworkList, Verb, Version, code};
use crate::time::share;

/// An attachment that GC must leave alone, as the CNI specification spells it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ValidAttachment {
    /// The container's id.
    #[serde(rename = "containerID")]
    pub container: String,
    /// The interface inside the container.
    #[serde(rename = "ifname")]
    pub interface: String,
}

/// Asks the plugins of a list, in order, whether they could serve an ADD. Only lists
/// of 1.1.0 and plugins that speak 1.1.0 are asked; the others count as ready.
///
/// The first plugin's own error; [`code::NOT_AVAILABLE`] when a plugin cannot be run or does not
/// answer in time.
pub fn status(list: &NetworkList, path: &[PathBuf], deadline: Instant) -> Result<(), CniError> {
    if list.cni_version < Version::V1_1_0 {
        return Ok(());
    }
    let call = NodeCall { list, path, deadline };
    for index in 0..list.plugins.len() {
        let config = list.plugin_config(index, &Map::new(), None, Verb::Status);
        call.run(index, Verb::Status, &config).map_err(|failure| {
            let error = match failure.cause {
                Cause::Plugin => failure.error,
                Cause::NotStarted | Cause::Stopped => CniError { code: code::NOT_AVAILABLE, ..failure.error },
            };
            call.context(index, "status", error)
        })?;
    }
    Ok(())
}

/// Whether a list's plugins may be asked for GC: it is of 1.1.0, and without `disableGC`.
pub fn takes_gc(list: &NetworkList) -> bool {
    list.cni_version >= Version::V1_1_0 && !list.disable_gc
}

/// Has the plugins of a list remove what belongs to none of the `valid` attachments. Only lists that
/// [take GC](takes_gc), and plugins that speak 1.1.0, are asked. One plugin that fails or hangs does
/// not keep the others from cleaning up.
///
/// # Errors
/// All failures, a line each, under the code of the first.
pub fn gc(
    list: &NetworkList,
    path: &[PathBuf],
    valid: &BTreeSet<ValidAttachment>,
    deadline: Instant,
) -> Result<(), CniError> {
    if !takes_gc(list) {
        return Ok(());
    }
    let valid = json!(valid);
    let mut errors = Vec::new();
    let count = list.plugins.len();
    for index in 0..count {
        let call = NodeCall { list, path, deadline: share(deadline, count - index) };
        let mut config = list.plugin_config(index, &Map::new(), None, Verb::Gc);
        if let Value::Object(config) = &mut config {
            config.insert("cni.dev/valid-attachments".into(), valid.clone());
            // libcni 1.2 used this name by mistake, and plugins built with it read it.
            config.insert("cni.dev/attachments".into(), valid.clone());
        }
        if let Err(failure) = call.run(index, Verb::Gc, &config) {
            errors.push(call.context(index, "gc", failure.error));
        }
    }
    join(errors)
}

fn join(errors: Vec<CniError>) -> Result<(), CniError> {
    let mut errors = errors.into_iter();
    let Some(first) = errors.next() else {
        return Ok(());
    };
    Err(errors.fold(first, |mut all, next| {
        all.msg = format!("{}\n{next}", all.msg);
        all
    }))
}

struct NodeCall<'a> {
    list: &'a NetworkList,
    path: &'a [PathBuf],
    deadline: Instant,
}

impl NodeCall<'_> {
    fn run(&self, index: usize, verb: Verb, config: &Value) -> Result<(), Failure> {
        let program =
            find(plugin_type(self.list, index), self.path).map_err(|error| Failure::new(Cause::NotStarted, error))?;
        if !speaks_1_1(&program, self.deadline)? {
            return Ok(());
        }
        Exec {
            program: &program,
            verb,
            container: "",
            netns: "",
            interface: "",
            args: "",
            path: &cni_path(self.path),
            stdin: config.to_string().as_bytes(),
            deadline: self.deadline,
        }
        .run()
        .map(drop)
    }

    fn context(&self, index: usize, doing: &str, error: CniError) -> CniError {
        in_plugin(format_args!("network {:?}", self.list.name), self.list, index, doing, error)
    }
}

/// Whether the plugin lists 1.1.0. Older plugins answer STATUS and GC with an error about a missing
/// container id, which says nothing about the network.
fn speaks_1_1(program: &Path, deadline: Instant) -> Result<bool, Failure> {
    let answer = Exec {
        program,
        verb: Verb::Version,
        container: "",
        // VERSION needs none of these, but plugins of old releases insist on them.
        netns: "dummy",
        interface: "dummy",
        args: "",
        path: "dummy",
        stdin: br#"{"cniVersion":"1.1.0"}"#,
        deadline,
    }
    .run();
    match answer {
        Ok(answer) => Ok(lists_1_1(&answer)),
        // VERSION came with 0.2.0: a plugin that fails it cannot speak 1.1.0.
        Err(Failure { cause: Cause::Plugin, error }) => {
            tracing::warn!(program = %program.display(), %error, "the plugin does not answer VERSION");
            Ok(false)
        }
        Err(failure) => Err(failure),
    }
}

fn lists_1_1(answer: &[u8]) -> bool {
    serde_json::from_slice::<Value>(answer).is_ok_and(|answer| {
        answer
            .get("supportedVersions")
            .and_then(Value::as_array)
            .is_some_and(|versions| versions.iter().any(|version| version == Version::V1_1_0.as_str()))
    })
}
