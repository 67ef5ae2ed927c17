//! What is printed: for people, and in the formats of machines.

use std::fs;
use std::process::Command;

use serde_json::json;

use super::{Suite, USAGE, says};

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
