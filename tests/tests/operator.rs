//! Mistakes of the cluster's operator. A pod's error says that it is the operator's, and every
//! command that looks at a configuration finds the mistake.

use genie_tests::fixture::chain::{entry, plan, puppet, with};
use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node};
use serde_json::{Value, json};

const NO_DELEGATE: [&str; 0] = [];
/// Words of an error that the operator has to correct.
const WHO: [&str; 2] = ["operator", "ConfigMap genie-config"];

fn doctor(node: &Node) -> (Option<i32>, Vec<Value>) {
    let (conf_dir, bin) = (node.conf_dir().display().to_string(), node.bin().display().to_string());
    let answer = node.genie_host(&["doctor", "--conf-dir", &conf_dir, "--bin-dir", &bin, "-o", "json"]);
    let told: Value = serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {answer:?}"));
    let areas = ["configuration", "selectors"];
    let findings = told["findings"].as_array().unwrap().iter();
    (answer.status, findings.filter(|f| areas.iter().any(|area| f["area"] == *area)).cloned().collect())
}

/// The findings of a level in one text.
fn of(findings: &[Value], level: &str) -> String {
    let found = findings.iter().filter(|finding| finding["level"] == level);
    found.map(|finding| finding["what"].as_str().unwrap().to_owned()).collect::<Vec<_>>().join("\n")
}

fn test_selector(node: &Node) -> Answer {
    node.genie_host(&["test-selector", "--chain", "--conf-dir", &node.conf_dir().display().to_string()])
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

/// A node with this chain. Checks what all commands say of it that look before a pod does.
#[track_caller]
fn assert_found(selectors: &Value, parts: &[&str]) -> Node {
    let node = reference_node().with("selectors", selectors.clone());
    let (status, findings) = doctor(&node);
    assert_eq!(status, Some(1), "{findings:#?}");
    says(&of(&findings, "fail"), parts);
    let told = test_selector(&node);
    assert_eq!(told.status, Some(2), "{told:?}");
    says(&told.stderr, parts);
    assert!(told.stdout.is_empty(), "{told:?}");
    node
}

#[test]
fn an_unknown_key_of_an_entry_is_an_error() {
    let runs = json!([{"module": "annotation", "runs": "always"}, {"module": "default-plugin"}]);
    let node = assert_found(&runs, &["selectors[0]: annotation: ", r#"unknown key "runs": did you mean "run"?"#]);
    node.add().run().error_code(7).says(&["selectors[0]", "\"runs\"", "run, "]).says(&WHO);
    let limits = json!([{"module": "default-plugin", "limits": {"feul": 1}}]);
    let node = assert_found(&limits, &["selectors[0]: default-plugin: limits", "did you mean \"fuel\"?"]);
    node.add().run().error_code(7).says(&["\"feul\"", "fuel, "]).says(&WHO);
    assert_eq!(node.trace(), NO_DELEGATE);
    // At another place an unknown key is no error: CNI-Genie's files have many.
    reference_node().with("romana_roots", json!(1)).add().run().ok();
}

#[test]
fn all_that_is_wrong_is_told_at_once() {
    let selectors = json!([
        {"module": "annotation", "runs": "always"},
        {"module": "default-plugin", "settings": {"network": "weave"}},
        {"module": "nosuch"},
    ]);
    let node = reference_node().with("selectors", selectors);
    let told = test_selector(&node);
    says(&told.stderr, &["\"runs\"", "nosuch"]);
    let (_, findings) = doctor(&node);
    says(&of(&findings, "fail"), &["\"runs\"", "nosuch"]);
}

#[test]
fn settings_that_the_schema_refuses_are_found_before_a_pod_asks() {
    let selectors = json!([{"module": "default-plugin", "settings": {"network": "weave"}}]);
    assert_found(&selectors, &["default-plugin", "unknown key \"network\": did you mean \"networks\"?"]);
    let selectors = json!([{"module": "default-plugin", "settings": {"networks": ["weave", 7]}}]);
    assert_found(&selectors, &["default-plugin", "settings.networks[1]: want string, but got number"]);
}

#[test]
fn settings_that_a_selector_refuses_are_the_operators() {
    let node = reference_node();
    let module = node.guest("puppet");
    let refused = |settings: Value| {
        let error = node.add().key("selectors", json!([puppet(&module, settings)])).run().error_code(7);
        error.says(&["puppet.wasm", "settings"]).says(&WHO);
        error
    };
    refused(json!({"act": "pass", "colour": 1})).says(&["unknown field `colour`"]);
    refused(json!({})).says(&["act"]);
    // The message leaves the settings out: they may hold what no pod's owner should read.
    assert!(!refused(json!({"act": "pass", "colour": 1, "text": "S3CRET"})).text().contains("S3CRET"));
    let default = json!([{"module": "default-plugin", "settings": {"networks": "nosuch"}}]);
    let error = node.add().key("selectors", default).run().error_code(7);
    error.says(&["default-plugin", "settings.networks", "nosuch", "3 networks are installed here"]).says(&WHO);
    let error = node.add().key("default_plugin", json!("nosuch")).run().error_code(7);
    error.says(&["default_plugin", "nosuch", "3 networks are installed here"]).says(&WHO);
    // A mistake in the pod's annotation is its owner's.
    let error = node.add().cni("nosuch").run().error_code(101);
    assert!(!error.text().contains("operator"), "{error:?}");
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn a_missing_grant_is_found_before_a_pod_asks() {
    let node = reference_node();
    let module = node.guest("curious");
    let node = node.with("selectors", json!([entry(&module)]));
    // The module is not compiled yet, and looking does not compile it.
    assert!(of(&doctor(&node).1, "warn").contains("is not compiled"));
    node.add().run().error_code(7).says(&["curious.wasm", "not granted"]).says(&WHO);
    let parts = ["curious.wasm", "genie:selector/pod@", "genie:selector/node@", "not granted"];
    let (status, findings) = doctor(&node);
    assert_eq!(status, Some(1));
    says(&of(&findings, "fail"), &parts);
    let told = test_selector(&node);
    assert_eq!(told.status, Some(2), "{told:?}");
    says(&told.stderr, &parts);
}

#[test]
fn a_merge_that_is_none_is_found() {
    let node = reference_node().with("selectors", json!([{"module": "annotation"}])).with("merge", json!("annotation"));
    let (status, findings) = doctor(&node);
    assert_eq!(status, Some(1));
    says(&of(&findings, "fail"), &["\"merge\"", "annotation", "exports no merge"]);
    says(&test_selector(&node).stderr, &["\"merge\"", "annotation", "exports no merge"]);
}

#[test]
fn a_module_that_does_not_load_is_found() {
    let node = reference_node();
    let garbage = node.dir().join("modules/garbage.wasm");
    std::fs::write(&garbage, "not a module").unwrap();
    let node = node.with("selectors", json!([{"module": "default-plugin"}, entry(&garbage)]));
    let told = test_selector(&node);
    assert_eq!(told.status, Some(2), "although it would not be asked: {told:?}");
    says(&told.stderr, &["garbage.wasm"]);
}

#[test]
fn what_may_not_be_meant_is_a_warning() {
    let node = reference_node();
    let module = node.guest("puppet");
    let guard = with(puppet(&module, json!({"act": "pass"})), "run", json!("always"));
    let never = plan(&module, &["weave"]);
    let selectors = json!([guard, {"module": "default-plugin"}, never]);
    let node = node.with("selectors", selectors);
    let told = test_selector(&node);
    assert_eq!(told.status, Some(0), "{told:?}");
    let parts = [
        "does not see what \"default-plugin\" decides",
        "puppet.wasm\" is never asked: it comes after default-plugin",
        "puppet.wasm\" has settings, but publishes no schema",
    ];
    says(&told.stdout, &parts);
    // This call compiles the module.
    node.add().run().ok();
    let (_, findings) = doctor(&node);
    says(&of(&findings, "warn"), &parts);

    let good = with(puppet(&module, json!({"act": "pass"})), "run", json!("always"));
    let node = node.with("selectors", json!([{"module": "annotation"}, {"module": "default-plugin"}, good]));
    let told = test_selector(&node);
    assert!(!told.stdout.contains("does not see") && !told.stdout.contains("never asked"), "{told:?}");
}

/// Of a key that is there twice one value is lost, and with it perhaps the condition of a rule.
#[test]
fn a_key_that_is_there_twice_is_an_error() {
    let node = reference_node();
    let file = node.conf_dir().join("00-genie.conf");
    let text = std::fs::read_to_string(&file).unwrap();
    let twice =
        r#"{"selectors": [{"module": "default-plugin", "settings": {"networks": "calico", "networks": "weave"}}],"#;
    std::fs::write(&file, text.replacen('{', twice, 1)).unwrap();
    let parts = ["selectors[0].settings: the key \"networks\" is there twice"];
    let (status, findings) = doctor(&node);
    assert_eq!(status, Some(1), "{findings:#?}");
    says(&of(&findings, "fail"), &parts);
    let told = test_selector(&node);
    assert_eq!(told.status, Some(2), "{told:?}");
    says(&told.stderr, &parts);
}
