//! The fuzzer: runs libFuzzer on the target that `FUZZ_TARGET` names. One program has all targets,
//! because linking takes longer than compiling.
#![no_main]

use std::sync::OnceLock;

use genie_fuzz::{TARGETS, Target};

static TARGET: OnceLock<Target> = OnceLock::new();

/// The target that `FUZZ_TARGET` names.
fn wanted() -> Target {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let names: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
    let found = TARGETS.iter().find(|(known, _)| *known == name);
    found.unwrap_or_else(|| panic!("FUZZ_TARGET is {name:?}; there are {}", names.join(", "))).1
}

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    TARGET.get_or_init(wanted)(bytes);
});
