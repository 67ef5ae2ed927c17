//! Whether calls of the runtime still run.
//!
//! Every user of the node may execute the plugin, and keep it running for any time. What counts is
//! a call of the runtime: a process of root in the node's own process namespace. No other process
//! can make an attachment.

use std::convert::Infallible;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::Layout;
use genie_core::config::OWN_TYPE;
use genie_core::lock;

/// How long to wait for calls that have begun.
const WAIT: Duration = Duration::from_secs(10);

/// Waits until no call executes the program. Returns whether all calls have ended.
pub fn end(layout: &Layout, program: &Path) -> bool {
    let ended = || Ok::<_, Infallible>((!is_executed(program) || !any(layout)).then_some(()));
    matches!(lock::until(Instant::now() + WAIT, ended), Ok(Some(())))
}

/// Whether any process executes the program. As long as one does, in any namespace, the kernel
/// refuses to open the program for writing.
fn is_executed(program: &Path) -> bool {
    let opened = OpenOptions::new().append(true).open(program);
    opened.is_err_and(|error| error.raw_os_error() == Some(Errno::TXTBSY.raw_os_error()))
}

/// Whether there is a process that could be a call. Its program is not looked at: the kernel does
/// not show that of a process with more capabilities than our own.
fn any(layout: &Layout) -> bool {
    let Some(processes) = processes(layout) else { return true };
    let Ok(entries) = fs::read_dir(&processes) else { return true };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let numbers = numbers.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    // A process that has ended in the meantime has no status.
    let mut statuses = numbers.filter_map(|number| fs::read_to_string(processes.join(number).join("status")).ok());
    statuses.any(|status| is_call(&status))
}

/// The directory of the node's processes. The result is none when they are hidden from us; then any
/// could be there.
fn processes(layout: &Layout) -> Option<PathBuf> {
    let nodes = layout.on_host(Path::new("/proc"));
    let dir = if nodes.join("stat").exists() { nodes } else { "/proc".into() };
    dir.join("1/status").exists().then_some(dir)
}

/// Whether a process is a call: it is root's, has the plugin's name, and has no other process id
/// further inside. A process of a container has one there.
fn is_call(status: &str) -> bool {
    let field = |name: &str| {
        let mut lines = status.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(key, _)| *key == name).map(|(_, value)| value.trim())
    };
    let is_root = field("Uid").is_some_and(|uids| uids.split_whitespace().take(2).any(|uid| uid == "0"));
    let is_nodes = field("NSpid").is_none_or(|numbers| numbers.split_whitespace().count() == 1);
    let runs = field("State").is_none_or(|state| !state.starts_with(['Z', 'X']));
    field("Name") == Some(OWN_TYPE) && is_root && is_nodes && runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn status(name: &str, uids: &str, numbers: &str, state: &str) -> String {
        format!("Name:\t{name}\nUmask:\t0022\nState:\t{state}\nUid:\t{uids}\nNSpid:\t{numbers}\n")
    }

    #[test]
    fn a_call_is_roots_and_the_nodes_own() {
        let root = "0\t0\t0\t0";
        assert!(is_call(&status("genie", root, "4711", "S (sleeping)")));
        assert!(!is_call(&status("genie", "65534\t65534\t65534\t65534", "4711", "S (sleeping)")));
        assert!(!is_call(&status("genie", root, "4711\t7", "S (sleeping)")), "a container's");
        assert!(!is_call(&status("genie-host", root, "4711", "R (running)")));
        assert!(!is_call(&status("genie", root, "4711", "Z (zombie)")));
        // A field that is missing excludes nothing.
        assert!(is_call(&format!("Name:\tgenie\nUid:\t{root}\n")));
    }
}
