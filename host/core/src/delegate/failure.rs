//! Turns a plugin's failure into one error that a person can act on.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

use serde_json::{Map, Value};

use crate::cni::{CniError, code, get};
use crate::text::ends;

/// A delegate's own message and its details are cut to this many bytes each.
const OWN_TEXT_LIMIT: usize = 16 * 1024;
/// The most bytes that are quoted of output that is no error object.
const QUOTE_LIMIT: usize = 1024;

/// Why a run failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// The program never ran, so there is nothing to undo.
    NotStarted,
    /// The host stopped the program: it ran out of time, or printed too much.
    Stopped,
    /// The program ended by itself, and not with exit status 0.
    Plugin,
}

/// A run that failed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Why the run failed.
    pub cause: Cause,
    /// The error to report.
    pub error: CniError,
}

impl Failure {
    pub(super) fn new(cause: Cause, error: CniError) -> Self {
        Self { cause, error }
    }
}

/// The error for a run that ended with `status`, which is not success.
///
/// The plugin's own code, message and details are kept. A code that is missing, 0 or no number
/// becomes [`code::INTERNAL`], because 0 would read as success.
pub(super) fn explain(status: ExitStatus, stdout: &[u8], stderr_tail: &[u8]) -> CniError {
    let stderr = String::from_utf8_lossy(stderr_tail);
    let stderr = stderr.trim();
    if stdout.trim_ascii().is_empty() {
        let msg = if stderr.is_empty() {
            format!("{} and printed nothing", ending(status))
        } else {
            format!("{}: {}", ending(status), ends(stderr, QUOTE_LIMIT))
        };
        return CniError::new(code::INTERNAL, msg);
    }
    match serde_json::from_slice::<Value>(stdout) {
        Ok(Value::Object(object)) => own_error(&object).unwrap_or_else(|| no_error_object(status, stdout, stderr)),
        _ => no_error_object(status, stdout, stderr),
    }
}

/// The error object that a plugin printed; none when it says nothing.
fn own_error(object: &Map<String, Value>) -> Option<CniError> {
    let text = |key| get(object, key).and_then(Value::as_str).unwrap_or_default();
    let (msg, details) = (text("msg"), text("details"));
    let code = get(object, "code").and_then(Value::as_u64).and_then(|code| u32::try_from(code).ok());
    let code = code.filter(|code| *code != 0);
    if msg.is_empty() && details.is_empty() && code.is_none() {
        return None;
    }
    let msg = if msg.is_empty() { "the plugin gave no message" } else { msg };
    Some(
        CniError::new(code.unwrap_or(code::INTERNAL), ends(msg, OWN_TEXT_LIMIT))
            .with_details(ends(details, OWN_TEXT_LIMIT)),
    )
}

fn no_error_object(status: ExitStatus, stdout: &[u8], stderr: &str) -> CniError {
    let printed = String::from_utf8_lossy(stdout);
    let printed = ends(printed.trim(), QUOTE_LIMIT);
    let msg = format!("{}, and what it printed is no CNI error: {printed:?}", ending(status));
    CniError::new(code::INTERNAL, msg).with_details(ends(stderr, QUOTE_LIMIT))
}

fn ending(status: ExitStatus) -> String {
    match (status.code(), status.signal()) {
        (Some(code), _) => format!("exit status {code}"),
        (None, Some(signal)) => format!("killed by {}", signal_name(signal)),
        (None, None) => "it ended without an exit status".into(),
    }
}

fn signal_name(signal: i32) -> String {
    let name = match signal {
        1 => "SIGHUP",
        2 => "SIGINT",
        3 => "SIGQUIT",
        4 => "SIGILL",
        5 => "SIGTRAP",
        6 => "SIGABRT",
        7 => "SIGBUS",
        8 => "SIGFPE",
        9 => "SIGKILL",
        10 => "SIGUSR1",
        11 => "SIGSEGV",
        12 => "SIGUSR2",
        13 => "SIGPIPE",
        14 => "SIGALRM",
        15 => "SIGTERM",
        24 => "SIGXCPU",
        25 => "SIGXFSZ",
        31 => "SIGSYS",
        _ => return format!("signal {signal}"),
    };
    name.into()
}

/// Rewords what containerd takes for "nothing left to delete" in a DEL error: `not found`, and `no
/// such file or directory` when the namespace is gone. containerd would forget the sandbox although
/// the DEL failed, and no DEL would follow.
pub(super) fn reword_for_del(error: &CniError) -> CniError {
    let reword = |text: &str| {
        text.replace("not found", "missing").replace("no such file or directory", "missing file or directory")
    };
    CniError { code: error.code, msg: reword(&error.msg), details: reword(&error.details) }
}
