//! The peak of a program's memory.

use std::collections::BTreeMap;
use std::fs;

use crate::program::Program;

/// How often a program is run to find its peak.
const RUNS: usize = 20;

/// The peak of a program's resident memory in KiB, the greatest of several runs.
///
/// It is `VmHWM` of `/proc/PID/status`, read again and again until the program has ended. The
/// kernel's figure after the end (`ru_maxrss`) would be wrong: it includes the pages that the new
/// process shared with us before it became another program.
///
/// # Panics
/// When the program fails.
pub fn peak(add: &mut Program, del: &mut Program) -> u64 {
    (0..RUNS)
        .map(|_| {
            let peak = watch(add);
            del.run();
            peak
        })
        .max()
        .unwrap_or_default()
}

fn watch(program: &mut Program) -> u64 {
    // When this returns, the process has become the other program.
    let child = program.start();
    let mut peak = 0;
    // A process that has ended has no memory, and the line is missing. Its output fits into the
    // pipe.
    while let Some(seen) = of(child.id(), "VmHWM") {
        peak = seen;
    }
    let output = child.wait_with_output().expect("a child's output is read");
    assert!(output.status.success(), "a run for its memory failed");
    peak
}

/// A line of `/proc/PID/status` about a process's memory, in KiB.
pub fn of(process: u32, what: &str) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(what)?.strip_prefix(':'))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The processes below this one, each with its program's name and its resident memory in KiB.
/// Memory that processes share counts for each of them.
pub fn below(process: u32) -> Vec<(String, u64)> {
    let mut children = BTreeMap::<u32, Vec<u32>>::new();
    for id in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(id) = id.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // The line is `1234 (name) S PARENT …`, and the name may hold anything.
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
        let parent = stat.rsplit(')').next().and_then(|rest| rest.split_whitespace().nth(1)?.parse().ok());
        children.entry(parent.unwrap_or_default()).or_default().push(id);
    }
    let mut left = children.remove(&process).unwrap_or_default();
    let mut found = Vec::new();
    while let Some(process) = left.pop() {
        let name = fs::read_to_string(format!("/proc/{process}/comm")).unwrap_or_default();
        found.extend(of(process, "VmRSS").map(|resident| (name.trim().to_owned(), resident)));
        left.extend(children.remove(&process).unwrap_or_default());
    }
    found
}
