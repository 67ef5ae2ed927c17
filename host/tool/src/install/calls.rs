//! Whether calls of the runtime still run.
//!
//! Everybody on the node may execute the plugin, and keep it running for as long as he
//! likes. What counts is a call of the runtime, which is root, in the node's own process
//! namespace: nobody else's can make an attachment.

use std::convert::Infallible;
use std::fs::{self, OpenOptions};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use rustix::io::Errno;

use super::Layout;
use genie_core::config::OWN_TYPE;
use genie_core::lock;

/// How long calls that have begun are waited for.
const WAIT: Duration = Duration::from_secs(10);

/// Waits until no call executes the program. False: one still does.
pub fn end(layout: &Layout, program: &Path) -> bool {
    let ended = || Ok::<_, Infallible>((!is_executed(program) || !any(layout)).then_some(()));
    matches!(lock::until(Instant::now() + WAIT, ended), Ok(Some(())))
}

/// Whether anybody does: the kernel refuses to open a program for writing as long as it is
/// executed, in whatever namespace.
fn is_executed(program: &Path) -> bool {
    let opened = OpenOptions::new().append(true).open(program);
    opened.is_err_and(|error| error.raw_os_error() == Some(Errno::TXTBSY.raw_os_error()))
}

/// Whether a process could be a call. Which program it executes is not asked: the kernel
/// does not tell that of a process with more capabilities than one's own.
fn any(layout: &Layout) -> bool {
    let Some(processes) = processes(layout) else { return true };
    let Ok(entries) = fs::read_dir(&processes) else { return true };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    let numbers = numbers.filter(|name| name.bytes().all(|byte| byte.is_ascii_digit()));
    // One that has ended meanwhile has no status.
    let mut statuses = numbers.filter_map(|number| fs::read_to_string(processes.join(number).join("status")).ok());
    statuses.any(|status| is_call(&status))
}

/// The node's processes. None: they are hidden from us, and any could be there.
fn processes(layout: &Layout) -> Option<PathBuf> {
    let nodes = layout.on_host(Path::new("/proc"));
    let dir = if nodes.join("stat").exists() { nodes } else { "/proc".into() };
    dir.join("1/status").exists().then_some(dir)
}

/// Root, by the plugin's name, and known by no other number further inside: a process of a
/// container has one there.
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
        // What is not told excludes nobody.
        assert!(is_call(&format!("Name:\tgenie\nUid:\t{root}\n")));
    }
}
