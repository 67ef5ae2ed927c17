//! Where selectors come from: modules, what they may import, what is kept of them, and
//! merging in their own way.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::process::Command;

use genie_tests::fixture::chain::{chain, makers, plan, puppet};
use genie_tests::fixture::reference_node;
use genie_tests::{Verb, guests};
use serde_json::json;

const NO_DELEGATE: [&str; 0] = [];

#[test]
fn an_import_that_was_not_granted_is_refused_by_name() {
    let node = reference_node();
    let module = node.guest("curious");
    for (grant, missing) in [
        (json!([]), "pod"),
        (json!(["node"]), "pod"),
        (json!(["pod"]), "node"),
    ] {
        let selectors = json!([{"module": module, "grant": grant}]);
        node.add()
            .key("selectors", selectors)
            .run()
            .error()
            .says(&["curious", missing, "grant"]);
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
        .with(
            "selectors",
            json!([{"module": module, "grant": ["pod", "node"]}]),
        )
        .with("pods", json!(["runtime", {"manifests": manifests}]));
    node.add().run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
}

#[test]
fn a_module_whose_content_is_another_is_refused() {
    let node = reference_node();
    let module = node.guest("puppet");
    let entry = |digest: &str| json!([{"module": module, "sha256": digest, "settings": {"act": "plan", "networks": ["weave"]}}]);
    let wrong = "0".repeat(64);
    node.add()
        .key("selectors", entry(&wrong))
        .run()
        .error()
        .says(&["sha256", &wrong]);
    assert_eq!(node.trace(), NO_DELEGATE);
    let sum = Command::new("sha256sum").arg(&module).output().unwrap();
    let right = String::from_utf8(sum.stdout).unwrap()[..64].to_owned();
    node.add().key("selectors", entry(&right)).run().ok();
}

#[test]
fn a_module_that_is_not_there_or_is_none_is_named() {
    let node = reference_node();
    node.add()
        .key("selectors", json!([{"module": "nosuch"}]))
        .run()
        .error()
        .says(&["nosuch", "default-plugin"]);
    let missing = node.dir().join("missing.wasm").display().to_string();
    node.add()
        .key("selectors", json!([{"module": missing}]))
        .run()
        .error()
        .says(&[&missing]);
    let garbage = node.dir().join("modules/garbage.wasm");
    fs::write(&garbage, "not a module").unwrap();
    node.add()
        .key("selectors", json!([{"module": garbage}]))
        .run()
        .error()
        .says(&["garbage.wasm"]);
    for wrong in [
        json!("annotation"),
        json!([1]),
        json!([{"settings": {}}]),
        json!([{"module": "annotation", "run": "never"}]),
    ] {
        node.add()
            .key("selectors", wrong)
            .run()
            .error_code(7)
            .says(&["selectors"]);
    }
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn status_tells_that_a_selector_cannot_be_loaded() {
    let node = reference_node().with("cniVersion", json!("1.1.0"));
    node.call(Verb::Status).run().ok();
    node.call(Verb::Status)
        .key("selectors", json!([{"module": "nosuch"}]))
        .run()
        .error_code(50)
        .says(&["nosuch"]);
}

#[test]
fn a_selector_may_merge_in_its_own_way() {
    let node = reference_node();
    let module = node.guest("merging");
    let node = node.with("selectors", json!([{"module": module}]));
    let result = node.add().run().ok();
    assert_eq!(
        makers(&node),
        ["ADD calico@eth0", "ADD flannel@eth1", "ADD weave-net@eth2"]
    );
    assert_eq!(result["cniVersion"], "1.0.0");
    assert_eq!(result["interfaces"].as_array().unwrap().len(), 1);
    assert_eq!(result["interfaces"][0]["name"], "eth2");
    assert_eq!(node.published("c1", "example.org/merged"), Some(json!(3)));
}

#[test]
fn a_merge_that_gives_no_usable_result_undoes_everything() {
    let out_of_range =
        r#"{"cniVersion":"1.1.0","interfaces":[],"ips":[{"address":"10.0.0.2/24","interface":7}]}"#;
    for result in ["nonsense", out_of_range] {
        let node = reference_node();
        let module = node.guest("merging");
        let node = node.with(
            "selectors",
            json!([{"module": module, "settings": {"result": result}}]),
        );
        node.add().run().error();
        let trace = makers(&node);
        assert_eq!(
            trace[3..],
            ["DEL weave-net@eth2", "DEL flannel@eth1", "DEL calico@eth0"],
            "{result}"
        );
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
    node.add()
        .container("c2")
        .key("selectors", denied)
        .run()
        .error_code(102)
        .says(&["no"]);
}

#[test]
fn a_compiled_module_is_kept_and_used_again() {
    let node = chain(|module| vec![plan(module, &["weave"])]);
    node.add().run().ok();
    let artefacts = || {
        let found = Command::new("find")
            .arg(node.dir().join("cache"))
            .args(["-name", "*.cwasm"])
            .output();
        String::from_utf8(found.unwrap().stdout).unwrap()
    };
    let first = artefacts();
    assert_eq!(first.lines().count(), 1, "{first}");
    let inode = fs::metadata(first.trim()).map(|data| data.ino()).unwrap();
    node.add().container("c2").run().ok();
    assert_eq!(artefacts(), first);
    assert_eq!(
        fs::metadata(first.trim()).map(|data| data.ino()).unwrap(),
        inode
    );
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
