//! Hostile selectors, run as a runtime would run them. Each ends in a clear error within its
//! limits. Nothing is attached, nothing is left, and the next call is not affected. Each file says
//! what it does and how it ends (see `guests/hostile/README.md`).

use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};

use genie_tests::fixture::chain::{entry, plan};
use genie_tests::fixture::reference_node;
use genie_tests::hostile::{self, Hostile};
use genie_tests::{Answer, Node};
use serde_json::{Value, json};

/// The longest error, in bytes: people read it, and it becomes an event of at most 1 KiB.
const READABLE: usize = 2 << 10;
/// How much memory the plugin may take beside the memory that a selector may have, in KiB: itself,
/// its artefact, and what a selector hands over.
const OWN_MEMORY: u64 = 16 << 10;
/// The default of `limits.memory`, in KiB.
const SELECTOR_MEMORY: u64 = 64 << 10;

const FOLDERS: [&str; 6] = ["limits", "values", "plans", "lies", "merges", "strangers"];

#[test]
fn what_goes_over_a_limit() {
    run_all("limits");
}

#[test]
fn what_is_no_value_of_the_abi() {
    run_all("values");
}

#[test]
fn plans_that_cannot_be_carried_out() {
    run_all("plans");
}

#[test]
fn what_a_selector_says_without_the_grant_for_it() {
    run_all("lies");
}

#[test]
fn merges_that_a_runtime_must_not_see() {
    run_all("merges");
}

#[test]
fn what_is_no_selector_or_wants_too_much() {
    run_all("strangers");
}

#[test]
fn the_table_of_contents_is_complete() {
    let table = fs::read_to_string(hostile::dir().join("README.md")).unwrap();
    let files: Vec<_> = FOLDERS.into_iter().flat_map(hostile::folder).collect();
    let missing: Vec<_> = files.iter().map(Hostile::line).filter(|line| !table.contains(line)).collect();
    assert!(missing.is_empty(), "lines that README.md lacks:\n{}", missing.join("\n"));
    assert_eq!(table.lines().filter(|line| line.starts_with("| `")).count(), files.len(), "README.md has too many");
}

/// Runs every file of a folder on one node, and reports everything that went wrong.
fn run_all(folder: &str) {
    let node = reference_node();
    let good = plan(&node.guest("puppet"), &["cbr0"]);
    let files = hostile::folder(folder);
    assert!(!files.is_empty());
    let failed: Vec<_> = files
        .iter()
        .filter(|file| catch_unwind(AssertUnwindSafe(|| run(&node, file, &good))).is_err())
        .map(|file| &file.name)
        .collect();
    assert!(failed.is_empty(), "see above for {failed:?}");
}

#[track_caller]
fn run(node: &Node, file: &Hostile, good: &Value) {
    let module = node.dir().join(format!("modules/{}.wasm", file.stem()));
    fs::write(&module, file.wasm()).unwrap();
    let chain = json!([file.entry(entry(&module))]);
    if file.timeout.is_some() {
        // Its time is meant for running, not for compiling.
        let cache = node.dir().join("cache").display().to_string();
        let compiled = node.genie_host(&["compile", "--cache-dir", &cache, &module.display().to_string()]);
        assert_eq!(compiled.status, Some(0), "{compiled:?}");
    }
    // The first call compiles the module, and the second one finds it compiled.
    for container in ["c1", "c2"] {
        let (answer, peak) = measured(node, file, container, &chain);
        check_answer(file, &answer);
        check_delegates(node, file);
        if file.code == 0 {
            node.del().container(container).run().ok();
            node.trace();
        }
        node.assert_no_state();
        if container == "c2" {
            assert!(peak <= SELECTOR_MEMORY + OWN_MEMORY, "{}: took {peak} KiB", file.name);
        }
    }
    assert_eq!(temporary(node), Vec::<PathBuf>::new(), "{}", file.name);

    node.add().container("next").key("selectors", json!([good])).run().ok();
    node.del().container("next").run().ok();
    assert_eq!(
        node.trace(),
        ["ADD flannel@eth0", "ADD portmap@eth0", "DEL portmap@eth0", "DEL flannel@eth0"],
        "{}",
        file.name
    );
}

/// An ADD, with the plugin's peak of resident memory in KiB.
fn measured(node: &Node, file: &Hostile, container: &str, chain: &Value) -> (Answer, u64) {
    let report = node.dir().join("peak");
    let time = ["time", "--quiet", "--format=%M", "--output", &report.display().to_string()];
    let mut call = node.add().container(container).key("selectors", chain.clone()).through(&time);
    if let Some(timeout) = &file.timeout {
        call = call.key("timeout", timeout.clone());
    }
    let answer = call.run();
    let peak = fs::read_to_string(report).unwrap();
    (answer, peak.trim().parse().expect("time reports KiB"))
}

#[track_caller]
fn check_answer(file: &Hostile, answer: &Answer) {
    let name = &file.name;
    assert!(answer.stderr.len() < 64 << 10, "{name}: {} bytes on stderr", answer.stderr.len());
    if file.code == 0 {
        answer.ok();
        return;
    }
    assert_eq!(answer.status, Some(1), "{name}: {answer:?}");
    let error = answer.error();
    assert_eq!(error.code, file.code, "{name}: {error:?}");
    error.says(&[&file.says, &format!("{}.wasm", file.stem())]);
    assert!(answer.stdout.len() < READABLE, "{name}: the error has {} bytes", answer.stdout.len());
    assert!(!error.msg.contains(char::is_control), "{name}: {:?}", error.msg);
}

/// Checks that no delegate was called. If it is merge that is hostile, all were called, and all
/// were told to undo it.
#[track_caller]
fn check_delegates(node: &Node, file: &Hostile) {
    let calls: Vec<_> = node.all_calls().iter().map(genie_tests::Recorded::summary).collect();
    let expected: &[&str] = match (file.merges, file.code) {
        (_, 0) => &["ADD weave-net@eth0"],
        (true, _) => &["ADD weave-net@eth0", "DEL weave-net@eth0"],
        (false, _) => &[],
    };
    assert_eq!(calls, expected, "{}", file.name);
}

/// The files of the cache that are no artefacts.
fn temporary(node: &Node) -> Vec<PathBuf> {
    let mut left = vec![node.dir().join("cache")];
    let mut found = Vec::new();
    while let Some(dir) = left.pop() {
        for file in fs::read_dir(dir).into_iter().flatten().flatten().map(|file| file.path()) {
            if file.is_dir() {
                left.push(file);
            } else if file.extension() != Some(Path::new("cwasm").as_os_str()) {
                found.push(file);
            }
        }
    }
    found
}
