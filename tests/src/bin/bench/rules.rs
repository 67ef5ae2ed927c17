//! What a table of rules costs: the plugin's usual chain with `rules` before it, and without.

use std::fs;

use genie_tests::netns::Namespace;
use genie_tests::programs;
use serde_json::{Value, json};

use crate::subjects::{Kind, State, build_noop, genie};
use crate::turns;

/// How many rules the table has.
const RULES: usize = 50;
/// The most that they may add to an ADD, in milliseconds.
const MOST: f64 = 0.3;

/// Runs both chains in turn, each round in the other order, and prints by how much they differ in the
/// same round.
///
/// # Panics
/// When a program is missing or fails.
pub fn run(rounds: usize, warm_up: usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let memory = turns::memory();
    build_noop(dir.path());
    let program = dir.path().join("genie");
    fs::copy(programs::dist("genie"), &program).expect("a program can be copied");
    let pod = Namespace::new();
    let usual = json!([{"module": "annotation"}, {"module": "default-plugin"}]);
    let with_rules = json!([{"module": "rules", "settings": table()}, usual[0], usual[1]]);
    let nodes = [("without", usual), ("with", with_rules)]
        .map(|(name, selectors)| turns::node_in(memory.path(), name, dir.path()).with("selectors", selectors));
    let kind = Kind::Genie { state: State::Memory, networks: 1 };
    let mut subjects = nodes.each_ref().map(|node| genie(&program, (node, &pod), "rules", kind, Some("noop")));
    turns::run(&mut subjects, nodes.each_ref(), rounds, warm_up);
    let [without, with] = &subjects;
    let added = with.add.minus(&without.add, 1.0).p50();
    let met = if added <= MOST { "met" } else { "missed" };
    println!("\n{RULES} rules of which none matches, before annotation and default-plugin; {rounds} rounds in turn");
    println!("ADD p50: {:.3} ms without, {:.3} ms with", without.add.p50(), with.add.p50());
    println!("added, p50 of the differences: {added:.3} ms (at most {MOST} ms: {met})");
    if let Some(own) = with.selectors.get("rules") {
        println!("loading and running rules: p50 {:.3} ms, p95 {:.3} ms", own.p50(), own.p95());
    }
}

/// A table as a site might have it. No rule matches the pod, and none asks for a fact, which another
/// part measures.
fn table() -> Value {
    let rule = |index: usize| {
        json!({
            "name": format!("tenant-{index}"),
            "when": {
                "namespace": {"names": [format!("team-{index}-*")], "matchLabels": {"tenant": format!("team-{index}")}},
                "pod": {"matchExpressions": [{"key": "app", "operator": "In", "values": ["web", "db"]}]},
            },
            "networks": ["noop"],
        })
    };
    json!({"rules": (0..RULES).map(rule).collect::<Vec<_>>()})
}
