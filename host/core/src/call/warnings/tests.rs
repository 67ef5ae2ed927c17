//! Annotations that no selector has read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;
use crate::config::chain::{DEFAULT_CHAIN, chain, entries};
use crate::selector::abi::Plan;
use crate::selector::module::{Module, built_in_names};

const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
const DEFAULT: &str = "v1.multus-cni.io/default-network";

fn read(selectors: &Value) -> Chain {
    let config = json!({"selectors": selectors});
    let config = config.as_object().unwrap();
    chain(config, entries(config).unwrap()).unwrap()
}

fn usual() -> Chain {
    read(&json!(DEFAULT_CHAIN.map(|name| json!({"module": name}))))
}

fn module(name: &str) -> Value {
    json!({"module": format!("/opt/{name}.wasm"), "sha256": "0".repeat(64)})
}

fn asking(annotations: &[(&str, &str)]) -> Request {
    Request::of_pod("default", annotations)
}

/// What is told when the entry of this name decides, and all before it that are awake pass.
fn told(chain: &Chain, request: &Request, by: &str) -> Vec<String> {
    let mut decided = false;
    let mut step = |entry: &Entry| {
        let outcome = match entry.run {
            Run::Shadow => StepOutcome::Shadow,
            Run::UntilDecided if decided => StepOutcome::Skipped,
            _ if entry.sleeps(request) => StepOutcome::Asleep,
            _ if entry.name == by => {
                decided = true;
                StepOutcome::Plan(Plan { attachments: Vec::new(), reason: String::new() })
            }
            _ => StepOutcome::Pass,
        };
        Step::new(&entry.name, outcome)
    };
    let trace: Vec<_> = chain.entries.iter().map(&mut step).collect();
    assert!(decided, "{by} is asked");
    warnings(chain, request, &trace, [])
}

/// The one warning, which has to say all of this.
#[track_caller]
fn says(told: &[String], parts: &[&str]) {
    let [told] = told else { panic!("one warning is expected: {told:#?}") };
    for part in parts {
        assert!(told.contains(part), "{part:?} is not in: {told}");
    }
}

#[test]
fn each_annotation_that_wakes_a_built_in_selector_is_watched_over() {
    let wake = built_in_names().into_iter().filter_map(|name| Module::BuiltIn(name).default_wake());
    let keys: BTreeSet<_> = wake.flatten().collect();
    assert_eq!(keys, ASKING.iter().map(|asking| asking.key.to_owned()).collect());
    for Asking { key, reader, .. } in ASKING {
        let wakes = Module::from_config(reader, None).unwrap().default_wake();
        assert!(wakes.unwrap().contains(&key.to_owned()), "{reader} wakes by {key}");
    }
}

#[test]
fn what_is_read_is_not_told() {
    let every = [(NETWORKS, "net-a"), (DEFAULT, "net-b")];
    assert_eq!(told(&usual(), &asking(&every), "network-attachment"), [""; 0]);
    assert_eq!(told(&usual(), &asking(&[("cni", "calico")]), "annotation"), [""; 0]);
    assert_eq!(told(&usual(), &asking(&[("networks", "net1"), ("cni", " ")]), "logical-network"), [""; 0]);
    assert_eq!(told(&usual(), &asking(&[(NETWORKS, " "), ("other", "x")]), "default-plugin"), [""; 0]);
    let last = read(&json!([{"module": "default-plugin"}, {"module": "network-attachment", "run": "always"}]));
    assert_eq!(told(&last, &asking(&every), "default-plugin"), [""; 0]);
}

#[test]
fn an_entry_with_a_wake_that_leaves_the_annotation_out_is_told() {
    for (key, reader) in ASKING.map(|asking| (asking.key, asking.reader)) {
        let entry = json!({"module": reader, "name": "mine", "wake": ["example.org/other"]});
        let chain = read(&json!([entry, {"module": "default-plugin"}]));
        let told = told(&chain, &asking(&[(key, "net-a")]), "default-plugin");
        says(
            &told,
            &[&format!("the annotation {key} (\"net-a\") is not heeded"), "\"mine\"", &format!("add \"{key}\"")],
        );
    }
    // Another entry of the same selector reads it.
    let entry = |wake: &str| json!({"module": "network-attachment", "run": "always", "wake": [wake]});
    let both = read(&json!([{"module": "default-plugin"}, entry("example.org/other"), entry(NETWORKS)]));
    assert_eq!(told(&both, &asking(&[(NETWORKS, "a")]), "default-plugin"), [""; 0]);
    let awake = asking(&[(NETWORKS, "a"), ("example.org/other", "")]);
    let one = read(&json!([{"module": "default-plugin"}, entry("example.org/other")]));
    assert_eq!(told(&one, &awake, "default-plugin"), [""; 0]);
}

#[test]
fn an_entry_that_comes_too_late_is_told_with_the_one_that_decided() {
    let last = "write \"run\": \"always\"";
    let chain =
        read(&json!([{"module": "annotation"}, {"module": "network-attachment"}, {"module": "default-plugin"}]));
    let told_of = told(&chain, &asking(&[("cni", "calico"), (NETWORKS, "a")]), "annotation");
    says(&told_of, &[NETWORKS, "\"annotation\" had decided", last]);
    let first = "leave out the annotation that is not meant";
    says(
        &told(&usual(), &asking(&[("cni", "x"), (NETWORKS, "a")]), "network-attachment"),
        &["the annotation cni (\"x\")", "\"network-attachment\" had decided", first],
    );
    says(
        &told(&usual(), &asking(&[("cni", "x"), ("networks", "net1")]), "annotation"),
        &["the annotation networks (\"net1\")", first],
    );
}

#[test]
fn an_annotation_without_a_reader_is_told_unless_a_module_was_asked() {
    let none = read(&json!([{"module": "annotation"}, {"module": "default-plugin"}]));
    let pod = asking(&[(NETWORKS, "a")]);
    says(&told(&none, &pod, "default-plugin"), &["no selector", r#"{"module":"network-attachment"}"#, "\"cni\""]);
    let multus = read(&json!([{"module": "default-plugin"}, {"module": "network-attachment", "run": "always"}]));
    says(&told(&multus, &asking(&[("cni", "x")]), "default-plugin"), &["no selector", r#"{"module":"annotation"}"#]);

    // What it reads is not known.
    let with_module = |entry: Value| read(&json!([entry, {"module": "default-plugin"}]));
    assert_eq!(told(&with_module(module("a")), &pod, "default-plugin"), [""; 0]);
    let mut asleep = module("a");
    asleep["wake"] = json!(["example.org/other"]);
    says(&told(&with_module(asleep), &pod, "default-plugin"), &["no selector"]);
    let mut shadow = module("a");
    shadow["run"] = json!("shadow");
    says(&told(&with_module(shadow), &pod, "default-plugin"), &["no selector"]);
}

#[test]
fn a_table_of_rules_reads_what_it_names() {
    let table = |key: &str| {
        let rules = json!({"rules": [{"networksFrom": {"annotation": key}}]});
        read(&json!([{"module": "rules", "settings": rules}, {"module": "default-plugin"}]))
    };
    let pod = asking(&[("cni", "x")]);
    assert_eq!(told(&table("cni"), &pod, "rules"), [""; 0]);
    says(&told(&table("example.org/cni"), &pod, "rules"), &["the annotation cni", "no selector"]);
}
