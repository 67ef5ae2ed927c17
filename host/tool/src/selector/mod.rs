//! What `genie-host` adds to the selectors' room of [`genie_core`]: the compiler, WASI, and the
//! process that runs a selector for the plugin.

pub mod built_in;
pub mod compile;
pub mod componentize;
pub mod confine;
mod engine;
pub mod named;
pub mod names;
mod program;
pub mod run_selector;
mod wasi;

#[cfg(test)]
mod tests;

pub use program::{ON_NODE, PROGRAM, is_compiled, loader};
