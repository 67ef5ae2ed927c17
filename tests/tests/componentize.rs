//! `genie-host componentize`: core modules become selectors. Go's own compiler makes such ones, with
//! the contract by hand in the project of `genie-host new`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use genie_tests::{Answer, Node, programs};
use serde_json::{Value, json};

/// A project in Go, as `genie-host new` makes it.
fn project(node: &Node) -> PathBuf {
    let dir = node.dir().join("my-policy");
    let told = node.genie_host(&["new", dir.to_str().unwrap(), "--lang", "go"]);
    assert_eq!(told.status, Some(0), "{told:?}");
    dir
}

/// Runs a tool to its end, and returns what it printed.
#[track_caller]
fn run(command: &mut Command) -> String {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}: is it installed?"));
    let said = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
    assert!(output.status.success(), "{command:?}: {said}");
    said
}

fn go(dir: &Path, arguments: &[&str]) -> Command {
    let mut go = Command::new("go");
    go.args(arguments).current_dir(dir);
    go
}

fn for_wasm(mut go: Command) -> Command {
    go.env("GOOS", "wasip1").env("GOARCH", "wasm");
    go
}

fn inspect(node: &Node, module: &Path) -> Value {
    let told = node.genie_host(&["inspect", "--output", "json", module.to_str().unwrap()]);
    serde_json::from_str(&told.stdout).unwrap_or_else(|error| panic!("{error}: {told:?}"))
}

#[test]
fn a_go_program_reads_and_says_all_that_the_contract_has() {
    let node = Node::new();
    let dir = project(&node);
    fs::remove_dir_all(dir.join("cases")).unwrap();
    fs::remove_file(dir.join("main_test.go")).unwrap();
    run(Command::new("cp").arg("-r").arg(programs::root().join("tests/guests/go/.")).arg(&dir));
    run(&mut for_wasm(go(&dir, &["vet", "./..."])));
    run(&mut for_wasm(go(&dir, &["build", "-buildmode=c-shared", "-ldflags=-s -w", "-o", "whole.core.wasm", "."])));
    let [core, module] = ["whole.core.wasm", "whole.wasm"].map(|name| dir.join(name).display().to_string());
    let wit = programs::root().join("guest-sdk/wit").display().to_string();
    let made = node.genie_host(&["componentize", &core, "--wit", &wit, "--world", "selector", "--output", &module]);
    assert_eq!(made.status, Some(0), "{made:?}");
    let told = node.genie_host(&["test", dir.join("cases").to_str().unwrap()]);
    assert_eq!(told.status, Some(0), "{told:?}");

    let inspected = inspect(&node, Path::new(&module));
    let about = ["name", "version", "summary", "settingsSchema"].map(|key| inspected[key].clone());
    assert_eq!(about, [json!("whole"), json!("1.2.3"), json!("uses the whole package"), json!({"type": "string"})]);
    let wasi = |import: &Value| import.as_str().is_some_and(|import| import.starts_with("wasi:"));
    assert!(!inspected["imports"].as_array().unwrap().iter().any(wasi), "{inspected}");
}

#[test]
fn the_project_in_go_is_tidy_and_imports_what_it_calls() {
    let node = Node::new();
    let dir = project(&node);
    let untidy = run(Command::new("gofmt").args(["-l", "."]).current_dir(&dir));
    assert_eq!(untidy, "", "gofmt would change these");
    run(&mut go(&dir, &["vet", "./..."]));
    run(&mut for_wasm(go(&dir, &["vet", "./..."])));
    let genie_host = programs::dist("genie-host");
    run(Command::new("make").arg(format!("GENIE_HOST={}", genie_host.display())).current_dir(&dir));
    let inspected = inspect(&node, &dir.join("my-policy.wasm"));
    let expected = ["log", "cluster", "types"].map(|name| format!("genie:selector/{name}@0.1.0"));
    assert_eq!(inspected["imports"], json!(expected));
}

#[test]
fn a_module_that_names_its_world_becomes_a_selector_without_wit() {
    let node = Node::new();
    let (core, module) = (node.guest("curious"), node.dir().join("made.wasm"));
    let made = node.genie_host(&["componentize", core.to_str().unwrap(), "--output", module.to_str().unwrap()]);
    assert_eq!(made.status, Some(0), "{made:?}");
    assert_eq!(inspect(&node, &module)["imports"], inspect(&node, &core)["imports"]);
}

#[test]
fn what_cannot_become_a_selector_is_told_and_nothing_is_written() {
    let node = Node::new();
    let output = node.dir().join("made.wasm");
    let garbage = node.dir().join("garbage.wasm");
    fs::write(&garbage, "no module").unwrap();
    let bare = node.dir().join("bare.wasm");
    fs::write(&bare, wat::parse_str("(module)").unwrap()).unwrap();
    let wit = programs::root().join("guest-sdk/wit");
    let componentize = |module: &Path, world: &str| -> Answer {
        let [module, wit, output] = [module, &wit, &output].map(|path| path.to_str().unwrap());
        node.genie_host(&["componentize", module, "--wit", wit, "--world", world, "--output", output])
    };
    for (module, world, says) in [
        (&garbage, "selector", "garbage.wasm is no WebAssembly module"),
        (&bare, "policy", "the worlds there are: selector, selector-with-merge"),
        (&bare, "selector", "it has to export what the world exports"),
        (&node.dir().join("missing.wasm"), "selector", "missing.wasm"),
    ] {
        let told = componentize(module, world);
        assert_eq!(told.status, Some(1), "{told:?}");
        assert!(told.stderr.contains(says), "{says}: {told:?}");
    }
    let alone = node.genie_host(&["componentize", bare.to_str().unwrap(), "--wit", "wit", "--output", "made.wasm"]);
    assert_eq!(alone.status, Some(2), "{alone:?}");
    assert!(!output.exists());
}
