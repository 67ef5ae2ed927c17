//! The host's functions: the component's imports in a module, the fakes of
//! [`crate::testing`] everywhere else.
//!
//! Plain functions, on purpose: a table of them (a trait object) would make
//! every module import all of them.

#[cfg(target_family = "wasm")]
pub(crate) use crate::bindings::genie::selector::{cluster, log, node, pod};

#[cfg(not(target_family = "wasm"))]
pub(crate) use crate::testing::imports::{cluster, log, node, pod};
