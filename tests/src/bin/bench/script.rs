//! What a script adds to an ADD: the same call without it and with it, in turn.

use std::fs;

use genie_tests::fixture::script::entry;
use genie_tests::netns::Namespace;
use genie_tests::programs;
use serde_json::json;

use crate::subjects::{Kind, State, build_noop, genie};
use crate::turns;

/// A policy of the usual size, which decides by an annotation.
const POLICY: &str = r#"const TIERS = { gold: ["noop"], silver: ["noop", "second"] };

export function select(request) {
  const { pod, annotations } = request;
  if (pod.namespace.startsWith("kube-")) return null;
  const tier = annotations["example.org/tier"] ?? request.settings.tier ?? "gold";
  const networks = TIERS[tier];
  if (networks === undefined) {
    invalid("example.org/tier", tier, `is no tier: there are ${Object.keys(TIERS).join(", ")}`);
  }
  const first = request.requireNetwork("example.org/tier", networks[0]);
  console.log(`pod ${pod.name} is of tier ${tier}`);
  return { networks: [first.file, ...networks.slice(1)], reason: `tier ${tier}` };
}
"#;

/// Runs both in turn, each round in the other order, and prints how they differ.
///
/// # Panics
/// When a program is missing or fails.
pub fn run(rounds: usize, warm_up: usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let memory = turns::memory();
    build_noop(dir.path());
    let program = dir.path().join("genie");
    fs::copy(programs::dist("genie"), &program).expect("a program can be copied");
    // It compiles the engine, once.
    fs::copy(programs::dist("genie-host"), dir.path().join("genie-host")).expect("a program can be copied");
    let pod = Namespace::new();
    let chains = [
        ("without a script", json!([{"module": "annotation"}, {"module": "default-plugin"}])),
        ("with a script", json!([entry("policy.js", POLICY), {"module": "annotation"}, {"module": "default-plugin"}])),
    ];
    let nodes =
        chains.map(|(name, chain)| (name, turns::node_in(memory.path(), name, dir.path()).with("selectors", chain)));
    let kind = Kind::Genie { state: State::Memory, networks: 1 };
    let mut subjects = nodes.each_ref().map(|(name, node)| genie(&program, (node, &pod), name, kind, None));
    turns::run(&mut subjects, nodes.each_ref().map(|(_, node)| node), rounds, warm_up);
    println!("\nADD, ms, {rounds} rounds in turn, state in memory");
    for subject in &subjects {
        println!("{:<26} p50 {:>8.3}  p95 {:>8.3}", subject.name, subject.add.p50(), subject.add.p95());
    }
    let [without, with] = &subjects;
    let added = with.add.minus(&without.add, 1.0);
    println!("{:<26} p50 {:>8.3}  p95 {:>8.3}", "added", added.p50(), added.p95());
}
