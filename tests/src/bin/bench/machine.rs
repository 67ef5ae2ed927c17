//! The machine on which the figures were measured.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::Command;

/// The machine on one line.
pub fn name() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let kernel = read("/proc/sys/kernel/osrelease");
    let load = read("/proc/loadavg");
    let load = load.split(' ').next().unwrap_or_default();
    format!("{cores} cores ({}), Linux {kernel}, load {load} when it began", processor())
}

/// A few lines about the machine, and about both places of the state.
pub fn description(disk: &Path, memory: &Path) -> String {
    let mut text = String::new();
    _ = writeln!(text, "machine: {}", name());
    _ = writeln!(text, "state on disk: {}; in memory: {}", file_system(disk), file_system(memory));
    text
}

fn processor() -> String {
    let text = read("/proc/cpuinfo");
    let name = |line: &str| Some(line.strip_prefix("model name")?.split_once(": ")?.1.to_owned());
    let unknown = || std::env::consts::ARCH.to_owned();
    text.lines().find_map(name).unwrap_or_else(unknown)
}

/// The kind of file system that a directory is on, and whether it tells its disk of freed blocks.
pub fn file_system(dir: &Path) -> String {
    let listed =
        Command::new("findmnt").args(["--noheadings", "--output", "FSTYPE,OPTIONS", "--target"]).arg(dir).output();
    let text = listed.map_or_else(|_| String::new(), |listed| String::from_utf8_lossy(&listed.stdout).into_owned());
    let (kind, options) = text.trim().split_once(' ').unwrap_or(("unknown", ""));
    let discards = options.trim().split(',').any(|option| option == "discard");
    format!("{kind}{}", if discards { " with the mount option discard" } else { "" })
}

fn read(path: &str) -> String {
    fs::read_to_string(path).map_or_else(|_| "unknown".into(), |text| text.trim().to_owned())
}
