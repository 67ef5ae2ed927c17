//! How a suite is run: its exit statuses, and what is no suite; again when something changes.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};

use genie_tests::programs;
use serde_json::json;

use super::{FAILED, PASSED, Suite, USAGE, plan, pod, says};

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
        assert!(!(told.stdout + &told.stderr).is_empty(), "{wrong:?}");
    }
}

#[test]
fn an_empty_suite_and_a_file_that_is_no_case_are_named() {
    let suite = Suite::puppet();
    let told = suite.run(&[]);
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stdout, &["holds no case"]);

    suite.write("a.yaml", &pod("calico").to_string());
    suite.write("b.yaml", "- 1\n");
    suite.write("c.yaml", "name: x\nexpects: {}\nexpect: {plann: []}\n");
    let told = suite.run(&[]);
    assert_eq!(told.status, USAGE, "{told:?}");
    let all = [
        "a.yaml:1)\n         the manifest of Pod web is no case",
        "b.yaml:1)\n         a list is no case",
        r#"x: unknown key "expects": did you mean "expect"?"#,
        r#"x.expect: unknown key "plann": did you mean "plan"?"#,
    ];
    says(&told.stdout, &all);
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
    // As a checkout does it: another directory takes the place.
    let (away, dir) = (suite.node.dir().join("away"), &suite.dir);
    fs::rename(dir, &away).unwrap();
    assert!(round().starts_with("0 passed, 1 error"));
    assert!(Command::new("cp").arg("-r").args([&away, dir]).status().unwrap().success());
    while !round().starts_with("0 passed, 1 failed") {}
    let changed = json!({"name": "new", "module": "default-plugin", "expect": {"plan": ["calico"]}});
    suite.case(&changed);
    while !round().starts_with("1 passed") {}
    // Nobody reads any more.
    drop(lines);
    assert!(child.wait().unwrap().success());
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
