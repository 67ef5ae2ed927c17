//! What `test-selector` shares with suites.

use std::fs;

use serde_json::json;

use super::{PASSED, Suite, USAGE, says};

#[test]
fn test_selector_asks_with_given_facts_and_an_earlier_decision() {
    let suite = Suite::puppet();
    let node = &suite.node;
    let conf_dir = node.conf_dir().display().to_string();
    let ask = |more: &[&str]| {
        let mut arguments = vec!["test-selector", "--conf-dir", &conf_dir];
        arguments.extend(more);
        node.genie_host(&arguments)
    };
    let facts = node.dir().join("facts.yaml");
    fs::write(&facts, "pod: {labels: {network: weave}}\ntraffic: {lo: {rxBytes: 7, txBytes: 8}}\n").unwrap();
    let facts = facts.display().to_string();
    let curious = node.guest("curious").display().to_string();
    let told = ask(&[&curious, "--facts", &facts]);
    assert_eq!(told.status, PASSED, "{told:?}");
    says(&told.stdout, &["label; lo received 7"]);
    fs::write(&facts, "facts: {traffic: {lo: {rxBytes: 7, txBytes: 8}}}\n").unwrap();
    let told = ask(&[&curious, "--facts", &facts, "-o", "json"]).json();
    assert_eq!(told["missing"], json!([{"fact": "labels"}]));
    assert_eq!((&told["verdict"], &told["kind"]), (&json!("refused"), &json!("unavailable")));
    fs::write(&facts, "trafic: {}\n").unwrap();
    let told = ask(&[&curious, "--facts", &facts]);
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stderr, &["did you mean \"traffic\"?"]);

    let puppet = node.guest("puppet").display().to_string();
    let extend = json!({"act": "extend", "networks": ["weave"]}).to_string();
    let told = ask(&[&puppet, "--settings", &extend, "--decided", "calico", "-o", "json"]).json();
    assert_eq!(told["attachments"].as_array().map(Vec::len), Some(2), "{told}");
    let decided = node.dir().join("decided.yaml");
    fs::write(&decided, "- {network: k8s-pod-network, interface: eth0}\n").unwrap();
    let decided = decided.display().to_string();
    let told = ask(&[&puppet, "--settings", &extend, "--decided", &decided]);
    assert_eq!(told.status, PASSED, "{told:?}");
    let told = ask(&["--chain", "--decided", "calico,weave"]);
    says(&told.stdout, &["gets 2 networks, decided before"]);
}

#[test]
fn test_selector_merges_and_shows_what_each_plugin_gets() {
    let suite = Suite::puppet();
    let node = &suite.node;
    let conf_dir = node.conf_dir().display().to_string();
    let patch =
        json!({"act": "plan", "networks": ["k8s-pod-network"], "patch": "{\"mtu\": 1400}", "gateway": "10.0.0.1"})
            .to_string();
    let puppet = node.guest("puppet").display().to_string();
    let arguments = [
        "test-selector",
        &puppet,
        "--conf-dir",
        &conf_dir,
        "--settings",
        &patch,
        "--grant",
        "default-route",
        "--grant",
        r#"{"patch": ["mtu"]}"#,
        "--show-config",
        "--outcomes",
        "-",
    ];
    let result = json!([{"cniVersion": "1.0.0", "ips": [{"address": "10.0.0.7/24"}]}]).to_string();
    let told = node.genie_host_reads(&arguments, &result);
    assert_eq!(told.status, PASSED, "{told:?}");
    says(
        &told.stdout,
        &["DEFAULT ROUTE", "via 10.0.0.1", "CNI_IFNAME=eth0", "\"mtu\": 1400", "merged result:", "10.0.0.7/24"],
    );
    let all: Vec<_> = arguments.into_iter().chain(["-o", "json"]).collect();
    let told = node.genie_host_reads(&all, &result).json();
    let delegates = &told["attachments"][0]["delegates"];
    assert_eq!(
        (&delegates[0]["stdin"]["mtu"], &delegates[0]["stdin"]["name"]),
        (&json!(1400), &json!("k8s-pod-network"))
    );
    assert_eq!(delegates[1]["plugin"], "portmap");
    assert_eq!(told["merged"]["result"]["ips"][0]["address"], "10.0.0.7/24");
    let told = node.genie_host_reads(&arguments, "[]");
    assert_eq!(told.status, USAGE, "{told:?}");
}

#[test]
fn a_chain_with_modules_without_digests_is_asked_while_it_is_developed() {
    let suite = Suite::puppet();
    let node = &suite.node;
    fs::copy(node.guest("puppet"), suite.dir.join("tenant.wasm")).unwrap();
    let entry = json!({"module": "tenant.wasm", "settings": {"act": "plan", "networks": ["weave"]}});
    let config = suite.write("00-genie.conf", &json!({"name": "g", "type": "genie", "selectors": [entry]}).to_string());
    let conf_dir = node.conf_dir().display().to_string();
    let config = config.display().to_string();
    let arguments = ["test-selector", "--chain", "--conf-dir", &conf_dir, "--config", &config];
    assert_eq!(node.genie_host(&arguments).status, USAGE);
    let told = node.genie_host(&[&arguments[..], &["--any-digest"]].concat());
    assert_eq!(told.status, PASSED, "{told:?}");
}
