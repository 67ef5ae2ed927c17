//! `genie-host configure`: what it puts into a ConfigMap, and what it does not let in. `make e2e` puts what
//! it prints in force.

use std::fs;

use genie_tests::{Answer, Node, guests};
use serde_json::{Value, json};

const SETTINGS: &str = r#"{"act": "plan", "networks": ["weave"]}"#;

const TWICE: &str = r#"{"rules": [{"when": {}, "networks": "weave", "when": {}}]}"#;
const TWO: &str = r#"{"rules": [{"networks": "weave", "deny": "no"}]}"#;
const ADD: &str = r#"{"rules": [{"name": "second", "add": "weave@net1"}]}"#;
const TENANT: &str = r#"{"rules": [{"networksFrom": {"namespaceLabel": "network"}}]}"#;

/// A ConfigMap as kubectl prints it.
fn config_map() -> Value {
    let configuration = json!({"type": "genie", "selectors": [{"module": "annotation"}, {"module": "default-plugin"}]});
    json!({
        "apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "genie-config", "resourceVersion": "7", "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "{}"}},
        "data": {"00-genie.conf": configuration.to_string()},
    })
}

fn configure(node: &Node, arguments: &[&str], config_map: &Value) -> Answer {
    node.genie_host_reads(&[&["configure"], arguments].concat(), &config_map.to_string())
}

/// The ConfigMap that is printed.
#[track_caller]
fn printed(answer: &Answer) -> Value {
    assert_eq!(answer.status, Some(0), "{answer:?}");
    serde_json::from_str(&answer.stdout).unwrap()
}

fn chain(config_map: &Value) -> Vec<Value> {
    let configuration: Value = serde_json::from_str(config_map["data"]["00-genie.conf"].as_str().unwrap()).unwrap();
    configuration["selectors"].as_array().unwrap().clone()
}

#[test]
fn a_module_becomes_a_shadow_then_decides_and_then_is_gone() {
    let node = Node::new();
    let module = guests::module("puppet").display().to_string();
    let shadow = printed(&configure(&node, &[&module, "--settings", SETTINGS, "--run", "shadow"], &config_map()));
    assert!(shadow["binaryData"]["puppet.wasm.gz"].is_string());
    // kubectl replace would renew its copy of the object, for which an annotation has no room.
    assert_eq!(shadow["metadata"], json!({"name": "genie-config", "resourceVersion": "7", "annotations": {}}));
    let entry = json!({"module": "puppet.wasm", "run": "shadow", "settings": {"act": "plan", "networks": ["weave"]}});
    assert_eq!(chain(&shadow), [json!({"module": "annotation"}), json!({"module": "default-plugin"}), entry]);

    let decides = printed(&configure(&node, &[&module, "--run", "until-decided"], &shadow));
    assert_eq!(chain(&decides)[0]["settings"], chain(&shadow)[2]["settings"], "what no option names stays");
    assert_eq!((chain(&decides).len(), &chain(&decides)[0]["run"]), (3, &json!("until-decided")));
    assert_eq!(decides["binaryData"], shadow["binaryData"], "the same module is the same text");

    let gone = printed(&configure(&node, &["puppet.wasm", "--remove"], &decides));
    assert_eq!((&gone["binaryData"], chain(&gone)), (&json!({}), chain(&config_map())));
}

#[test]
fn scripts_references_and_built_in_selectors_have_their_forms_of_an_entry() {
    let node = Node::new();
    let file = node.dir().join("policy.js");
    fs::write(&file, "export function select() {}\n").unwrap();
    let script = printed(&configure(&node, &[&file.display().to_string()], &config_map()));
    assert_eq!(script["data"]["policy.js"], "export function select() {}\n");
    assert_eq!(chain(&script)[0], json!({"module": "policy.js"}));

    let [old, new] = ["1", "2"].map(|digit| format!("oci://registry.example.org/tenant@sha256:{}", digit.repeat(64)));
    let first = printed(&configure(&node, &[&old, "--grant", "pod", "--before", "default-plugin"], &config_map()));
    assert_eq!(chain(&first)[1], json!({"module": old, "grant": ["pod"]}));
    let second = printed(&configure(&node, &[&new], &first));
    assert_eq!(chain(&second)[1], json!({"module": new, "grant": ["pod"]}));

    let rules = r#"{"rules": [{"networksFrom": {"namespaceLabel": "network"}}]}"#;
    let built_in = printed(&configure(&node, &["rules", "--settings", rules, "--run", "always"], &config_map()));
    assert_eq!(chain(&built_in)[2]["module"], "rules");
    assert!(built_in.get("binaryData").is_none());
}

/// The ConfigMap of `deploy/` has no chain of its own: it is the usual one.
#[test]
fn an_entry_of_the_usual_chain_stays_where_it_is() {
    let node = Node::new();
    let usual = json!({"data": {"00-genie.conf": r#"{"type": "genie"}"#}, "kind": "ConfigMap"});
    let modules =
        |config_map: &Value| chain(config_map).iter().map(|entry| entry["module"].clone()).collect::<Vec<_>>();
    let order = ["network-attachment", "annotation", "logical-network", "least-loaded", "default-plugin"];
    for arguments in [
        ["default-plugin", "--settings", r#"{"networks": ["flannel"]}"#],
        ["annotation", "--grant", r#"{"networks": ["calico"]}"#],
        ["network-attachment", "--settings", r#"{"invalid": "ignore"}"#],
    ] {
        for null in [false, true] {
            let mut config_map = usual.clone();
            if null {
                config_map["data"]["00-genie.conf"] = r#"{"type": "genie", "selectors": null}"#.into();
            }
            let answer = configure(&node, &arguments, &config_map);
            assert_eq!((modules(&printed(&answer)), answer.stderr.as_str()), (order.map(Value::from).into(), ""));
        }
    }
}

#[test]
fn an_order_that_cannot_be_meant_is_told() {
    let node = Node::new();
    let first = ["default-plugin", "--before", "annotation"];
    let answer = configure(&node, &first, &config_map());
    assert_eq!(chain(&printed(&answer))[0]["module"], "default-plugin");
    assert!(answer.stderr.contains("warning: selector \"annotation\" is never asked"), "{answer:?}");
}

#[test]
fn what_is_not_checked_or_does_nothing_is_told() {
    let node = Node::new();
    let reference = format!("oci://registry.example.org/tenant@sha256:{}", "0".repeat(64));
    let answer = configure(&node, &[&reference], &config_map());
    printed(&answer);
    assert!(answer.stderr.contains("warning: not checked: the module is in a registry"), "{answer:?}");
    let guard = r#"{"rules": [{"when": {"decided": {"otherThan": ["calico"]}}, "deny": "calico only"}]}"#;
    let answer = configure(&node, &["rules", "--settings", guard], &config_map());
    printed(&answer);
    assert!(answer.stderr.contains("when.decided never holds"), "{answer:?}");
    let answer = configure(&node, &["rules", "--settings", guard, "--run", "always"], &config_map());
    printed(&answer);
    assert_eq!(answer.stderr, "");
}

#[test]
fn what_no_node_would_put_in_force_is_not_let_in() {
    let node = Node::new();
    let curious = guests::module("curious").display().to_string();
    let wrong = node.dir().join("wrong.wasm");
    fs::write(&wrong, b"\0asm\x01\0\0\0").unwrap();
    let wrong = wrong.display().to_string();
    let broken = node.dir().join("broken.js");
    fs::write(&broken, "export function select( {\n").unwrap();
    let broken = broken.display().to_string();
    let reference = format!("oci://registry.example.org/tenant@sha256:{}", "0".repeat(64));
    let tag = "oci://registry.example.org/tenant:1";
    for (arguments, expected) in [
        (vec![curious.as_str()], "which is not granted to it"),
        (vec![&curious, "--grant", "nosuch"], "nosuch"),
        (vec![&wrong], "wrong.wasm"),
        (vec![&broken], "broken.js:2:1: SyntaxError"),
        (vec![tag], "has no digest"),
        (vec!["rules", "--settings", r#"{"rules": [{"whem": {}}]}"#], "whem"),
        (vec!["rules", "--settings", "{"], "--settings cannot be read"),
        (vec!["annotation", "--before", "nobody"], "no entry of \"nobody\""),
        (vec!["nosuch.txt"], "neither a file"),
        (vec!["we ird.wasm"], "cannot be a key of a ConfigMap"),
        (vec!["rules", "--settings", TWICE], "--settings cannot be read: rules[0]: the key \"when\" is there twice"),
        (vec!["rules", "--settings", TWO], "has networks and deny, of which only one can be"),
        (vec!["rules", "--settings", ADD], "rules[0] (\"second\").add refuses each pod"),
        (
            vec!["rules", "--settings", TENANT, "--grant", "pod"],
            r#"write "grant": ["pod", {"cluster":["v1/Namespace"]}, "node"] in"#,
        ),
        (
            vec!["rules", "--settings", TENANT, "--grant", "pod", "--grant", "node", "--grant", "cluster"],
            "rules[0].networksFrom asks for a label of the pod's namespace, which is not granted to it",
        ),
        (vec!["rules", "--grant", r#"{"cluster":["v1/Namespaces"]}"#], "did you mean Namespace?"),
        (vec![&reference, "--grant", "nosuch"], "nosuch"),
        (vec!["tenant.wasm", "--remove"], "no entry of \"tenant.wasm\""),
    ] {
        let answer = configure(&node, &arguments, &config_map());
        assert!(answer.status == Some(1) && answer.stdout.is_empty(), "{arguments:?}: {answer:?}");
        assert!(answer.stderr.contains(expected), "{arguments:?}: {answer:?}");
    }
    for (text, expected) in [("{", "standard input"), ("kind: Pod", "expected the ConfigMap"), ("", "no manifest")] {
        let answer = node.genie_host_reads(&["configure", "annotation"], text);
        assert!(answer.status == Some(1) && answer.stderr.contains(expected), "{text:?}: {answer:?}");
    }
}
