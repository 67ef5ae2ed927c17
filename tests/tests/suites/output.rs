//! What is printed: for people, and in the formats of machines.

use std::fs;
use std::process::Command;

use genie_tests::programs;
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

/// The commonest mistake has to be seen where the others are.
#[test]
fn a_file_that_cannot_be_read_is_in_every_format_and_the_others_run() {
    let suite = Suite::puppet();
    let good = json!({"name": "good", "settings": {"act": "pass"}, "expect": {"pass": true}});
    suite.write("good.json", &good.to_string());
    suite.write("wrong.yaml", "name: a\nexpect:\n  plan: [a\nnode: x\n");
    suite.write("twice.yaml", "name: a\nname: b\nexpect: {}\n");
    suite.write("deep.json", &format!("{{\"name\": {}1{}}}", "[".repeat(3000), "]".repeat(3000)));
    let run = |format: &str| {
        let told = suite.run(&["--output", format]);
        assert_eq!(told.status, USAGE, "{told:?}");
        told
    };
    let told = run("people").stdout;
    says(&told, &["ok       good", "wrong.yaml:", "1 passed, 3 error", "duplicate mapping key", "nested too deeply"]);
    for of_a_library in ["Options", "budget", "Depth"] {
        assert!(!told.contains(of_a_library), "{told}");
    }
    let (wrong, twice) = (suite.dir.join("wrong.yaml"), suite.dir.join("twice.yaml"));
    let (wrong, twice) = (wrong.display().to_string(), twice.display().to_string());
    says(&run("github").stdout, &[&format!("::error file={wrong},line="), &format!("::error file={twice},line=2,")]);
    says(&run("junit").stdout, &[&format!("<testsuite name=\"{wrong}\" tests=\"1\" failures=\"0\" errors=\"1\"")]);
    let told = run("json").json();
    assert_eq!((&told["passed"], &told["errors"]), (&json!(1), &json!(3)), "{told:#}");
    let of_twice = told["cases"].as_array().unwrap().iter().find(|case| case["file"] == twice.as_str()).unwrap();
    assert_eq!((&of_twice["line"], &of_twice["outcome"]), (&json!(2), &json!("error")), "{told:#}");
}

#[test]
fn no_output_is_no_success() {
    let suite = hostile();
    let dir = suite.dir.display().to_string();
    let conf_dir = suite.node.conf_dir().display().to_string();
    for arguments in [
        vec!["test", &dir, "-o", "junit"],
        vec!["inspect", "annotation", "-o", "json"],
        vec!["test-selector", "default-plugin", "--conf-dir", &conf_dir],
        vec!["completion", "bash"],
        vec!["--help"],
    ] {
        let full = fs::File::options().write(true).open("/dev/full").unwrap();
        let mut command = Command::new(programs::dist("genie-host"));
        command.env("XDG_CACHE_HOME", suite.node.dir().join("user")).args(&arguments);
        let told = command.stdout(full).output().unwrap();
        assert!(matches!(told.status.code(), Some(1 | 2)), "{arguments:?}: {told:?}");
        // A reader that has what it wanted is no error.
        let (reader, writer) = std::io::pipe().unwrap();
        drop(reader);
        let told = command.stdout(writer).output().unwrap();
        assert!(told.stderr.is_empty(), "{arguments:?}: {told:?}");
    }
}
