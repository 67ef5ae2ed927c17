//! `genie-host test`: suites of cases, what fails them, and how that is told.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::path::PathBuf;
use std::process::{Command, Stdio};

use genie_tests::fixture::chain::{entry, puppet, with};
use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node, programs};
use serde_json::{Value, json};

const PASSED: Option<i32> = Some(0);
const FAILED: Option<i32> = Some(1);
const USAGE: Option<i32> = Some(2);

/// A node and a directory of cases in it.
struct Suite {
    node: Node,
    dir: PathBuf,
}

impl Suite {
    /// A suite whose cases share the networks of the reference node, and this.
    fn new(shared: &Value) -> Self {
        let node = reference_node();
        let dir = node.dir().join("suite");
        fs::create_dir(&dir).unwrap();
        let mut all = shared.clone();
        all["confDir"] = json!(node.conf_dir());
        fs::write(dir.join("suite.yaml"), all.to_string()).unwrap();
        Self { node, dir }
    }

    /// A suite that asks the puppet.
    fn puppet() -> Self {
        let suite = Self::new(&json!({}));
        let module = suite.node.guest("puppet");
        suite.share(&json!({"module": module}));
        suite
    }

    fn share(&self, shared: &Value) {
        let mut all = shared.clone();
        all["confDir"] = json!(self.node.conf_dir());
        self.write("suite.yaml", &all.to_string());
    }

    fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.dir.join(file);
        fs::write(&path, text).unwrap();
        path
    }

    fn case(&self, case: &Value) {
        self.write("case.json", &case.to_string());
    }

    fn run(&self, more: &[&str]) -> Answer {
        let dir = self.dir.display().to_string();
        let mut arguments = vec!["test", &dir];
        arguments.extend(more);
        self.node.genie_host(&arguments)
    }

    /// Runs this one case.
    fn with_case(&self, case: &Value) -> Answer {
        self.case(case);
        self.run(&[])
    }
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

fn plan(networks: &[&str]) -> Value {
    json!({"act": "plan", "networks": networks})
}

fn pod(cni: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": {"cni": cni}}})
}

#[test]
fn exit_statuses_tell_passed_failed_and_wrong_apart() {
    let suite = Suite::puppet();
    let told = suite.with_case(&json!({"name": "plan", "settings": plan(&["weave"]), "expect": {"plan": ["weave"]}}));
    assert_eq!(told.status, PASSED, "{told:?}");
    says(&told.stdout, &["ok       plan", "1 passed in "]);

    let failing = json!({"name": "plan", "settings": plan(&["weave"]), "expect": {"plan": ["calico@eth0"]}});
    let told = suite.with_case(&failing);
    assert_eq!(told.status, FAILED, "{told:?}");
    says(
        &told.stdout,
        &["FAILED   plan", "case.json:1", "plan[0]", "- calico@eth0", "+ weave@eth0", "0 passed, 1 failed"],
    );

    // A case that cannot be run is no failure of the policy.
    let told = suite.with_case(&json!({"name": "plan", "module": "nosuch.wasm", "expect": {"pass": true}}));
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stdout, &["ERROR", "nosuch.wasm"]);
    for wrong in [vec!["test"], vec!["test", "/nonexistent"], vec!["test", "--output", "tap", "."]] {
        let told = suite.node.genie_host(&wrong);
        assert_eq!(told.status, USAGE, "{wrong:?}: {told:?}");
        assert!(!told.stderr.is_empty(), "{wrong:?}");
    }
}

#[test]
fn an_empty_suite_and_a_file_that_is_no_case_are_named() {
    let suite = Suite::puppet();
    let told = suite.run(&[]);
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stderr, &["holds no case"]);

    suite.write("a.yaml", &pod("calico").to_string());
    suite.write("b.yaml", "- 1\n");
    suite.write("c.yaml", "name: x\nexpects: {}\nexpect: {plann: []}\n");
    let told = suite.run(&[]);
    assert_eq!(told.status, USAGE, "{told:?}");
    let all = [
        "a.yaml: line 1: the manifest of Pod web is no case",
        "b.yaml: line 1: a list is no case",
        r#"c.yaml: line 1: x: unknown key "expects": did you mean "expect"?"#,
        r#"x.expect: unknown key "plann": did you mean "plan"?"#,
    ];
    says(&told.stderr, &all);
}

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
    says(&told.stderr, &["pass and refusal, of which one can be"]);
}

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

    // A case with a missing fact stays as it is: what was seen is not what would be.
    let module = suite.node.guest("curious");
    let case =
        json!({"name": "missing", "module": module, "grant": ["pod", "node"], "expect": {"pass": true}}).to_string();
    let file = suite.write("case.json", &case);
    assert_eq!(suite.run(&["--update"]).status, FAILED);
    assert_eq!(fs::read_to_string(file).unwrap(), case);
}

/// A suite with a case of each outcome, whose names and texts are hostile.
fn hostile() -> Suite {
    let suite = Suite::puppet();
    let name = "a<b>&\"c\",:%\u{1b}[2J\n::error::forged";
    let cases = json!({"cases": [
        {"name": "good", "settings": {"act": "pass"}, "expect": {"pass": true}},
        {"name": name, "settings": {"act": "denied", "text": name}, "expect": {"pass": true}},
        {"name": "broken", "module": "nosuch.wasm", "expect": {"pass": true}},
    ]});
    suite.write("cases.json", &format!("{cases:#}"));
    suite
}

#[test]
fn junit_is_well_formed_whatever_a_case_is_called() {
    let suite = hostile();
    let told = suite.run(&["--output", "junit"]);
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stdout, &["tests=\"3\" failures=\"1\" errors=\"1\"", "<testcase name=\"good\"", "&lt;b&gt;&amp;"]);
    // The parser of Python's library is strict.
    let file = suite.node.dir().join("junit.xml");
    fs::write(&file, &told.stdout).unwrap();
    let count = "import sys, xml.etree.ElementTree as E; t = E.parse(sys.argv[1]); \
                 print([len(list(t.iter(n))) for n in ('testsuite', 'testcase', 'failure', 'error')])";
    let counted = Command::new("python3").args(["-c", count]).arg(&file).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&counted.stdout), "[1, 3, 1, 1]\n", "{counted:?}");
}

#[test]
fn github_gets_one_command_for_each_case_that_did_not_pass() {
    let suite = hostile();
    let told = suite.run(&["--output", "github"]);
    let commands: Vec<_> = told.stdout.lines().filter(|line| line.starts_with("::")).collect();
    assert_eq!(commands.len(), 2, "{}", told.stdout);
    let file = suite.dir.join("cases.json").display().to_string();
    assert!(
        commands[0].starts_with(&format!("::error file={file},line=12,title=a<b>&\"c\"%2C%3A%25")),
        "{}",
        commands[0]
    );
    says(&told.stdout, &["1 passed, 1 failed, 1 in error"]);
}

#[test]
fn json_tells_all_of_it() {
    let suite = hostile();
    let told = suite.run(&["--output", "json"]).json();
    let outcomes: Vec<_> = told["cases"].as_array().unwrap().iter().map(|case| &case["outcome"]).collect();
    assert_eq!(outcomes, ["passed", "failed", "error"]);
    assert_eq!((&told["passed"], &told["failed"], &told["errors"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!(told["cases"][1]["differences"][0]["expected"], "pass");
}

#[test]
fn watching_answers_when_a_case_or_a_module_changes() {
    let suite = Suite::puppet();
    let module = suite.dir.join("policy.wasm");
    fs::copy(suite.node.guest("puppet"), &module).unwrap();
    let case = |text: &str| {
        json!({"name": "watched", "module": "policy.wasm", "settings": {"act": "denied", "text": text},
               "expect": {"refusal": {"text": "^.*: one$"}}})
    };
    suite.case(&case("one"));
    let mut command = Command::new(programs::dist("genie-host"));
    command.env("XDG_CACHE_HOME", suite.node.dir().join("user")).args(["test", "--watch"]).arg(&suite.dir);
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut round = || loop {
        let line = lines.next().expect("it runs on").unwrap();
        if line.contains(" passed") {
            return line;
        }
    };
    assert!(round().starts_with("1 passed"));
    suite.case(&case("two"));
    assert!(round().starts_with("0 passed, 1 failed"));
    // As an editor does it: another file takes the place.
    let new = suite.node.dir().join("new.json");
    fs::write(&new, case("one").to_string()).unwrap();
    fs::rename(&new, suite.dir.join("case.json")).unwrap();
    assert!(round().starts_with("1 passed"));
    // Another module, which asks for other settings.
    fs::copy(suite.node.guest("curious"), suite.dir.join("policy.new")).unwrap();
    fs::rename(suite.dir.join("policy.new"), &module).unwrap();
    assert!(round().starts_with("0 passed, 1"));
    child.kill().unwrap();
    child.wait().unwrap();
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

#[test]
fn a_module_is_compiled_once_for_a_hundred_cases() {
    let suite = Suite::puppet();
    let case = |number: usize| {
        json!({"name": format!("case {number}"), "settings": {"act": "denied", "text": number.to_string()},
               "expect": {"refusal": {"kind": "denied", "text": format!(": {number}$")}}})
    };
    let cases: Vec<_> = (0..100).map(case).collect();
    suite.write("cases.json", &json!({"cases": cases}).to_string());
    let told = suite.run(&["--output", "json"]);
    assert_eq!(told.status, PASSED, "{told:?}");
    let told = told.json();
    assert_eq!(told["passed"], 100);
    assert!(told["cases"][99]["micros"].is_u64());
}

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
