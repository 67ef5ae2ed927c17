//! Cases that are written by the command: of what was seen, and of a record.

use std::fs;

use genie_tests::fixture::chain::{entry, with};
use serde_json::{Value, json};

use super::{FAILED, PASSED, Suite, USAGE, pod, says};

#[test]
fn update_writes_what_was_seen_and_leaves_the_rest_as_it_is() {
    let suite = Suite::puppet();
    let yaml = "# All about weave.\ncases:\n  - name: good # stays\n    settings: {act: plan, networks: [weave]}\n    \
                expect:\n      plan: [weave]   # as ever\n  - name: wrong\n    settings: {act: plan, networks: [weave, k8s-pod-network@eth5]}\n    \
                # The next line is wrong.\n    expect:\n      plan:\n        - weave@eth1\n        - interface: eth6\n      \
                reason: because\n    # After it.\n  - name: refused\n    expect: {plan: [weave]}\n    settings: {act: denied, text: 'a.b'}\n";
    let file = suite.write("cases.yaml", yaml);
    let told = suite.run(&["--update"]);
    assert_eq!(told.status, PASSED, "{told:?}");
    says(&told.stdout, &["updated  wrong", "updated  refused", "1 passed, 2 updated"]);
    let text = fs::read_to_string(&file).unwrap();
    let kept =
        ["# All about weave.", "good # stays", "[weave]   # as ever", "# The next line is wrong.", "    # After it."];
    says(&text, &kept);
    let new = [
        "plan:\n        - \"weave@eth0\"\n        - interface: \"eth5\"\n",
        "reason: \"the settings say so\"",
        "a\\\\.b",
    ];
    says(&text, &new);
    let told = suite.run(&[]);
    assert_eq!(told.status, PASSED, "{told:?}\n{text}");

    // JSON stays JSON.
    fs::remove_file(&file).unwrap();
    let json = json!({"expect": {}, "name": "json", "settings": {"act": "pass"}});
    let file = suite.write("case.json", &format!("{json:#}"));
    assert_eq!(suite.run(&["--update"]).status, PASSED);
    let read: Value = serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    assert_eq!(read["expect"], json!({"pass": true}));

    // What follows a text in lines stays, and a file whose other cases would change is not written.
    let yaml =
        "- name: a\n  expect:\n    plan: [weave]\n    reason: >-\n      x\n- name: b\n  expect: {plan: [weave]}\n";
    let settings = "  settings: {act: plan, networks: [weave]}\n";
    let of = |cases: &str| format!("defaults:\n{settings}cases:\n{cases}");
    let file = suite.write("case.json", &of(yaml));
    assert_eq!(suite.run(&["--update"]).status, PASSED);
    assert_eq!(suite.run(&[]).status, PASSED, "{}", fs::read_to_string(&file).unwrap());
    let anchored = of("- name: a\n  expect: &e {reason: x}\n- name: b\n  settings: {act: pass}\n  expect: *e\n");
    let file = suite.write("case.json", &anchored);
    let told = suite.run(&["--update"]);
    assert_eq!(told.status, PASSED, "{told:?}");
    let anchored = of("- name: a\n  expect: {plan: &p [k8s-pod-network]}\n- name: b\n  expect: {plan: *p}\n  \
                       settings: {act: plan, networks: [k8s-pod-network]}\n");
    suite.write("case.json", &anchored);
    let told = suite.run(&["--update"]);
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stdout, &["ERROR    a (", "stays as it is: with what was seen of a it could not be read"]);
    assert_eq!(fs::read_to_string(&file).unwrap(), anchored);

    // A case with a missing fact stays as it is: what was seen is not what would be.
    let module = suite.node.guest("curious");
    let case =
        json!({"name": "missing", "module": module, "grant": ["pod", "node"], "expect": {"pass": true}}).to_string();
    let file = suite.write("case.json", &case);
    assert_eq!(suite.run(&["--update"]).status, FAILED);
    assert_eq!(fs::read_to_string(file).unwrap(), case);
}

#[test]
fn a_record_becomes_a_case_that_passes() {
    let suite = Suite::new(&json!({}));
    let module = suite.node.guest("curious");
    let curious = with(entry(&module), "grant", json!(["pod", "node"]));
    let manifests = suite.node.dir().join("manifests");
    fs::create_dir(&manifests).unwrap();
    let mut labelled = pod("ignored");
    labelled["metadata"]["labels"] = json!({"network": "weave"});
    fs::write(manifests.join("pod.json"), labelled.to_string()).unwrap();
    let call = suite.node.add().key("selectors", json!([curious])).key("pods", json!({"manifests": manifests}));
    call.args("K8S_POD_NAMESPACE=default;K8S_POD_NAME=web").run().ok();

    let state = suite.node.state_dir().display().to_string();
    let record = suite.node.record_file("c1", "eth0").display().to_string();
    for from in ["c1", &record] {
        let told = suite.node.genie_host(&["test", "--from", from, "--state-dir", &state]);
        assert_eq!(told.status, PASSED, "{told:?}");
        says(&told.stdout, &["name: \"default/web\"", "weave@eth0", "network: \"weave\""]);
        let dir = suite.node.dir().join("recorded");
        fs::create_dir_all(&dir).unwrap();
        fs::write(dir.join("suite.yaml"), json!({"module": module}).to_string()).unwrap();
        fs::write(dir.join("case.yaml"), &told.stdout).unwrap();
        let ran = suite.node.genie_host(&["test", &dir.display().to_string()]);
        assert_eq!(ran.status, PASSED, "{ran:?}\n{}", told.stdout);
    }
    let told = suite.node.genie_host(&["test", "--from", "c2", "--state-dir", &state]);
    assert_eq!(told.status, USAGE, "{told:?}");
    let manifest = manifests.join("pod.json").display().to_string();
    let told = suite.node.genie_host(&["test", "--from", &manifest]);
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stderr, &["pod.json is no attachment record"]);
    assert!(!told.stderr.contains("kept addresses"), "{told:?}");
    // A case is YAML, whatever else is asked for.
    let told = suite.node.genie_host(&["test", "--from", "c1", "--state-dir", &state, "-o", "json"]);
    assert_eq!(told.status, USAGE, "{told:?}");
}

#[test]
fn what_a_blank_annotation_depended_on_becomes_a_case() {
    let suite = Suite::new(&json!({}));
    let call = suite.node.add().key("selectors", json!([{"module": "least-loaded"}]));
    call.cni("").run().ok();
    let state = suite.node.state_dir().display().to_string();
    let told = suite.node.genie_host(&["test", "--from", "c1", "--state-dir", &state]);
    says(&told.stdout, &["fact: \"traffic-rate\"", "no agent runs", "traffic:"]);
    // The case has the networks of its node.
    suite.write("suite.yaml", &json!({"module": "least-loaded"}).to_string());
    suite.write("case.yaml", &told.stdout);
    let ran = suite.run(&[]);
    assert_eq!(ran.status, PASSED, "{ran:?}\n{}", told.stdout);
}
