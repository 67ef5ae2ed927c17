//! Serves a call of the runtime, from its parts to the answer. Each verb is a function that reads
//! from top to bottom.

mod add;
mod attaching;
mod check;
mod collect;
mod del;
mod devices;
pub mod drain;
mod facts;
mod gc;
mod merge;
mod namespace;
mod recorded;
mod request;
mod shadow;
mod status;
mod warnings;

use std::mem::ManuallyDrop;
use std::path::PathBuf;
use std::time::Instant;

use serde_json::Value;

pub use collect::{collect, is_gone};
pub use facts::CallFacts;
pub use merge::{Answers, answer, merge};
use recorded::attachment_of;
pub use request::{OwnTypes, Selected, build_request};
pub use shadow::{Difference, Shadowed, ask_shadows, difference};
pub use status::default_of;
pub use warnings::warnings;

use crate::cni::{Call, CniError, ProcessEnvironment, Verb, code, netns};
use crate::config::{self, Config, Paths};
use crate::report::spool;
use crate::report::timings::Timings;
use crate::selector::module::Program;

/// Serves a call. Returns what goes to stdout, if anything, and notes in `timings` what was done.
///
/// # Errors
/// The error that the runtime is to see.
pub fn serve(call: &Call, timings: &Timings, program: &'static dyn Program) -> Result<Option<Value>, CniError> {
    if std::env::var_os(crate::delegate::HOST_CALL).is_some() {
        return refuse_nested(call.verb).map(|()| None);
    }
    if matches!(call.verb, Verb::Add | Verb::Del) {
        netns::check_not_own(call.netns.as_deref(), &ProcessEnvironment)?;
    }
    let paths = Paths::from_call(call)?;
    let deadline = Instant::now() + paths.time(call.verb);
    if config::is_draining(&call.config) {
        return drain::serve_draining(call, &paths, deadline, timings);
    }
    match call.verb {
        // DEL and CHECK work from the record alone: a `selectors` section that cannot be read today
        // is no reason to leave anything behind.
        Verb::Del => del::del(call, &paths, deadline, timings).map(|()| None),
        Verb::Check => check::check(call, &paths, deadline).map(|()| None),
        Verb::Gc => gc::gc(call, &paths, deadline).map(|()| None),
        Verb::Add => Config::from_call(call, program)
            // Nothing that was loaded is taken apart: the process ends soon.
            .and_then(|config| add::add(call, &ManuallyDrop::new(config), deadline, timings))
            .inspect_err(|error| spool::refused(call, &paths.state_dir, error, timings))
            .map(Some),
        Verb::Status => status::status(call, program).map(|()| None),
        Verb::Version => Ok(Some(crate::cni::version_document())),
    }
}

/// Undoes an ADD whose answer was not read: the runtime died meanwhile, and the next one may know
/// nothing of the container. Returns the error that the call failed with after all.
pub fn take_back(call: &Call, timings: &Timings) -> CniError {
    let taken = Paths::from_call(call)
        .and_then(|paths| del::del(call, &paths, Instant::now() + paths.time(Verb::Del), timings));
    if let Err(error) = taken {
        tracing::error!(%error, "undoing an attachment failed; its record stays");
    }
    CniError::new(code::IO, "the runtime went away before it had read the answer; nothing stays attached")
}

/// Answers a call that comes from a delegate of our own. An ADD would go round in circles, so it is
/// refused. Since none is ever served, DEL and GC have nothing to undo; they succeed, because an
/// error would keep the outer DEL from its end.
fn refuse_nested(verb: Verb) -> Result<(), CniError> {
    if matches!(verb, Verb::Del | Verb::Gc) {
        return Ok(());
    }
    let message = "a network of this plugin refers to the plugin itself: it was called by its own delegate";
    Err(CniError::new(code::INVALID_CONFIG, message))
}

/// The directories of the plugins: the configuration's `bin_dirs`, else `CNI_PATH`.
fn plugin_dirs(call: &Call, paths: &Paths) -> Vec<PathBuf> {
    if paths.bin_dirs.is_empty() { call.path.clone() } else { paths.bin_dirs.clone() }
}
