//! The engine with the compiler.

use std::sync::OnceLock;

use genie_core::cni::CniError;
use genie_core::selector::artefact::engine;
use wasmtime::{Engine, OptLevel};

/// The engine that this program compiles for and runs on.
///
/// # Errors
/// The engine does not start on this machine.
pub fn engine() -> Result<&'static Engine, CniError> {
    static ENGINE: OnceLock<Result<Engine, CniError>> = OnceLock::new();
    let start = || {
        engine::start(|config| {
            // A selector runs for microseconds: reading its code takes longer than running it.
            config.cranelift_nan_canonicalization(true).cranelift_opt_level(OptLevel::SpeedAndSize);
        })
    };
    ENGINE.get_or_init(start).as_ref().map_err(Clone::clone)
}
