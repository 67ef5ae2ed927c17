//! What a case gives: facts, an earlier decision, a chain, networks.

use std::fs;

use genie_tests::fixture::chain::puppet;
use genie_tests::fixture::reference_node;
use serde_json::{Value, json};

use super::{FAILED, PASSED, Suite, USAGE, plan, pod, says};

#[test]
fn a_fact_that_is_not_given_fails_the_case_and_the_message_says_what_to_write() {
    let suite = Suite::new(&json!({}));
    let module = suite.node.guest("asking");
    let namespace = json!({"api-version": "v1", "kind": "Namespace", "name": "shop"});
    let case = |facts: &Value, expect: &Value| {
        json!({
            "name": "asks", "module": module, "grant": [{"cluster": {"kinds": ["v1/Namespace"], "namespaces": ["*"]}}],
            "settings": {"ask": [namespace], "networks": ["weave"]}, "facts": facts, "expect": expect,
        })
    };
    // The selector cannot tell a missing fact from one that cannot be had, so this could pass.
    let told = suite.with_case(&case(&json!({}), &json!({"refusal": {"kind": "unavailable"}})));
    assert_eq!(told.status, FAILED, "{told:?}");
    says(
        &told.stdout,
        &["asked object v1 Namespace shop, which the case does not give", "facts.absent: [{apiVersion: v1"],
    );

    let absent = json!({"absent": [{"apiVersion": "v1", "kind": "Namespace", "name": "shop"}]});
    let told = suite.with_case(&case(&absent, &json!({"reason": "0 bytes say so"})));
    assert_eq!(told.status, PASSED, "{told:?}");
    fs::create_dir(suite.dir.join("objects")).unwrap();
    suite.write("objects/shop.yaml", "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop}\n");
    let told = suite.with_case(&case(&json!({"objects": ["objects"]}), &json!({"plan": ["weave"]})));
    assert_eq!(told.status, PASSED, "{told:?}");
    let away = json!({"unavailable": [{"fact": "object", "apiVersion": "v1", "kind": "Namespace", "name": "shop", "reason": "away"}]});
    let told = suite.with_case(&case(&away, &json!({"refusal": {"kind": "unavailable", "text": "away"}})));
    assert_eq!(told.status, PASSED, "{told:?}");

    // What may be asked, and no more.
    let told =
        suite.with_case(&case(&absent, &json!({"plan": ["weave"], "asks": [{"fact": "object", "kind": "Namespace"}]})));
    assert_eq!(told.status, PASSED, "{told:?}");
    let told = suite.with_case(&case(&absent, &json!({"plan": ["weave"], "asks": ["labels"], "fuel": 10})));
    assert_eq!(told.status, FAILED, "{told:?}");
    says(&told.stdout, &["asks", "+ {\"apiVersion\":\"v1\",\"fact\":\"object\"", "fuel", "- at most 10"]);
}

#[test]
fn the_facts_of_a_node_and_a_pod_are_given_too() {
    let suite = Suite::new(&json!({}));
    let module = suite.node.guest("curious");
    let traffic = json!({"lo": {"rxBytes": 7, "txBytes": 8}});
    let mut labelled = pod("");
    labelled["metadata"]["labels"] = json!({"network": "weave"});
    let case = |facts: &Value| {
        json!({"name": "label", "module": module, "pod": labelled, "facts": facts,
               "expect": {"plan": ["weave@eth0"], "reason": "label; lo received 7"}})
    };
    let told = suite.with_case(&case(&json!({"traffic": traffic})));
    assert_eq!(told.status, PASSED, "{told:?}");
    // The facts stand in the place of what the manifest says of the pod.
    let told = suite.with_case(&case(&json!({"traffic": traffic, "pod": {"serviceAccount": "robot"}})));
    says(&told.stdout, &["asked labels", "facts.pod.labels"]);
    let told = suite.with_case(&case(&json!({})));
    says(&told.stdout, &["asked traffic lo"]);
}

#[test]
fn what_was_decided_before_is_a_list_or_attachments() {
    let suite = Suite::puppet();
    let guard = |decided: &Value, expect: &Value| json!({"name": "guard", "settings": {"act": "extend", "networks": ["weave"]}, "decided": decided, "expect": expect});
    for decided in [json!("calico"), json!(["10-calico.conflist"]), json!([{"network": "k8s-pod-network"}])] {
        let told = suite.with_case(&guard(&decided, &json!({"plan": ["calico@eth0", "weave@eth1"]})));
        assert_eq!(told.status, PASSED, "{decided}: {told:?}");
    }
    let told = suite.with_case(&guard(&json!("nosuch"), &json!({})));
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stdout, &["decided: ", "nosuch"]);
}

#[test]
fn a_whole_chain_is_asked_and_its_modules_need_no_digest() {
    let suite = Suite::new(&json!({}));
    fs::copy(suite.node.guest("puppet"), suite.dir.join("guard.wasm")).unwrap();
    let config = json!({"name": "g", "type": "genie", "selectors": [
        {"module": "annotation"},
        {"module": "guard.wasm", "run": "always", "settings": {"act": "guard", "text": "no"}},
    ]});
    fs::create_dir(suite.dir.join("config")).unwrap();
    fs::copy(suite.dir.join("guard.wasm"), suite.dir.join("config/guard.wasm")).unwrap();
    suite.write("config/00-genie.conf", &config.to_string());
    for config in [config.clone(), json!("config/00-genie.conf")] {
        let case = json!({"name": "guard", "config": config, "pod": pod("weave"),
                          "expect": {"refusal": {"kind": "denied", "text": "no: annotation cni"}}});
        let told = suite.with_case(&case);
        assert_eq!(told.status, PASSED, "{told:?}");
    }
    // A digest that is written holds.
    let mut pinned = config;
    pinned["selectors"][1]["sha256"] = json!("0".repeat(64));
    let case = json!({"name": "guard", "config": pinned, "expect": {"pass": true}});
    let told = suite.with_case(&case);
    assert_eq!(told.status, USAGE, "{told:?}");
    suite.case(&case);
    assert_eq!(suite.run(&["--any-digest"]).status, PASSED);
}

#[test]
fn networks_may_be_written_into_the_case() {
    let node = reference_node();
    let file = node.dir().join("case.yaml");
    let text = "name: inline\nmodule: annotation\nnetworks:\n  10-blue.conf: {type: bridge, name: blue, cniVersion: 1.0.0}\n\
                pod: {kind: Pod, apiVersion: v1, metadata: {name: p, annotations: {cni: blue}}}\n\
                expect: {plan: [blue@eth0]}\n";
    fs::write(&file, text).unwrap();
    let told = node.genie_host(&["test", &file.display().to_string()]);
    assert_eq!(told.status, PASSED, "{told:?}");
}

#[test]
fn a_suite_takes_the_configuration_of_the_conf_dir() {
    let node = reference_node();
    let module = node.guest("puppet");
    let chain = json!([puppet(&module, plan(&["weave"]))]);
    let node = node.with("selectors", chain);
    node.network("00-genie.conf", &Value::Object(node.config()));
    let file = node.dir().join("case.json");
    let case = json!({"name": "of the node", "confDir": node.conf_dir(), "expect": {"plan": ["weave@eth0"]}});
    fs::write(&file, case.to_string()).unwrap();
    let told = node.genie_host(&["test", &file.display().to_string()]);
    assert_eq!(told.status, PASSED, "{told:?}");
}

#[test]
fn a_suite_from_before_there_were_rates_passes_with_a_selector_that_asks_for_them() {
    let suite = Suite::new(&json!({"module": "least-loaded"}));
    let bytes = |bytes: u64| json!({"rxBytes": bytes, "txBytes": 0});
    let mut case = json!({
        "name": "blank", "pod": pod(""),
        "facts": {"traffic": {"flan": bytes(100), "cali": bytes(10), "weav": bytes(50)},
            "freeAddresses": {"10-calico.conflist": null, "10-flannel.conflist": null, "10-weave.conf": null}},
        "expect": {"plan": ["calico@eth0"], "asks": ["traffic", "free-addresses"]},
    });
    let told = suite.with_case(&case);
    assert_eq!(told.status, PASSED, "{told:?}");
    case["facts"]["trafficRate"] = json!({"flan": bytes(1), "cali": bytes(3), "weav": bytes(2)});
    case["expect"]["plan"] = json!(["flannel@eth0"]);
    let told = suite.with_case(&case);
    assert_eq!(told.status, PASSED, "{told:?}");
    case["expect"]["asks"] = json!(["free-addresses"]);
    let told = suite.with_case(&case);
    says(&told.stdout, &["asks", "\"fact\":\"traffic-rate\",\"prefix\":\"flan\""]);
    case["facts"] = json!({});
    let told = suite.with_case(&case);
    says(&told.stdout, &["asked traffic-rate flan", "facts.trafficRate: {\"flan\": {rxBytes: N, txBytes: N}}"]);
}
