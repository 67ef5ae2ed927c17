//! Two subjects that run in turn, each on a node of its own.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::Path;

use genie_tests::Node;
use tempfile::TempDir;

use crate::subjects::{Subject, node};

/// A directory in memory for the states of nodes: a disk would treat all subjects alike.
///
/// # Panics
/// When it cannot be made.
pub fn memory() -> TempDir {
    tempfile::Builder::new().prefix("genie-bench-").tempdir_in("/dev/shm").expect("a directory in memory")
}

/// A node with its state in memory. `programs` holds the delegates.
///
/// # Panics
/// When it cannot be made.
pub fn node_in(memory: &Path, name: &str, programs: &Path) -> Node {
    let state = memory.join(name);
    fs::create_dir(&state).expect("a new directory");
    let node = node(programs);
    symlink(&state, node.state_dir()).expect("a new link");
    node
}

/// Runs both, each round in the other order. The rounds to warm up do not count.
pub fn run(subjects: &mut [Subject; 2], nodes: [&Node; 2], rounds: usize, warm_up: usize) {
    for round in 0..warm_up + rounds {
        if round == warm_up {
            subjects.iter_mut().for_each(Subject::forget);
        }
        let mut turn: Vec<_> = subjects.iter_mut().zip(nodes).collect();
        turn.rotate_left(round % 2);
        for (subject, node) in turn {
            subject.round(node, node);
        }
    }
}
