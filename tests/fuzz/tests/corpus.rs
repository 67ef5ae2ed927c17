//! Every input that is kept goes through its target again: what was found once
//! stays found, without the fuzzer.

use std::fs;
use std::path::{Path, PathBuf};

use genie_fuzz::TARGETS;

fn inputs(target: &str) -> Vec<PathBuf> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let entries = fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    entries.map(|entry| entry.unwrap().path()).collect()
}

#[test]
fn every_input_that_is_kept_passes() {
    for (name, target) in TARGETS {
        let inputs = inputs(name);
        assert!(inputs.len() > 5, "the corpus of {name} is lost: {inputs:?}");
        for input in inputs {
            // A panic below tells what, this which.
            eprintln!("{}", input.display());
            target(&fs::read(input).unwrap());
        }
    }
}
