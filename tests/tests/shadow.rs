//! Entries with `"run": "shadow"`: they are asked when a call is over, and change nothing of it.

use std::path::Path;

use genie_tests::agent::Agent;
use genie_tests::fixture::chain::{chain, plan, puppet, with};
use genie_tests::fixture::reference_node;
use genie_tests::{Node, Verb};
use serde_json::{Value, json};

/// The pod's annotations, which the runtime hands over, so that no agent is asked for them.
const NONE: &[(&str, &str)] = &[("tier", "gold")];

/// A node whose pods get flannel, with one shadow. Its configuration is in force as an installation
/// would have put it.
fn node(shadow: impl FnOnce(&Path) -> Value) -> Node {
    let node = chain(|module| vec![plan(module, &["cbr0"]), with(shadow(module), "run", json!("shadow"))]);
    in_force(node)
}

fn in_force(node: Node) -> Node {
    let socket = json!(node.dir().join("agent.sock"));
    let node = node.with("agent", socket);
    node.network("00-genie.conf", &Value::Object(node.config()));
    node
}

fn agent(node: &Node) -> Agent<'_> {
    let agent = Agent::start(node, &node.dir().join("no-kubeconfig"));
    agent.eventually("the socket", || json!(node.dir().join("agent.sock").exists().then_some(true)));
    agent
}

/// Adds a pod and returns what the shadow made of it.
fn shadowed(node: &Node) -> Value {
    let agent = agent(node);
    node.add().container("c1").annotations(NONE).run().ok();
    let mut answers = agent.eventually("the shadow's answer", || shadows(node, "c1"));
    assert_eq!(answers.as_array().map(Vec::len), Some(1), "{answers}");
    answers[0].take()
}

/// An entry of a module that is not there.
fn missing(module: &Path) -> Value {
    json!({"module": module.with_file_name("nowhere.wasm"), "sha256": "0".repeat(64)})
}

/// The answers of the shadows in a record; null as long as there are none.
fn shadows(node: &Node, container: &str) -> Value {
    let lines = node.record(container, "eth0");
    lines.iter().map(|line| line["shadows"]["answers"].clone()).find(|answers| !answers.is_null()).unwrap_or_default()
}

#[test]
fn other_networks_are_a_difference() {
    let node = node(|module| plan(module, &["weave"]));
    let shadow = shadowed(&node);
    assert_eq!((&shadow["difference"], &shadow["selector"]), (&json!("plan"), &json!("puppet.wasm")));
    assert_eq!(shadow["outcome"]["plan"]["attachments"][0]["network"]["Installed"], "weave", "{shadow}");
    assert!(shadow["fuel"].as_u64() > Some(0), "{shadow}");
}

#[test]
fn the_same_networks_written_otherwise_are_none() {
    for same in [json!(["cbr0"]), json!(["10-flannel.conflist@eth0"])] {
        let shadow = shadowed(&node(|module| puppet(module, json!({"act": "plan", "networks": same}))));
        assert_eq!(shadow["difference"], "same", "{shadow}");
    }
    let shadow = shadowed(&node(|module| puppet(module, json!({"act": "pass"}))));
    assert_eq!(shadow["difference"], "same", "{shadow}");
}

#[test]
fn a_shadow_sees_the_decision_and_may_refuse_it() {
    let shadow = shadowed(&node(|module| puppet(module, json!({"act": "guard", "text": "not this one"}))));
    assert_eq!(shadow["difference"], "refused", "{shadow}");
    assert!(shadow["outcome"]["refused"].as_str().is_some_and(|why| why.contains("not this one")), "{shadow}");
}

#[test]
fn a_shadow_that_fails_in_any_way_is_told_and_hurts_nobody() {
    for act in ["panic", "loop", "allocate", "recurse"] {
        let shadow = shadowed(&node(|module| puppet(module, json!({"act": act}))));
        assert_eq!(shadow["difference"], "failed", "{act}: {shadow}");
    }
    let node = node(missing);
    let shadow = shadowed(&node);
    assert_eq!(shadow["difference"], "failed", "{shadow}");
    assert!(shadow["outcome"]["failed"].as_str().is_some_and(|why| why.contains("nowhere.wasm")), "{shadow}");
}

#[test]
fn no_byte_of_the_attachments_or_the_result_changes() {
    let attached = |node: &Node| {
        let result = node.add().container("c1").annotations(NONE).run().ok();
        let lines = node.record("c1", "eth0");
        let events: Vec<_> = lines.iter().filter(|line| !line["done"].is_null()).cloned().collect();
        let text = json!([result, lines[0]["attachments"], lines[0]["decision"]["plan"], events]).to_string();
        node.del().container("c1").run().ok();
        text.replace(&node.dir().display().to_string(), "DIR")
    };
    let without = in_force(chain(|module| vec![plan(module, &["cbr0"])]));
    let expected = attached(&without);
    for act in ["guard", "loop", "panic"] {
        let node = node(|module| puppet(module, json!({"act": act})));
        assert_eq!(attached(&node), expected, "{act}");
        node.add().container("c2").annotations(NONE).run().ok();
        let step = node.record("c2", "eth0")[0]["decision"]["trace"][1].clone();
        assert_eq!((&step["outcome"], &step["fuel"], &step["load_micros"]), (&json!("shadow"), &json!(0), &json!(0)));
    }
}

#[test]
fn status_does_not_depend_on_a_shadow() {
    let shadow = with(missing(Path::new("/nonexistent/puppet.wasm")), "run", json!("shadow"));
    let node = reference_node().with("selectors", json!([{"module": "default-plugin"}, shadow]));
    node.with("cniVersion", json!("1.1.0")).call(Verb::Status).run().ok();
}

#[test]
fn a_pod_that_was_refused_would_be_allowed() {
    let node = in_force(chain(|module| {
        let refuse = puppet(module, json!({"act": "denied", "text": "never"}));
        vec![refuse, with(plan(module, &["weave"]), "run", json!("shadow"))]
    }));
    let agent = agent(&node);
    let pod = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_POD_UID=u1";
    // The agent makes the spool first.
    agent.eventually("the spool", || json!(node.state_dir().join("spool").exists().then_some(true)));
    node.add().container("c1").args(pod).annotations(NONE).run().error_code(102);
    let told = |line: &str| line.contains("\"shadow\"") && line.contains("\"allowed\"");
    agent.eventually("the difference", || json!(agent.log().lines().any(told).then_some(true)));
}

#[test]
fn a_chain_of_shadows_decides_nothing_and_none_of_them_merges() {
    let all = chain(|module| vec![with(plan(module, &["cbr0"]), "run", json!("shadow"))]);
    all.add().annotations(NONE).run().error_code(7).says(&["only shadows"]);
    let node = node(|module| plan(module, &["weave"])).with("merge", json!("nothing"));
    node.add().annotations(NONE).run().error_code(7).says(&["merge", "no shadow"]);
}
