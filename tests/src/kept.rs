//! What is kept of each published version in `kept/`, and what today's programs make of it.
//! `kept/README.md` describes all of it.
//!
//! `expected.json` of a version has two members. `modules` says how each module is asked (`entry`,
//! `pod`) and what the result must be (`plan`, `logs`, `calls`, `result`, `annotations`). `records`
//! says for each record which plugins CHECK and then DEL must call, and with what.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::fixture::chain::sha256;
use crate::fixture::reference_node;
use crate::programs::root;
use crate::recorder::Recorded;
use crate::{Node, Verb};

/// The file of a version with the results that its other files must lead to.
pub const EXPECTED: &str = "expected.json";
/// The file of a version with its contract.
pub const CONTRACT: &str = "selector.wit";
/// The directory of a version with its records.
pub const RECORDS: &str = "records";

/// The directory of the versions.
pub fn directory() -> PathBuf {
    root().join("tests/kept")
}

/// The directories of the versions, in the order of their names.
///
/// # Panics
/// When there is no version.
pub fn versions() -> Vec<PathBuf> {
    let entries = fs::read_dir(directory()).expect("tests/kept is there").flatten();
    let mut versions: Vec<_> = entries.map(|entry| entry.path()).filter(|path| path.is_dir()).collect();
    versions.sort();
    assert!(!versions.is_empty(), "no version is kept in {}", directory().display());
    versions
}

/// The files of a directory that end in `ending`, sorted by name.
///
/// # Panics
/// When there is no such file: a version without them shows nothing.
pub fn files(directory: &Path, ending: &str) -> Vec<(String, PathBuf)> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    let named = entries.map(|entry| (entry.file_name().to_string_lossy().into_owned(), entry.path()));
    let mut files: Vec<_> = named.filter(|(name, _)| name.ends_with(ending)).collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no *{ending}", directory.display());
    files
}

/// The results of a module: those of `test-selector`, and of an ADD and a DEL of the plugin.
///
/// # Panics
/// When a call fails.
pub fn run_module(module: &Path, asked: &Value) -> Value {
    let node = reference_node();
    let installed = node.dir().join("modules/kept.wasm");
    fs::copy(module, &installed).expect("a module can be copied");
    let mut entry = asked["entry"].clone();
    entry["module"] = json!(installed);
    entry["sha256"] = json!(sha256(module));
    let manifests = node.dir().join("pods");
    fs::create_dir(&manifests).expect("a new directory");
    let pod = manifests.join("pod.yaml");
    fs::write(&pod, asked["pod"].to_string()).expect("a manifest can be written");
    let node = node.with("selectors", json!([entry])).with("pods", json!(["runtime", {"manifests": manifests}]));

    let conf_dir = node.conf_dir();
    let arguments = ["test-selector", "--chain", "--output", "json", "--conf-dir"].map(Path::new);
    let arguments = arguments.into_iter().chain([&*conf_dir, Path::new("--pod"), &pod]);
    let arguments: Vec<_> = arguments.map(|argument| argument.to_str().expect("its path is text")).collect();
    let shown = node.genie_host(&arguments).ok();

    let mut add = node.add();
    if let Some(annotations) = asked["pod"]["metadata"]["annotations"].as_object() {
        let pairs: Vec<_> =
            annotations.iter().map(|(key, value)| (&**key, value.as_str().unwrap_or_default())).collect();
        add = add.annotations(&pairs);
    }
    let result = add.run().ok();
    let annotations =
        node.record("c1", "eth0").into_iter().find_map(|line| Some(line.get("done")?["annotations"].clone()));
    node.del().run().ok();
    node.assert_no_state();
    // Members may be added to what is printed.
    let members = ["cniArgs", "file", "interface", "list", "network", "plugins", "runtimeConfig"];
    let attachment = |one: &Value| members.map(|key| (key.to_owned(), one[key].clone())).into_iter().collect::<Value>();
    let attachments: Vec<_> = shown["attachments"].as_array().into_iter().flatten().map(attachment).collect();
    json!({
        "plan": {"reason": shown["reason"], "attachments": attachments},
        "logs": shown["trace"][0]["logs"],
        "calls": node.trace(),
        "result": result,
        "annotations": annotations,
    })
}

/// The plugins' calls by a CHECK and a DEL that have only the record.
///
/// # Panics
/// When a call fails, or something is left.
pub fn run_record(record: &Path, kinds: &[&str]) -> Value {
    let node = Node::new();
    node.recorders(kinds);
    let records = node.state_dir().join("records");
    fs::create_dir_all(&records).expect("a new directory");
    let name = record.file_name().and_then(|name| name.to_str()).expect("a record has a name");
    let (container, interface) = name.trim_end_matches(".json").split_once('@').expect("CONTAINER@INTERFACE.json");
    let placed = records.join(name);
    fs::copy(record, &placed).expect("a record can be copied");
    fs::set_permissions(&placed, fs::Permissions::from_mode(0o600)).expect("it is ours");

    let call = |verb| node.call(verb).container(container).ifname(interface);
    call(Verb::Check).run().ok();
    let check = calls(&node);
    call(Verb::Del).run().ok();
    let del = calls(&node);
    node.assert_no_state();
    // A second DEL finds nothing to undo.
    call(Verb::Del).run().ok();
    assert_eq!(node.trace(), Vec::<String>::new());
    json!({"check": check, "del": del})
}

/// The calls since the last question, as a plugin sees them. The namespace is left out: a record of
/// an earlier boot is undone without one.
fn calls(node: &Node) -> Vec<Value> {
    let seen = |call: Recorded| json!({"call": call.summary(), "container": call.var("CNI_CONTAINERID"), "args": call.var("CNI_ARGS"), "stdin": call.stdin});
    node.calls().into_iter().map(seen).collect()
}
