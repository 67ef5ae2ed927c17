//! What a case expects, and what fails it.

use serde_json::{Value, json};

use super::{FAILED, PASSED, Suite, USAGE, pod, says};

#[test]
fn only_what_is_written_is_compared() {
    let suite = Suite::puppet();
    let settings = json!({"act": "plan", "networks": ["10-calico.conflist", "weave@eth7"], "gateway": "10.0.0.1"});
    let expect = json!({
        "plan": [
            {"file": "10-calico.conflist"},
            {"network": "weave", "interface": "eth7", "defaultRoute": {"via": ["10.0.0.1"]}},
        ],
        "reason": "the settings say so", "decidedBy": "puppet.wasm",
    });
    let case = |expect: &Value| json!({"name": "plan", "settings": settings, "grant": ["default-route"], "pod": pod(""), "expect": expect});
    let told = suite.with_case(&case(&expect));
    assert_eq!(told.status, PASSED, "{told:?}");

    let mut other = expect.clone();
    other["plan"][1]["defaultRoute"] = json!("usual");
    other["plan"][0]["plugins"] = json!(["calico"]);
    other["reason"] = json!("because");
    let told = suite.with_case(&case(&other));
    assert_eq!(told.status, FAILED, "{told:?}");
    let all = [
        "plan[0].plugins\n           - [\"calico\"]\n           + [\"calico\",\"portmap\"]",
        "plan[1].defaultRoute",
        "reason\n           - \"because\"\n           + \"the settings say so\"",
    ];
    says(&told.stdout, &all);

    let told = suite.with_case(&case(&json!({"plan": ["calico"]})));
    says(&told.stdout, &["- calico\n", "+ k8s-pod-network@eth0, weave@eth7"]);
    let told = suite.with_case(&case(&json!({})));
    assert_eq!(told.status, FAILED, "{told:?}");
    says(&told.stdout, &["plan, pass or refusal"]);
}

#[test]
fn refusals_are_told_apart_by_kind_and_text() {
    let suite = Suite::puppet();
    let case = |act: &str, expect: &Value| json!({"name": act, "settings": {"act": act, "text": "not on Sunday"}, "expect": expect});
    let kinds =
        [("invalid", "invalid"), ("denied", "denied"), ("unavailable", "unavailable"), ("internal", "internal")];
    for (act, kind) in kinds.into_iter().chain([("panic", "internal"), ("loop", "internal")]) {
        let told = suite.with_case(&case(act, &json!({"refusal": {"kind": kind}})));
        assert_eq!(told.status, PASSED, "{told:?}");
    }
    let told = suite.with_case(&case("denied", &json!({"refusal": {"kind": "denied", "text": "on (Sun|Mon)day$"}})));
    assert_eq!(told.status, PASSED, "{told:?}");
    let told = suite.with_case(&case("denied", &json!({"refusal": {"kind": "invalid", "code": 101, "text": "^no$"}})));
    assert_eq!(told.status, FAILED, "{told:?}");
    says(&told.stdout, &["refusal.kind", "refusal.code", "- 101", "+ 102", "- /^no$/", "not on Sunday"]);
    let told = suite.with_case(&case("pass", &json!({"refusal": {}})));
    says(&told.stdout, &["- refusal", "+ pass"]);
    assert_eq!(suite.with_case(&case("pass", &json!({"pass": true}))).status, PASSED);
    let told = suite.with_case(&case("denied", &json!({"refusal": {"text": "("}})));
    assert_eq!(told.status, USAGE, "{told:?}");
    let told = suite.with_case(&case("pass", &json!({"pass": true, "refusal": {}})));
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stdout, &["pass and refusal, of which one can be"]);
}

#[test]
fn outcomes_are_merged() {
    let suite = Suite::new(&json!({}));
    let module = suite.node.guest("merging");
    let ip = |address: &str| json!({"cniVersion": "1.0.0", "ips": [{"address": address}]});
    let case = |outcomes: &[Value], expect: &Value| {
        json!({"name": "merge", "module": module, "settings": {}, "outcomes": outcomes, "expect": expect,
               "grant": [{"annotations": ["example.org/*"]}]})
    };
    let all = [ip("10.0.0.1/24"), ip("10.0.0.2/24"), ip("10.0.0.3/24")];
    let merged = json!({"merged": {
        "result": {"ips": [{"address": "10.0.0.3/24"}]}, "annotations": {"example.org/merged": "3"},
    }});
    let told = suite.with_case(&case(&all, &merged));
    assert_eq!(told.status, PASSED, "{told:?}");
    let mut other = merged.clone();
    other["merged"]["result"]["ips"][0]["address"] = json!("10.0.0.1/24");
    let told = suite.with_case(&case(&all, &other));
    assert_eq!(told.status, FAILED, "{told:?}");
    says(&told.stdout, &["merged.result.ips[0].address"]);
    let told = suite.with_case(&case(&all[..2], &merged));
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stdout, &["3 networks, and there are 2 outcomes"]);
}
