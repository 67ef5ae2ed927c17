//! The CPU time and memory of processes, including all that belong to a program.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use rustix::param::{clock_ticks_per_second, page_size};

/// The pause between two samples of memory.
const PAUSE: Duration = Duration::from_millis(2);
/// The priority of the sampler: it must get its turn on a busy machine.
const PRIORITY: i32 = -15;

/// CPU time, user and system, of all children that have ended and were waited for, and of their own
/// such children.
///
/// # Panics
/// Never: the kernel always counts.
pub fn of_children() -> Duration {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("the kernel counts");
    let micros = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    Duration::from_micros(u64::try_from(micros).unwrap_or_default())
}

/// CPU time of a running process and of its children that have ended.
pub fn of_process(process: u32) -> Duration {
    let threads = fs::read_dir(format!("/proc/{process}/task")).into_iter().flatten().flatten();
    let own = threads.filter_map(|thread| {
        let text = fs::read_to_string(thread.path().join("schedstat")).ok()?;
        text.split(' ').next()?.parse::<u64>().ok()
    });
    let children = stat(process).map_or(0, |fields| fields.children_ticks);
    Duration::from_nanos(own.sum())
        + Duration::from_secs(children) / u32::try_from(clock_ticks_per_second()).unwrap_or(100)
}

/// Fields of `/proc/PID/stat`.
struct Stat {
    name: String,
    parent: u32,
    /// CPU time of children that have ended.
    children_ticks: u64,
    resident_pages: u64,
}

fn stat(process: u32) -> Option<Stat> {
    let text = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // The program's name, in parentheses, may hold anything.
    let (name, fields) = text.split_once('(')?.1.rsplit_once(')')?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    let at = |number: usize| fields.get(number - 3)?.parse::<u64>().ok();
    Some(Stat {
        name: name.to_owned(),
        parent: u32::try_from(at(4)?).ok()?,
        children_ticks: at(16)? + at(17)?,
        resident_pages: at(24)?,
    })
}

/// A way to count memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Memory {
    /// Resident: the memory of each process. Pages that several share count for each of them.
    Resident,
    /// Proportional: a shared page counts once, divided among the processes that share it.
    Proportional,
}

/// All processes that descend from this one. Left out are `others` with their descendants, and
/// processes that have not become another program yet: their memory is still our own.
fn tree(others: &BTreeSet<u32>) -> HashMap<u32, Stat> {
    let numbers = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = numbers.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    let processes: HashMap<u32, Stat> = numbers.filter_map(|process| Some((process, stat(process)?))).collect();
    let us = std::process::id();
    let our_name = processes.get(&us).map(|stat| stat.name.clone());
    let ours = |process: u32| {
        let mut at = process;
        loop {
            match processes.get(&at) {
                Some(stat) if others.contains(&at) || Some(&stat.name) == our_name.as_ref() => return false,
                Some(stat) if stat.parent == us => return true,
                Some(stat) => at = stat.parent,
                None => return false,
            }
        }
    };
    let kept: BTreeSet<_> = processes.keys().copied().filter(|process| ours(*process)).collect();
    processes.into_iter().filter(|(process, _)| kept.contains(process)).collect()
}

/// The sum of the memory, in KiB, of all processes that descend from us, but for `others`.
pub fn of_tree(memory: Memory, others: &BTreeSet<u32>) -> u64 {
    let sizes = tree(others).into_iter().filter_map(|(process, stat)| match memory {
        Memory::Resident => Some(stat.resident_pages * (page_size() as u64) / 1024),
        Memory::Proportional => proportional(process),
    });
    sizes.sum()
}

/// How many of these processes have this name.
pub fn count(name: &str, others: &BTreeSet<u32>) -> usize {
    tree(others).values().filter(|stat| stat.name == name).count()
}

fn proportional(process: u32) -> Option<u64> {
    let text = fs::read_to_string(format!("/proc/{process}/smaps_rollup")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix("Pss:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Our present children, without the measured one: those that do not count.
pub fn children_but(measured: Option<u32>) -> BTreeSet<u32> {
    let us = std::process::id();
    let listed = fs::read_dir("/proc").into_iter().flatten().flatten();
    let numbers = listed.filter_map(|entry| entry.file_name().to_str()?.parse().ok());
    numbers.filter(|child| Some(*child) != measured && stat(*child).is_some_and(|stat| stat.parent == us)).collect()
}

/// Samples until it is told to stop. Returns the greatest sum in KiB.
pub fn watch(memory: Memory, others: &BTreeSet<u32>, stop: &AtomicBool) -> u64 {
    _ = rustix::process::setpriority_process(Some(rustix::thread::gettid()), PRIORITY);
    let mut peak = 0;
    while !stop.load(Ordering::Relaxed) {
        peak = peak.max(of_tree(memory, others));
        std::thread::sleep(PAUSE);
    }
    peak
}

#[cfg(test)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn a_child_is_counted_with_its_children() {
        let before = of_children();
        let busy = "i=0; while [ $i -lt 200000 ]; do i=$((i+1)); done";
        let status = Command::new("sh").args(["-c", &format!("sh -c '{busy}'; true")]).status();
        assert!(status.is_ok_and(|status| status.success()));
        assert!(of_children().saturating_sub(before) > Duration::from_millis(10));
    }

    #[test]
    fn memory_is_that_of_descendants_and_not_of_others() {
        let start = || Command::new("sh").args(["-c", "sh -c 'read x'; true"]).stdin(Stdio::piped()).spawn();
        let mut child = start().expect("sh starts");
        let others = children_but(Some(child.id()));
        while count("sh", &others) < 2 {
            std::thread::yield_now();
        }
        assert!(of_tree(Memory::Resident, &others) > of_tree(Memory::Proportional, &others));
        assert_eq!(of_tree(Memory::Resident, &children_but(None)), 0);
        drop(child.stdin.take());
        _ = child.wait();
    }
}
