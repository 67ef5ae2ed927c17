//! What the commands that decide offline cost: `replay` over the records of a full node, and a suite.

use std::fs;
use std::time::Instant;

use genie_tests::Node;
use genie_tests::fixture::reference_node;
use serde_json::{Value, json};

use crate::load::make_records;

/// How many records are replayed, and how long that may take, in seconds.
const RECORDS: usize = 10_000;
const REPLAY: f64 = 10.0;
/// How many cases a suite has, and how long it may take, in seconds.
const CASES: usize = 100;
const SUITE: f64 = 2.0;

/// Runs both, and prints how long they took.
///
/// # Panics
/// When a program is missing or fails.
pub fn run() {
    let node = reference_node().with("timeout", json!("30m"));
    let list = json!({"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "weave-net"}]});
    node.network("05-net.conflist", &list).network("00-genie.conf", &Value::Object(node.config()));
    make_records(&node, 0, RECORDS);
    let (state, conf_dir) = (node.state_dir().display().to_string(), node.conf_dir().display().to_string());
    let replay = ["replay", "--chain", "--state-dir", &state, "--conf-dir", &conf_dir];
    println!();
    report(&node, &format!("{RECORDS} records replayed"), &replay, REPLAY);

    let case = |number| {
        let pod =
            json!({"kind": "Pod", "metadata": {"name": format!("p{number}"), "annotations": {"cni": "calico,net"}}});
        json!({"name": format!("case {number}"), "pod": pod, "expect": {"plan": ["k8s-pod-network", "net"]}})
    };
    let cases: Vec<_> = (0..CASES).map(case).collect();
    let suite = node.dir().join("suite");
    fs::create_dir(&suite).expect("a new directory");
    let cases = json!({"defaults": {"confDir": conf_dir}, "cases": cases});
    fs::write(suite.join("cases.json"), cases.to_string()).expect("a new file");
    report(&node, &format!("{CASES} cases, compilation included"), &["test", &suite.display().to_string()], SUITE);
}

fn report(node: &Node, what: &str, arguments: &[&str], most: f64) {
    let started = Instant::now();
    let answer = node.genie_host(arguments);
    let took = started.elapsed().as_secs_f64();
    assert_eq!(answer.status, Some(0), "{answer:?}");
    let met = if took <= most { "met" } else { "missed" };
    println!("{what}: {took:.2} s (at most {most} s: {met})");
    println!("  {}", answer.stdout.lines().last().unwrap_or_default());
}
