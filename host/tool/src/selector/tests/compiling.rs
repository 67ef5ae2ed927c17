//! Which process compiles, which ones wait, and what each is told.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::super::PROGRAM;
use super::PLAN;
use super::artefacts::{cached, failure, module_in};
use super::guest;
use super::later;
use super::private_dir;
use super::put;
use super::set_mode;
use genie_core::cni::code;
use genie_core::digest::Digest;
use genie_core::selector::artefact::cache;
use genie_core::selector::artefact::claim::Claim;
use genie_core::selector::module::{Loader, Module};

/// A stand-in for `genie-host compile`.
fn tool(dir: &Path, script: &str) -> PathBuf {
    let path = dir.join("tool");
    fs::write(&path, format!("#!/bin/sh\n{script}\n")).expect("it can be written");
    set_mode(&path, 0o755);
    path
}

#[test]
fn a_missing_artefact_is_compiled_by_the_tool() {
    let (dir, ready) = cached();
    let module = module_in(dir.path(), &guest(PLAN).core());
    let Module::File { sha256, .. } = &module else { unreachable!() };
    let wanted = cache::path(dir.path(), *sha256);
    let script = format!(
        "[ \"$1 $2 $3 $4 $5\" = 'compile --sha256 {sha256} --cache-dir {}' ] && /bin/cp {} {}",
        dir.path().display(),
        ready.display(),
        wanted.display()
    );
    let loader = Loader::new(PROGRAM, dir.path(), Some(tool(dir.path(), &script)));
    loader.load(&module, later()).expect("it loads");
}

#[test]
fn a_damaged_artefact_is_compiled_anew_but_an_unsafe_one_is_not() {
    let (dir, ready) = cached();
    let module = module_in(dir.path(), &guest(PLAN).core());
    let Module::File { sha256, .. } = &module else { unreachable!() };
    let wanted = put(dir.path(), *sha256, b"damaged");
    let script = format!("/bin/cp --remove-destination {} {}", ready.display(), wanted.display());
    let tool = tool(dir.path(), &script);
    Loader::new(PROGRAM, dir.path(), Some(tool.clone())).load(&module, later()).expect("it loads");

    set_mode(&wanted, 0o666);
    let error = failure(&Loader::new(PROGRAM, dir.path(), Some(tool)), &module);
    assert!(error.msg.contains("mode 0666"), "{error}");
}

#[test]
fn what_the_tool_complains_about_is_passed_on() {
    let dir = private_dir();
    let module = module_in(dir.path(), &guest(PLAN).core());
    let loader = Loader::new(PROGRAM, dir.path(), Some(tool(dir.path(), "echo 'it is broken' >&2; exit 1")));
    let error = failure(&loader, &module);
    assert_eq!(error.code, code::SELECTOR);
    assert!(error.msg.contains("it is broken"), "{error}");
}

#[test]
fn a_hint_is_given_where_it_helps_and_is_whole() {
    let dir = private_dir();
    let module = module_in(dir.path(), &guest(PLAN).core());
    let missing = dir.path().join("no/genie-host");
    let error = failure(&Loader::new(PROGRAM, dir.path(), Some(missing.clone())), &module);
    assert!(error.msg.contains(&format!("there is no {}: install genie-host", missing.display())), "{error}");
    assert_eq!(error.details, "", "what is not there cannot be run");

    let complaining = tool(dir.path(), "echo 'the module x has the SHA-256 digest y' >&2; exit 1");
    assert_eq!(failure(&Loader::new(PROGRAM, dir.path(), Some(complaining)), &module).details, "");

    // Another place may have more memory.
    let killed = tool(dir.path(), "kill -9 $$");
    let error = failure(&Loader::new(PROGRAM, dir.path(), Some(killed.clone())), &module);
    let hint = format!("on the node, run: {} compile --cache-dir {} {module}", killed.display(), dir.path().display());
    assert_eq!(error.details, hint);
}

/// A tool that writes a line into `runs`, waits for a line from the pipe `go`, and then runs the
/// command `then`.
fn waiting_tool(dir: &Path, then: &str) -> PathBuf {
    assert!(std::process::Command::new("mkfifo").arg(dir.join("go")).status().is_ok_and(|status| status.success()));
    let dir_shown = dir.display();
    tool(dir, &format!("echo $$ >> {dir_shown}/runs; read x < {dir_shown}/go; {then}"))
}

fn runs(dir: &Path) -> Vec<String> {
    fs::read_to_string(dir.join("runs")).unwrap_or_default().lines().map(String::from).collect()
}

fn until(condition: impl Fn() -> bool) {
    while !condition() {
        thread::yield_now();
    }
}

/// How many descriptors of this process lead to the file of a claim in this cache.
fn open_claims(cache_dir: &Path) -> usize {
    let links = fs::read_dir("/proc/self/fd").expect("it is there").flatten().map(|entry| fs::read_link(entry.path()));
    let is_claim = |path: PathBuf| path.starts_with(cache_dir) && path.to_string_lossy().contains(".lock");
    links.flatten().filter(|path| is_claim(path.clone())).count()
}

fn soon() -> Instant {
    Instant::now() + Duration::from_millis(50)
}

#[test]
fn what_was_begun_is_finished_after_the_deadline_and_begun_once() {
    let (dir, ready) = cached();
    let module = module_in(dir.path(), &guest(PLAN).core());
    let Module::File { sha256, .. } = &module else { unreachable!() };
    let wanted = cache::path(dir.path(), *sha256);
    let tool = waiting_tool(dir.path(), &format!("/bin/cp {} {}", ready.display(), wanted.display()));
    let loader = Loader::new(PROGRAM, dir.path(), Some(tool));

    until(|| {
        let error = loader.load(&module, soon()).expect_err("it is not compiled in time");
        assert_eq!(error.code, code::TRY_AGAIN, "{error}");
        assert!(error.msg.contains("is being compiled") && error.msg.contains("try again"), "{error}");
        !runs(dir.path()).is_empty()
    });
    // The compilation has begun, and loads that come in the meantime wait in vain.
    assert_eq!(loader.load(&module, soon()).expect_err("it goes on").code, code::TRY_AGAIN);
    fs::write(dir.path().join("go"), "go\n").expect("it is read");
    loader.load(&module, later()).expect("it loads");
    assert_eq!(runs(dir.path()).len(), 1);
}

#[test]
fn a_failure_is_told_to_all_who_wait_and_to_nobody_else() {
    let dir = private_dir();
    let module = module_in(dir.path(), &guest(PLAN).core());
    let then = "echo 'it is broken' >&2; exit 1";
    let tool = waiting_tool(dir.path(), then);
    let loader = || Loader::new(PROGRAM, dir.path(), Some(tool.clone()));
    thread::scope(|scope| {
        let first = scope.spawn(|| failure(&loader(), &module));
        until(|| runs(dir.path()).len() == 1);
        let alone = open_claims(dir.path());
        let second = scope.spawn(|| failure(&loader(), &module));
        until(|| open_claims(dir.path()) > alone);
        fs::write(dir.path().join("go"), "go\n").expect("it is read");
        for told in [first, second].map(|thread| thread.join().expect("it does not panic")) {
            assert!(told.code == code::SELECTOR && told.msg.contains("it is broken"), "{told}");
        }
        assert_eq!(runs(dir.path()).len(), 1);

        let third = scope.spawn(|| failure(&loader(), &module));
        until(|| runs(dir.path()).len() == 2);
        fs::write(dir.path().join("go"), "go\n").expect("it is read");
        assert!(third.join().expect("it does not panic").msg.contains("it is broken"));
    });
}

#[test]
fn a_killed_compiler_is_named_and_hinders_nobody() {
    let (dir, ready) = cached();
    let module = module_in(dir.path(), &guest(PLAN).core());
    let Module::File { sha256, .. } = &module else { unreachable!() };
    let wanted = cache::path(dir.path(), *sha256);
    let killed = tool(dir.path(), "echo half >&2; kill -9 $$");
    let error = failure(&Loader::new(PROGRAM, dir.path(), Some(killed)), &module);
    assert!(error.msg.contains("SIGKILL") && error.msg.contains("compile.memory"), "{error}");

    // This file is what a compiler leaves that is killed while it writes.
    fs::write(wanted.with_file_name(format!(".{sha256}.tmp")), "half").expect("it can be written");
    let copies = format!("/bin/cp {} {}", ready.display(), wanted.display());
    Loader::new(PROGRAM, dir.path(), Some(tool(dir.path(), &copies))).load(&module, later()).expect("it loads");
    put(dir.path(), *sha256, b"another");
    let left: Vec<_> = fs::read_dir(wanted.parent().expect("it has one")).expect("it is there").flatten().collect();
    assert_eq!(left.len(), 2, "only artefacts are left: {left:?}");
}

#[test]
fn a_compiler_without_memory_is_told_what_to_raise() {
    let dir = private_dir();
    let module = module_in(dir.path(), &guest(PLAN).core());
    let aborts = tool(dir.path(), "echo 'memory allocation of 4096 bytes failed' >&2; kill -ABRT $$");
    let error = failure(&Loader::new(PROGRAM, dir.path(), Some(aborts)), &module);
    for part in ["1024Mi", "compile.memory", "GENIE_COMPILE_MEMORY"] {
        assert!(error.msg.contains(part), "{error}");
    }
}

#[test]
fn a_claim_that_others_could_have_made_is_not_used() {
    let dir = private_dir();
    let digest = Digest::of(b"");
    let lock = cache::path(dir.path(), digest).with_file_name(format!(".{digest}.lock"));
    drop(Claim::take(dir.path(), digest, later()).expect("the cache can be used"));
    set_mode(&lock, 0o666);
    let distrust = Claim::take(dir.path(), digest, later()).err().expect("it is refused");
    assert!(distrust.to_string().contains("mode 0666"), "{distrust}");
    fs::remove_file(&lock).expect("it is there");
    std::os::unix::fs::symlink("/dev/null", &lock).expect("it can be made");
    assert!(Claim::take(dir.path(), digest, later()).is_err());
}
