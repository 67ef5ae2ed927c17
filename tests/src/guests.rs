//! The selectors of `guests/`, and the SDK's examples. Each test program builds them for WebAssembly once.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use crate::programs::{root, target, target_profile_dir};

/// Where modules import what their code asks for, and nothing else.
const MODULE: &str = "wasm32-unknown-unknown";

/// The module of one of the selectors.
///
/// # Panics
/// When the selectors do not build.
pub fn module(name: &str) -> PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| build(MODULE, &shared(), "")).join(format!("{name}.wasm"))
}

/// The module as a component that imports WASI.
///
/// # Panics
/// When the selectors do not build.
pub fn wasi_component(name: &str) -> PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    DIR.get_or_init(|| build("wasm32-wasip2", &shared(), "")).join(format!("{name}.wasm"))
}

/// The module of one of the SDK's examples.
///
/// # Panics
/// When the examples do not build.
pub fn sdk_example(name: &str) -> PathBuf {
    static DIR: OnceLock<PathBuf> = OnceLock::new();
    // A guest and an example have the same name, so they cannot share a directory.
    DIR.get_or_init(|| build_examples_of("genie-selector", MODULE, &target().join("sdk"), ""))
        .join(format!("{name}.wasm"))
}

/// The target directory of the host's build script, which builds the built-in selectors there.
fn shared() -> PathBuf {
    target_profile_dir().join("../selectors")
}

/// Builds all selectors for a target, with these flags for rustc, and returns their directory.
///
/// # Panics
/// When the selectors do not build.
pub fn build(wasm: &str, target: &Path, flags: &str) -> PathBuf {
    build_examples_of("genie-tests", wasm, target, flags)
}

fn build_examples_of(package: &str, wasm: &str, target: &Path, flags: &str) -> PathBuf {
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked", "-p", package, "--examples"])
        .args(["--target", wasm, "--profile", "selector", "--target-dir"])
        .arg(target)
        .current_dir(root())
        // What the outer cargo set for the host must not reach the guests.
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .env("RUSTFLAGS", flags)
        .status();
    assert!(
        status.is_ok_and(|status| status.success()),
        "the selectors of {package} do not build; if the target is missing, run: rustup target add {wasm}"
    );
    target.join(wasm).join("selector/examples")
}
