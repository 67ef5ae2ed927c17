//! Compares two builds of the plugin: `AGAINST=DIR`, where DIR holds another `genie`.

use std::fs;
use std::path::Path;

use genie_tests::netns::Namespace;
use genie_tests::{Samples, programs};

use crate::subjects::{Kind, State, build_noop, genie};
use crate::turns;

/// The networks that a pod asks for, and their number.
const ASKED: [(&str, u32, &str); 2] = [("genie, cni: noop", 1, "noop"), ("genie, two networks", 2, "noop,second")];

/// Runs both builds in turn, each round in the other order. Prints by how much our time differs
/// from the other's in the same round.
///
/// # Panics
/// When a program is missing or fails.
pub fn run(other: &Path, rounds: usize, warm_up: usize) {
    let dir = tempfile::tempdir().expect("a temporary directory");
    let memory = turns::memory();
    build_noop(dir.path());
    let pod = Namespace::new();
    // Each build has a node of its own.
    let nodes = [("ours", programs::dist("genie")), ("other", other.join("genie"))].map(|(name, program)| {
        let copied = dir.path().join(name);
        fs::copy(program, &copied).expect("a program can be copied");
        (copied, turns::node_in(memory.path(), name, dir.path()))
    });
    println!("\nours beside {}, ms, {rounds} rounds in turn, state in memory", other.display());
    println!("{:<26} {:>8} {:>8} {:>16} {:>8}", "", "ours", "other", "difference p50", "ratio");
    for (name, networks, annotation) in ASKED {
        let kind = Kind::Genie { state: State::Memory, networks };
        let mut subjects =
            nodes.each_ref().map(|(program, node)| genie(program, (node, &pod), name, kind, Some(annotation)));
        turns::run(&mut subjects, nodes.each_ref().map(|(_, node)| node), rounds, warm_up);
        let [ours, other] = &subjects;
        tell(name, "ADD", &ours.add, &other.add);
        tell(name, "DEL", &ours.del, &other.del);
    }
}

fn tell(name: &str, verb: &str, ours: &Samples, other: &Samples) {
    let difference = ours.minus(other, 1.0).p50();
    let (ours, other) = (ours.p50(), other.p50());
    println!("{:<26} {ours:>8.3} {other:>8.3} {difference:>16.3} {:>8.3}", format!("{name} {verb}"), ours / other);
}
