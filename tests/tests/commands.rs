//! `genie-host` as people use it: what a selector would decide, what a module is, and what the exit
//! statuses mean.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::Command;

use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node};
use serde_json::{Value, json};

const PLAN: Option<i32> = Some(0);
const FAILED: Option<i32> = Some(1);
const USAGE: Option<i32> = Some(2);
const PASS: Option<i32> = Some(3);
const REFUSED: Option<i32> = Some(4);

/// A pod's manifest with this `cni` annotation.
fn pod(node: &Node, cni: &str) -> String {
    let path = node.dir().join("pod.json");
    let manifest = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": "web", "labels": {"network": "weave"}, "annotations": {
                "cni": cni, "kubectl.kubernetes.io/last-applied-configuration": "SECRET",
            },
        },
    });
    fs::write(&path, manifest.to_string()).unwrap();
    path.display().to_string()
}

/// Runs `test-selector` with the chain of the node's conf dir, unless `more` names something else.
fn ask(node: &Node, cni: &str, more: &[&str]) -> Answer {
    let (pod, conf_dir) = (pod(node, cni), node.conf_dir().display().to_string());
    let mut arguments = vec!["test-selector", "--pod", &pod, "--conf-dir", &conf_dir];
    arguments.extend(more);
    node.genie_host(&arguments)
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

#[test]
fn what_the_node_would_do_is_what_it_does() {
    let node = reference_node();
    for cni in ["calico", "flannel,weave@eth4,flannel", "cbr0"] {
        let told = ask(&node, cni, &["--chain", "--output", "json"]);
        assert_eq!(told.status, PLAN, "{told:?}");
        let told = json_of(&told);
        node.add().cni(cni).run().ok();
        node.trace();
        let done = node.record("c1", "eth0")[0].clone();
        let attachments = |value: &Value, interface: &str, name: &str| -> Vec<(Value, Value)> {
            let list = value.as_array().unwrap().iter();
            list.map(|one| (one[interface].clone(), one["list"][name].clone())).collect()
        };
        let told_attachments = attachments(&told["attachments"], "interface", "name");
        assert_eq!(told_attachments, attachments(&done["attachments"], "interface", "name"), "{told}");
        assert_eq!(told["decidedBy"], "annotation");
        node.call(genie_tests::Verb::Del).run().ok();
    }
}

/// The artefacts below a directory, with their inodes: a file that was written again has another
/// one.
fn artefacts(dir: &Path) -> Vec<(PathBuf, u64)> {
    let found = Command::new("find").arg(dir).args(["-name", "*.cwasm"]).output().unwrap();
    let mut paths: Vec<_> = String::from_utf8(found.stdout).unwrap().lines().map(PathBuf::from).collect();
    paths.sort();
    paths.into_iter().map(|path| (path.clone(), fs::metadata(path).unwrap().ino())).collect()
}

#[test]
fn what_a_command_compiled_is_used_by_the_next_one() {
    let node = reference_node();
    let users = node.dir().join("user/genie");
    let chain = ask(&node, "weave", &["--chain"]);
    assert_eq!(chain.status, PLAN, "{chain:?}");
    let first = artefacts(&users);
    assert_eq!(first.len(), 5, "the built-in selectors: {first:?}");
    assert_eq!(ask(&node, "weave", &["--chain"]).status, PLAN);
    assert_eq!(ask(&node, "weave", &["annotation"]).status, PLAN);
    assert_eq!(node.genie_host(&["inspect", "annotation"]).status, PLAN);
    assert_eq!(artefacts(&users), first);

    // A node's own cache is used first, where there is one.
    fs::create_dir(node.dir().join("cache")).unwrap();
    fs::set_permissions(node.dir().join("cache"), fs::Permissions::from_mode(0o755)).unwrap();
    let module = node.guest("puppet").display().to_string();
    let plan = json!({"act": "plan", "networks": ["weave"]}).to_string();
    let alone = ask(&node, "weave", &[&module, "--settings", &plan]);
    assert_eq!(alone.status, PLAN, "{alone:?}");
    assert_eq!(artefacts(&users), first);
    assert_eq!(artefacts(&node.dir().join("cache")).len(), 1);
}

#[test]
fn without_a_cache_that_is_safe_a_command_compiles_in_memory() {
    let node = reference_node();
    for cache in ["cache", "user"] {
        fs::create_dir(node.dir().join(cache)).unwrap();
        fs::set_permissions(node.dir().join(cache), fs::Permissions::from_mode(0o777)).unwrap();
    }
    let told = ask(&node, "weave", &["--chain"]);
    assert_eq!(told.status, PLAN, "{told:?}");
    assert_eq!(artefacts(node.dir()), []);
}

#[test]
fn a_table_says_who_decided_what_and_why() {
    let node = reference_node();
    let told = ask(&node, "weave@eth0,calico", &["--chain"]);
    assert_eq!(told.status, PLAN, "{told:?}");
    for words in [
        "default/web gets 2 networks, decided by annotation",
        "weave@eth0,calico",
        "10-calico.conflist",
        "eth1",
        "of 50,000,000",
        "of 64.0 MiB",
        "skipped: decided already",
    ] {
        assert!(told.stdout.contains(words), "{words}: {}", told.stdout);
    }
    assert!(!format!("{told:?}").contains("SECRET"));
}

#[test]
fn exit_statuses_tell_plan_pass_refusal_failure_and_usage_apart() {
    let node = reference_node();
    let puppet = node.guest("puppet").display().to_string();
    let mut statuses = Vec::new();
    let act = |act: &str| format!(r#"{{"act": "{act}"}}"#);
    for name in ["pass", "denied", "invalid", "panic", "loop"] {
        statuses.push(ask(&node, "calico", &[&puppet, "--settings", &act(name)]).status);
    }
    assert_eq!(statuses, [PASS, REFUSED, REFUSED, FAILED, FAILED]);
    assert_eq!(ask(&node, "calico", &["annotation"]).status, PLAN);
    assert_eq!(ask(&node, "nosuch", &["annotation"]).status, REFUSED);
    for wrong in [
        vec![],
        vec!["nosuch"],
        vec!["annotation", "--chain"],
        vec!["annotation", "--nosuch"],
        vec!["annotation", "--settings", "{"],
        vec!["annotation", "--interface", "a/b"],
        vec!["annotation", "--grant", "root"],
        vec!["--chain", "--config", "/nonexistent"],
    ] {
        let told = ask(&node, "calico", &wrong);
        assert_eq!(told.status, USAGE, "{wrong:?}: {told:?}");
        assert!(!told.stderr.is_empty() && !told.stderr.contains("panicked"), "{told:?}");
    }
}

#[test]
fn what_a_selector_asks_is_answered_from_the_manifest_and_told() {
    let node = reference_node();
    let curious = node.guest("curious").display().to_string();
    let told = ask(&node, "", &[&curious]);
    assert_eq!(told.status, PLAN, "{told:?}");
    assert!(told.stdout.contains("weave") && told.stdout.contains("labels"), "{}", told.stdout);
    let refused = ask(&node, "", &[&curious, "--grant", "node"]);
    assert_eq!(refused.status, USAGE, "{refused:?}");
    assert!(refused.stderr.contains("genie:selector/pod@"), "{refused:?}");
}

#[test]
fn a_module_is_described() {
    let node = reference_node();
    let merging = node.guest("merging").display().to_string();
    let told = json_of(&node.genie_host(&["inspect", &merging, "--output", "json"]));
    assert_eq!(told["exports"], json!(["select", "merge"]), "{told}");
    let built_in = json_of(&node.genie_host(&["inspect", "default-plugin", "--output", "json"]));
    assert_eq!(built_in["name"], "default-plugin");
    assert_eq!(built_in["settingsSchema"]["type"], "object");
    assert_eq!(built_in["sha256"].as_str().map(str::len), Some(64));
    let imports = built_in["imports"].as_array().unwrap();
    assert!(imports.iter().all(|import| import.as_str().unwrap().starts_with("genie:selector/")), "{imports:?}");
    for wrong in [pod(&node, ""), "/nonexistent.wasm".into()] {
        let told = node.genie_host(&["inspect", &wrong]);
        assert_eq!(told.status, FAILED, "{told:?}");
    }
}

#[test]
fn help_and_completion_are_there() {
    let node = reference_node();
    for command in ["test-selector", "inspect", "compile", "records", "completion"] {
        let told = node.genie_host(&[command, "--help"]);
        assert!(told.status == Some(0) && told.stdout.contains("Usage"), "{told:?}");
    }
    for shell in ["bash", "zsh", "fish"] {
        assert!(node.genie_host(&["completion", shell]).stdout.contains("test-selector"));
    }
}

/// Else it would become a file of that name.
#[test]
fn a_dash_is_no_file_to_write() {
    let node = reference_node();
    for arguments in [
        &["pull", "oci://127.0.0.1:1/x:1", "-O", "-"][..],
        &["save", "oci://127.0.0.1:1/x:1", "-"],
        &["componentize", "x.wasm", "-o", "-"],
    ] {
        let told = node.genie_host(arguments);
        assert_eq!(told.status, USAGE, "{told:?}");
        assert!(told.stderr.contains("name a file"), "{told:?}");
    }
}
