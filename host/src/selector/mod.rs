//! The wasm side: loads selectors, runs them in their sandbox, and asks them in
//! the order of the chain.
//!
//! From the outside it is [`chain`]: a [`chain::Chain`] of entries, a
//! [`module::Loader`] and somebody who knows the [`facts`] give a
//! [`trace::Decision`]. Deliberately absent: a compiler, WASI and an async
//! runtime in the plugin; anything of a call that is left for the next one; any
//! import that reads a clock or a file.

pub mod abi;
#[cfg(feature = "tool")]
pub mod approve;
mod artefact;
pub mod builtin;
pub mod cache;
pub mod chain;
pub mod child;
mod claim;
#[cfg(feature = "tool")]
pub mod compile;
pub mod compiler;
#[cfg(feature = "tool")]
pub mod confine;
pub mod digest;
pub mod engine;
pub mod facts;
pub mod grants;
mod host;
pub mod keys;
pub mod limits;
pub mod loaded;
mod mistake;
pub mod module;
mod names;
mod run;
mod seal;
#[cfg(feature = "tool")]
mod serve;
#[cfg(feature = "tool")]
mod settings;
pub(crate) mod text;
pub mod trace;
pub(crate) mod trust;
mod unanswered;
#[cfg(feature = "tool")]
mod wasi;

#[cfg(all(test, feature = "tool"))]
mod tests;
