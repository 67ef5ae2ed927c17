//! Calls while genie is being removed. The node's own network serves new pods, and genie stands
//! behind it in a list, to undo what it attached (genie-host's `install::drain` makes that list).

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Instant;

use serde_json::Value;

use super::Timings;
use super::del;
use super::request::OwnTypes;
use crate::cni::{Call, CniError, Verb, code, get};
use crate::config::Paths;
use crate::network::Catalogue;
use crate::record::Store;

/// Serves a call. Only DEL does anything: there are records of pods that genie attached, and no new
/// one is made.
///
/// # Errors
/// DEL's own errors; or the node has no other network.
pub fn serve_draining(
    call: &Call,
    paths: &Paths,
    deadline: Instant,
    timings: &Timings,
) -> Result<Option<Value>, CniError> {
    match call.verb {
        Verb::Add => match get(&call.config, "prevResult") {
            Some(previous @ Value::Object(_)) => Ok(Some(previous.clone())),
            _ => Err(no_network()),
        },
        Verb::Del => {
            del::del(call, paths, deadline, timings)?;
            finish(paths);
            Ok(None)
        }
        Verb::Status if Catalogue::load(&paths.conf_dir, &OwnTypes::of(call).as_refs())?.networks.is_empty() => {
            Err(CniError { code: code::NOT_AVAILABLE, ..no_network() })
        }
        // The runtime's list is of another network and says nothing about our pods.
        Verb::Check | Verb::Gc | Verb::Status => Ok(None),
        Verb::Version => Ok(Some(crate::cni::version_document())),
    }
}

fn no_network() -> CniError {
    let message =
        "genie is being removed from this node, and no other network is installed: install one, or genie again";
    CniError::new(code::TRY_AGAIN, message)
}

/// After the last record, starts the removal of what is left of genie. It runs beside this call,
/// since it removes this program, too. When it fails, the next DEL repeats it.
fn finish(paths: &Paths) {
    let attached = Store::open(&paths.state_dir).and_then(|store| store.has_attachments());
    if attached.unwrap_or(true) {
        return;
    }
    let plugin = std::env::current_exe().unwrap_or_default();
    let bin_dir = plugin.parent().unwrap_or(Path::new("/"));
    let started = Command::new(bin_dir.join("genie-host"))
        .args(["uninstall", "--finish", "--bin-dir"])
        .arg(bin_dir)
        .arg("--conf-dir")
        .arg(&paths.conf_dir)
        .arg("--state-dir")
        .arg(&paths.state_dir)
        .arg("--cache-dir")
        .arg(&paths.cache_dir)
        .env_clear()
        .current_dir("/")
        // The runtime waits until no process holds these.
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    if let Err(error) = started {
        tracing::warn!(%error, "genie cannot remove itself: run genie-host uninstall");
    }
}
