//! The selectors of `guests/`, built for WebAssembly once per test program.

use std::path::PathBuf;
use std::process::Command;
use std::sync::OnceLock;

use crate::programs::{root, target_profile_dir};

const TARGET: &str = "wasm32-unknown-unknown";

/// The module of one of them.
///
/// # Panics
/// When they do not build.
pub fn module(name: &str) -> PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(build).join(format!("{name}.wasm"))
}

fn build() -> PathBuf {
    // The directory that the host's build script uses for the built-in selectors.
    let target = target_profile_dir().join("../selectors");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "-p", "genie-tests", "--examples"])
        .args(["--target", TARGET, "--profile", "selector", "--target-dir"])
        .arg(&target)
        .current_dir(root())
        // What the outer cargo set for the host must not reach the guests.
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env_remove("RUSTFLAGS")
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "the test selectors do not build; if the target is missing, run: rustup target add {TARGET}"
    );
    target.join(TARGET).join("selector/examples")
}
