//! Where selectors come from: modules, what they may import, what is kept of them, and their own
//! merges.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use genie_tests::fixture::chain::{chain, entry, makers, plan, puppet, sha256, with};
use genie_tests::fixture::reference_node;
use genie_tests::{Verb, guests};
use serde_json::json;

const NO_DELEGATE: [&str; 0] = [];

#[test]
fn an_import_that_was_not_granted_is_refused_by_name() {
    let node = reference_node();
    let module = node.guest("curious");
    for (grant, missing) in [(json!([]), "pod"), (json!(["node"]), "pod"), (json!(["pod"]), "node")] {
        let selectors = json!([with(entry(&module), "grant", grant)]);
        node.add().key("selectors", selectors).run().error().says(&["curious", missing, "grant"]);
        assert_eq!(node.trace(), NO_DELEGATE);
    }
}

#[test]
fn what_was_granted_is_answered() {
    let node = reference_node();
    let module = node.guest("curious");
    let manifests = node.dir().join("pods");
    fs::create_dir(&manifests).unwrap();
    let pod = "kind: Pod\nmetadata:\n  name: p\n  labels:\n    network: weave\n";
    fs::write(manifests.join("pod.yaml"), pod).unwrap();
    let node = node
        .with("selectors", json!([with(entry(&module), "grant", json!(["pod", "node"]))]))
        .with("pods", json!(["runtime", {"manifests": manifests}]));
    node.add().run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
}

#[test]
fn only_the_module_that_was_approved_runs() {
    let node = reference_node();
    let module = node.guest("puppet");
    let approved = sha256(&module);
    let other = "0".repeat(64);
    let entry = |digest: &str| with(plan(&module, &["weave"]), "sha256", json!(digest));
    node.add().key("selectors", json!([entry(&other)])).run().error().says(&["puppet.wasm", &approved, &other]);
    let unapproved = json!([{"module": module}]);
    node.add().key("selectors", unapproved).run().error_code(7).says(&["puppet.wasm", "sha256"]);
    assert_eq!(node.trace(), NO_DELEGATE);
    node.add().key("selectors", json!([entry(&approved)])).run().ok();
    node.trace();
    // After the module is compiled, another file in its place changes nothing.
    fs::copy(node.guest("merging"), &module).unwrap();
    let answer = node.add().container("c2").key("selectors", json!([entry(&approved)])).run();
    let expected: &[&str] = if answer.status == Some(0) { &["ADD weave-net@eth0"] } else { &[] };
    assert_eq!(node.trace(), expected, "{answer:?}");
}

#[test]
fn a_module_that_is_not_there_or_is_none_is_named() {
    let node = reference_node();
    node.add().key("selectors", json!([{"module": "nosuch"}])).run().error().says(&["nosuch", "default-plugin"]);
    let missing = node.dir().join("missing.wasm").display().to_string();
    let entry_of = |module: &str| json!([{"module": module, "sha256": "0".repeat(64)}]);
    node.add().key("selectors", entry_of(&missing)).run().error().says(&[&missing]);
    let garbage = node.dir().join("modules/garbage.wasm");
    fs::write(&garbage, "not a module").unwrap();
    node.add().key("selectors", json!([entry(&garbage)])).run().error().says(&["garbage.wasm"]);
    // Compiling by hand would help with none of these.
    let wrong = json!([{"module": garbage, "sha256": "0".repeat(64)}]);
    for selectors in [entry_of(&missing), json!([entry(&garbage)]), wrong] {
        let error = node.add().key("selectors", selectors).run().error();
        assert!(!error.text().contains("compile "), "{error:?}");
    }
    let mute = node.guest("mute");
    let error = node.add().key("selectors", json!([entry(&mute)])).run().error();
    error.says(&["mute.wasm", "exports nothing", "does its source end in `genie_selector::export!(NAME);`?"]);
    for wrong in
        [json!("annotation"), json!([1]), json!([{"settings": {}}]), json!([{"module": "annotation", "run": "never"}])]
    {
        node.add().key("selectors", wrong).run().error_code(7).says(&["selectors"]);
    }
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn status_tells_that_a_selector_cannot_be_loaded() {
    let node = reference_node().with("cniVersion", json!("1.1.0"));
    node.call(Verb::Status).run().ok();
    node.call(Verb::Status)
        .key("selectors", json!([{"module": "/nonexistent/nosuch.wasm", "sha256": "0".repeat(64)}]))
        .run()
        .error_code(50)
        .says(&["nosuch"]);
}

#[test]
fn a_selector_may_merge_in_its_own_way() {
    let node = reference_node();
    let module = node.guest("merging");
    let grant = json!([{"annotations": ["example.org/*"]}]);
    let node = node.with("selectors", json!([with(entry(&module), "grant", grant)]));
    let result = node.add().run().ok();
    assert_eq!(makers(&node), ["ADD calico@eth0", "ADD flannel@eth1", "ADD weave-net@eth2"]);
    assert_eq!(result["cniVersion"], "1.0.0");
    assert_eq!(result["interfaces"].as_array().unwrap().len(), 1);
    assert_eq!(result["interfaces"][0]["name"], "eth2");
    assert_eq!(node.published("c1", "example.org/merged"), Some(json!(3)));
}

#[test]
fn a_merge_that_gives_no_usable_result_undoes_everything() {
    let out_of_range = r#"{"cniVersion":"1.1.0","interfaces":[],"ips":[{"address":"10.0.0.2/24","interface":7}]}"#;
    for (settings, told) in [
        (json!({"result": "nonsense"}), "merged result"),
        (json!({"result": out_of_range}), "7"),
        (json!({"annotation": "kubernetes.io/egress-bandwidth"}), "kubernetes.io/egress-bandwidth"),
    ] {
        let node = reference_node();
        let module = node.guest("merging");
        let grant = json!([{"annotations": ["*"]}, "result"]);
        let node = node.with("selectors", json!([with(puppet(&module, settings), "grant", grant)]));
        node.add().run().error().says(&[told]);
        let trace = makers(&node);
        assert_eq!(trace[3..], ["DEL weave-net@eth2", "DEL flannel@eth1", "DEL calico@eth0"], "{told}");
        node.assert_no_state();
    }
}

#[test]
fn a_component_that_imports_wasi_works_and_sees_nothing() {
    let node = reference_node();
    let module = node.dir().join("modules/wasi.wasm");
    fs::copy(guests::wasi_component("puppet"), &module).unwrap();
    let node = node.with("selectors", json!([plan(&module, &["weave"])]));
    node.add().run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
    let denied = json!([puppet(&module, json!({"act": "denied", "text": "no"}))]);
    node.add().container("c2").key("selectors", denied).run().error_code(102).says(&["no"]);
}

#[test]
fn what_a_component_prints_is_kept_as_its_messages() {
    let node = reference_node();
    let module = node.dir().join("modules/wasi.wasm");
    fs::copy(guests::wasi_component("puppet"), &module).unwrap();
    let prints = json!([puppet(&module, json!({"act": "print", "networks": ["weave"], "text": "hello"}))]);
    let answer = node.add().key("selectors", prints).key("log_level", json!("debug")).run();
    answer.ok();
    let logs = &node.record("c1", "eth0")[0]["decision"]["trace"][0]["logs"];
    let expected = json!([{"level": "Info", "message": "out: hello"}, {"level": "Error", "message": "err: hello"}]);
    assert_eq!(logs, &expected);
    assert!(answer.stderr.contains("wasi.wasm\" logged at error: \"err: hello\""), "{answer:?}");
}

#[test]
fn a_compiled_module_is_kept_and_used_again() {
    let node = chain(|module| vec![plan(module, &["weave"])]);
    node.add().run().ok();
    let artefacts = || {
        let found = Command::new("find").arg(node.dir().join("cache")).args(["-name", "*.cwasm"]).output();
        String::from_utf8(found.unwrap().stdout).unwrap()
    };
    let first = artefacts();
    assert_eq!(first.lines().count(), 1, "{first}");
    let inode = fs::metadata(first.trim()).map(|data| data.ino()).unwrap();
    node.add().container("c2").run().ok();
    assert_eq!(artefacts(), first);
    assert_eq!(fs::metadata(first.trim()).map(|data| data.ino()).unwrap(), inode);
}

#[test]
fn a_failing_selector_leaves_an_attached_pod_alone() {
    let node = chain(|module| vec![plan(module, &["weave"])]);
    node.add().run().ok();
    let module = node.dir().join("modules/puppet.wasm");
    fs::remove_file(module).unwrap();
    node.del().run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0", "DEL weave-net@eth0"]);
}
