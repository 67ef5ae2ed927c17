//! The WebAssembly side: loads selectors, runs them in their sandbox, and asks them in
//! the order of the chain.
//!
//! From the outside it is [`chain`]: a [`chain::Chain`] of entries, a [`module::Loader`] and
//! [`sandbox::facts::Facts`] give a [`decision::Decision`]. On purpose there is no compiler here,
//! no WASI and no async runtime, no import that reads a clock or a file, and no state that a call
//! leaves for the next one.
//!
//! Each program hands in what it adds: see [`module::Program`]. Tests that run guests need a
//! compiler, so they are in `host/tool/src/selector/tests`.

pub mod abi;
pub mod artefact;
pub mod chain;
pub mod child;
mod completed;
pub mod contract;
pub mod decision;
pub mod grants;
pub mod keys;
mod mistake;
pub mod module;
pub mod sandbox;
pub mod settings;

#[cfg(test)]
mod tests;
