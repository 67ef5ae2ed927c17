//! Takes everything away from this process that running a selector does not need, before any of the
//! selector's code runs. If the selector breaks out of WebAssembly, the process that it controls
//! belongs to nobody, can open nothing, and can do little more than calculate and answer.
//!
//! Only a process with one thread may be confined: user and capabilities are those of a thread.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::time::Duration;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetError, Scope};
use rustix::io::Errno;
use rustix::process::{Gid, Resource, Rlimit, Uid, geteuid, getpid, setrlimit};
use rustix::thread::{
    CapabilitySet, CapabilitySets, clear_ambient_capability_set, remove_capability_from_bounding_set, set_capabilities,
    set_no_new_privs, set_thread_groups, set_thread_res_gid, set_thread_res_uid,
};
use seccompiler::SeccompCmpArgLen::Dword;
use seccompiler::{BpfProgram, SeccompAction, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule};

/// A user and a group that own nothing: the kernel uses this number for those that it cannot name.
const NOBODY: u32 = 65534;
/// The version of landlock that is asked for. An older kernel does what it knows of it.
const LANDLOCK: ABI = ABI::V6;

/// Closes all descriptors but standard input, output and error: a runtime may pass some of its own
/// on to us. Call this before this process opens any.
///
/// # Errors
/// The descriptors cannot be listed.
pub fn close_inherited() -> io::Result<()> {
    let mut inherited: Vec<i32> = Vec::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        inherited.extend(entry?.file_name().to_str().and_then(|name| name.parse::<i32>().ok()).filter(|fd| *fd > 2));
    }
    for descriptor in inherited {
        // The descriptor that the list was read from is closed already.
        _ = nix::unistd::close(descriptor);
    }
    Ok(())
}

/// Confines this process for the rest of its life, which is `life` at most.
///
/// A process of root changes its user to nobody. A process of another user keeps its user: it has
/// no power to give up. Landlock does what the kernel has of it, which may be nothing: system calls
/// that open files are forbidden as well.
///
/// # Errors
/// Something cannot be given up. Then this process must not run code of others.
pub fn confine(life: Duration) -> Result<(), String> {
    one_thread()?;
    files_and_network().map_err(|error| cannot("files and network", error))?;
    limits(life).map_err(|error| cannot("resources", error))?;
    capabilities_to_gain().map_err(|error| cannot("capabilities", error))?;
    user().map_err(|error| cannot("user", error))?;
    capabilities().map_err(|error| cannot("capabilities", error))?;
    // With the change of user, the system's default for core dumps holds again.
    genie_core::process::forbid_core_dump();
    system_calls()
        .map_err(|error| error.to_string())
        .and_then(|filter| seccompiler::apply_filter_all_threads(&filter).map_err(|error| error.to_string()))
        .map_err(|error| cannot("system calls", error))
}

fn cannot(what: &str, error: impl std::fmt::Display) -> String {
    format!("its process cannot give up its {what}: {error}")
}

fn one_thread() -> Result<(), String> {
    match fs::read_dir("/proc/self/task").map(Iterator::count) {
        Ok(1) => Ok(()),
        Ok(threads) => Err(format!("its process has {threads} threads, of which only one could be confined")),
        Err(error) => Err(format!("whether its process has one thread only cannot be read in /proc: {error}")),
    }
}

/// Takes files, TCP ports, abstract sockets and signals of other processes away.
fn files_and_network() -> Result<(), RulesetError> {
    let ruleset = Ruleset::default()
        .handle_access(AccessFs::from_all(LANDLOCK))?
        .handle_access(AccessNet::from_all(LANDLOCK))?
        .scope(Scope::from_all(LANDLOCK))?
        .create()?;
    ruleset.restrict_self().map(drop)
}

/// Forbids new descriptors, processes and core dumps, and limits processor time to `life`: if the
/// parent is killed, nothing else ends this process.
fn limits(life: Duration) -> Result<(), Errno> {
    let none = Rlimit { current: Some(0), maximum: Some(0) };
    for resource in [Resource::Nofile, Resource::Nproc, Resource::Core] {
        setrlimit(resource, none)?;
    }
    // The limit is in whole seconds, and includes what the process has used so far. A smaller one
    // would end the process before the parent does, and only the parent tells why.
    let seconds = Some(life.as_secs().saturating_add(2));
    // A lower limit that is there already stays.
    let allowed = rustix::process::getrlimit(Resource::Cpu).maximum.map_or(seconds, |limit| seconds.min(Some(limit)));
    setrlimit(Resource::Cpu, Rlimit { current: allowed, maximum: allowed })
}

/// Takes away the capabilities that a program could get if this process executed it.
fn capabilities_to_gain() -> Result<(), Errno> {
    if !geteuid().is_root() {
        return Ok(());
    }
    // The kernel may know capabilities that have no name here. It reports the first number that it
    // does not know.
    for number in 0..u64::BITS {
        match remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << number)) {
            Ok(()) => {}
            Err(Errno::INVAL) => break,
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

fn user() -> Result<(), Errno> {
    if !geteuid().is_root() {
        return Ok(());
    }
    let (group, user) = (Gid::from_raw(NOBODY), Uid::from_raw(NOBODY));
    set_thread_groups(&[])?;
    set_thread_res_gid(group, group, group)?;
    set_thread_res_uid(user, user, user)
}

/// Takes away the capabilities of this process.
fn capabilities() -> Result<(), Errno> {
    let none = CapabilitySet::empty();
    clear_ambient_capability_set()?;
    set_capabilities(None, CapabilitySets { effective: none, permitted: none, inheritable: none })?;
    set_no_new_privs(true)
}

/// The system calls that stay allowed. Any other call ends the process: nothing that this process
/// still does makes one, so it must come from the selector.
fn system_calls() -> Result<BpfProgram, seccompiler::BackendError> {
    const FREE: [libc::c_long; 20] = [
        // Memory, for the allocator and for selectors.
        libc::SYS_munmap,
        libc::SYS_mremap,
        libc::SYS_madvise,
        libc::SYS_brk,
        // Traps: they are signals, handled on a stack of their own.
        libc::SYS_rt_sigaction,
        libc::SYS_rt_sigprocmask,
        libc::SYS_rt_sigreturn,
        libc::SYS_sigaltstack,
        libc::SYS_restart_syscall,
        // Locks, time where reading it takes a call, and seeds of hash maps.
        libc::SYS_futex,
        libc::SYS_sched_yield,
        libc::SYS_clock_gettime,
        libc::SYS_gettimeofday,
        libc::SYS_clock_nanosleep,
        libc::SYS_getrandom,
        // Wasmtime closes the artefact's file when it drops it.
        libc::SYS_close,
        // The end of the process, and what `abort` calls before it.
        libc::SYS_getpid,
        libc::SYS_gettid,
        libc::SYS_exit,
        libc::SYS_exit_group,
    ];
    let argument = |index, operator, value| SeccompCondition::new(index, Dword, operator, value);
    let rule = |conditions| SeccompRule::new(conditions);
    let descriptor = |number| rule(vec![argument(0, SeccompCmpOp::Eq, number)?]);
    // No new executable memory: the artefact's code is mapped already.
    let executable = SeccompCmpOp::MaskedEq(u64::from(libc::PROT_EXEC.unsigned_abs()));
    let not_executable = || rule(vec![argument(2, executable.clone(), 0)?]);
    let own = u64::from(getpid().as_raw_nonzero().get().unsigned_abs());
    let abort = u64::from(libc::SIGABRT.unsigned_abs());
    let is_open = u64::from(libc::F_GETFD.unsigned_abs());

    let mut rules: BTreeMap<_, _> = FREE.into_iter().map(|number| (number, Vec::new())).collect();
    rules.extend([
        (libc::SYS_read, vec![descriptor(0)?]),
        (libc::SYS_write, vec![descriptor(1)?, descriptor(2)?]),
        (libc::SYS_writev, vec![descriptor(1)?, descriptor(2)?]),
        (libc::SYS_mmap, vec![not_executable()?]),
        (libc::SYS_mprotect, vec![not_executable()?]),
        // The standard library asks this before it closes a descriptor, when it was built for
        // debugging.
        (libc::SYS_fcntl, vec![rule(vec![argument(1, SeccompCmpOp::Eq, is_open)?])?]),
        (
            libc::SYS_tgkill,
            vec![rule(vec![argument(0, SeccompCmpOp::Eq, own)?, argument(2, SeccompCmpOp::Eq, abort)?])?],
        ),
    ]);
    let architecture = std::env::consts::ARCH.try_into()?;
    SeccompFilter::new(rules, SeccompAction::KillProcess, SeccompAction::Allow, architecture)?.try_into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a function in a thread of its own: landlock and the capabilities to gain belong to a
    /// thread.
    fn in_a_thread<T: Send>(run: impl FnOnce() -> T + Send) -> T {
        std::thread::scope(|scope| scope.spawn(run).join()).expect("it does not panic")
    }

    #[test]
    fn landlock_alone_keeps_files_and_ports_away() {
        let (file, port) = in_a_thread(|| {
            files_and_network().expect("the kernel can tell what it has");
            (fs::read("/etc/passwd").map(|_| ()), std::net::TcpListener::bind("127.0.0.1:0").map(drop))
        });
        for refused in [file, port] {
            assert_eq!(refused.expect_err("it is refused").kind(), io::ErrorKind::PermissionDenied);
        }
        fs::read("/etc/passwd").expect("other threads read on");
    }

    #[test]
    fn a_process_of_several_threads_is_not_confined() {
        // There are two threads: the one of this test, and the one that waits for it.
        let error = confine(Duration::from_secs(1)).expect_err("it is refused");
        assert!(error.contains("threads, of which only one could be confined"), "{error}");
    }
}
