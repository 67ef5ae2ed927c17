//! Modules that are not compiled yet. There is one compiler for all calls that wait, it ends what
//! it began, and its failure is reported.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use genie_tests::fixture::chain::{chain, plan};
use genie_tests::{Call, Node, Running, Watched, programs};
use serde_json::json;

/// How often to look for something. Nothing is expected to be quick.
const PATIENCE: u32 = 6000;

/// A node whose plugin has a `genie-host` beside it that writes its process id into `runs`, and
/// compiles only when it is told to.
struct Slow {
    node: Node,
}

impl Slow {
    fn new() -> Self {
        let node = chain(|module| vec![plan(module, &["weave"])]);
        let dist = node.dir().join("dist");
        fs::create_dir(&dist).unwrap();
        fs::copy(programs::dist("genie"), dist.join("genie")).unwrap();
        assert!(Command::new("mkfifo").arg(node.dir().join("go")).status().unwrap().success());
        let slow = Self { node };
        let dir = slow.node.dir().display().to_string();
        let real = programs::dist("genie-host");
        slow.tool(&format!("echo $$ >> {dir}/runs; read x < {dir}/go; exec {} \"$@\"", real.display()));
        slow
    }

    /// Puts another `genie-host` beside the plugin.
    fn tool(&self, script: &str) {
        let (path, new) = (self.node.dir().join("dist/genie-host"), self.node.dir().join("dist/new"));
        fs::write(&new, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(&new, fs::Permissions::from_mode(0o755)).unwrap();
        fs::rename(new, path).unwrap();
    }

    fn add(&self, container: &str) -> Call<'_> {
        let exec = format!("exec {}", self.node.dir().join("dist/genie").display());
        self.node.add().container(container).through(&["/bin/sh", "-c", &exec])
    }

    fn runs(&self) -> Vec<u32> {
        let text = fs::read_to_string(self.node.dir().join("runs")).unwrap_or_default();
        text.lines().map(|line| line.parse().unwrap()).collect()
    }

    fn wait_for_run(&self) -> u32 {
        until("a compiler", || self.runs().len() == 1);
        self.runs()[0]
    }

    fn go(&self) {
        fs::write(self.node.dir().join("go"), "go\n").unwrap();
    }

    /// The files of the cache.
    fn cached(&self) -> Vec<PathBuf> {
        let engines = fs::read_dir(self.node.dir().join("cache")).into_iter().flatten().flatten();
        engines.flat_map(|engine| fs::read_dir(engine.path()).unwrap()).map(|file| file.unwrap().path()).collect()
    }

    fn is_compiled(&self) -> bool {
        self.cached().iter().any(|path| path.extension().is_some_and(|extension| extension == "cwasm"))
    }

    fn assert_only_the_artefact_is_left(&self) {
        until("the end of the compiler", || self.cached().len() == 1);
        assert!(self.is_compiled(), "{:?}", self.cached());
    }
}

fn until(what: &str, condition: impl Fn() -> bool) {
    for _ in 0..PATIENCE {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("{what} was waited for in vain");
}

/// Whether the call compiles, or waits for a call that does.
fn is_waiting(call: &Running) -> bool {
    let open = fs::read_dir(Path::new("/proc").join(call.id().to_string()).join("fd")).into_iter().flatten().flatten();
    open.filter_map(|fd| fs::read_link(fd.path()).ok()).any(|path| path.to_string_lossy().ends_with(".lock"))
}

#[test]
fn four_calls_at_once_compile_a_module_once() {
    let slow = Slow::new();
    let calls = ["c1", "c2", "c3", "c4"].map(|container| slow.add(container).start());
    until("four calls", || calls.iter().all(is_waiting));
    slow.wait_for_run();
    slow.go();
    for call in calls {
        call.wait().ok();
    }
    assert_eq!(slow.runs().len(), 1);
    slow.assert_only_the_artefact_is_left();
}

#[test]
fn a_call_that_is_out_of_time_leaves_a_compiled_module_to_the_next() {
    let slow = Slow::new();
    // The answer is complete although the compiler goes on, since the compiler has none of the
    // plugin's pipes.
    slow.add("c1").key("timeout", json!("300ms")).run().error_code(11).says(&["puppet.wasm", "is being compiled"]);
    slow.add("c2").key("timeout", json!("300ms")).run().error_code(11).says(&["puppet.wasm", "try again"]);
    slow.wait_for_run();
    slow.go();
    until("the artefact", || slow.is_compiled());
    slow.tool("exit 1");
    slow.add("c3").run().ok();
    assert_eq!(slow.runs().len(), 1, "the second call waited for the first one's");
    slow.assert_only_the_artefact_is_left();
}

#[test]
fn a_killed_call_leaves_a_compiled_module_to_the_next() {
    let slow = Slow::new();
    let call = slow.add("c1").start();
    slow.wait_for_run();
    call.kill();
    slow.go();
    until("the artefact", || slow.is_compiled());
    slow.tool("exit 1");
    slow.add("c2").run().ok();
}

#[test]
fn a_killed_compiler_is_named_and_hinders_nobody() {
    let slow = Slow::new();
    let call = slow.add("c1").start();
    let compiler = slow.wait_for_run();
    let watched = Watched::process(compiler);
    let temporary = slow.cached().remove(0).with_extension("tmp");
    assert!(Command::new("kill").args(["-9", &compiler.to_string()]).status().unwrap().success());
    watched.wait_for_end();
    call.wait().error_code(103).says(&["puppet.wasm", "SIGKILL", "compile.memory", "resources.limits.memory"]);

    assert!(slow.cached().is_empty(), "{:?}", slow.cached());

    // This is what a compiler leaves that dies while it writes.
    fs::write(temporary, "half an artefact").unwrap();
    slow.tool(&format!("exec {} \"$@\"", programs::dist("genie-host").display()));
    slow.add("c2").run().ok();
    slow.assert_only_the_artefact_is_left();
}

#[test]
fn a_compiler_that_gets_too_little_memory_says_what_to_raise() {
    let node = chain(|module| vec![plan(module, &["weave"])]);
    let add = |memory: &str| node.add().env("GENIE_COMPILE_MEMORY", memory).run();
    add("8Mi").error_code(103).says(&["puppet.wasm", "8Mi", "compile.memory", "GENIE_COMPILE_MEMORY"]);
    add("much").error_code(103).says(&["GENIE_COMPILE_MEMORY", "much", "768Mi"]);
    add("512Mi").ok();
}
