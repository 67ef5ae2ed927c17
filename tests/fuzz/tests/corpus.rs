//! Runs the targets again on every kept input, without the fuzzer. So a defect that was found once
//! is found again.

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
            // A panic says what failed, and this line says for which input.
            eprintln!("{}", input.display());
            target(&fs::read(input).unwrap());
        }
    }
}
