//! The engine configuration, one for compiling and running: an artefact loads only where both
//! agree.

use std::num::NonZeroUsize;

use wasmtime::{Config, Engine, ModuleVersionStrategy, WasmBacktraceDetails};

use crate::cni::{CniError, code};
use crate::selector::contract::ADDRESS_SPACE;

/// What an artefact was made by: the exact wasmtime version and the revision of our settings. It is
/// part of an artefact's path and inside it.
///
/// Wasmtime by itself compares only its major version, so code from before a security fix in the
/// compiler would still load. Increase `genie.N` whenever `config` changes.
pub const ENGINE_ID: &str = "48.0.8+genie.4";

/// The inaccessible region behind each memory, in bytes: more than any offset that stands in code.
const GUARD: u64 = 32 << 20;
/// A selector's stack, in bytes.
const STACK: usize = 512 << 10;
/// How many frames of a trap an error shows.
const BACKTRACE_FRAMES: Option<NonZeroUsize> = NonZeroUsize::new(20);

/// Starts the engine of a program, with the settings that both programs have and those that `add`
/// makes.
///
/// # Errors
/// [`code::SELECTOR`] when this machine cannot run the engine.
pub fn start(add: impl FnOnce(&mut Config)) -> Result<Engine, CniError> {
    let started = config().and_then(|mut config| {
        add(&mut config);
        Engine::new(&config)
    });
    started.map_err(|error| {
        CniError::new(code::SELECTOR, "the WebAssembly engine does not start on this machine")
            .with_details(format!("{error:#}"))
    })
}

/// The settings that both programs have.
///
/// Execution is deterministic: fuel instead of a clock, no relaxed SIMD, canonical NaNs (a setting
/// of the compiler). The target is the plain one, so that the same code runs on every processor of
/// the architecture. Traps come from signals, which cost nothing until they happen.
fn config() -> wasmtime::Result<Config> {
    let mut config = Config::new();
    config.module_version(ModuleVersionStrategy::Custom(ENGINE_ID.into()))?;
    // Wasmtime runs code only when its target is the very one that wasmtime was built for. Of an
    // artefact's target it compares only architecture and system.
    let libc = if cfg!(target_env = "musl") { "musl" } else { "gnu" };
    config.target(&format!("{}-unknown-linux-{libc}", std::env::consts::ARCH))?;
    config.consume_fuel(true).epoch_interruption(false);
    config.concurrency_support(false).gc_support(false);
    config.memory_reservation(ADDRESS_SPACE);
    config.memory_may_move(false);
    config.memory_guard_size(GUARD);
    // A selector is instantiated once or twice in a process: copying its data costs less than
    // making a file of the data that can be mapped.
    config.memory_init_cow(false);
    config.max_wasm_stack(STACK);
    config.wasm_relaxed_simd(false).wasm_memory64(false);
    // Data that only debuggers and backtraces of guests read would be a third of an artefact. A
    // panic's message comes by the log.
    config.native_unwind_info(false).debug_symbols(false).generate_address_map(false);
    // With details, an environment variable could make a root process read debug information that a
    // guest brought along.
    config.wasm_backtrace_details(WasmBacktraceDetails::Disable);
    config.wasm_backtrace_max_frames(BACKTRACE_FRAMES);
    Ok(config)
}
