//! Runs a chain offline: what a node would decide for a pod, without a node and a cluster.
//!
//! A [`Trial`] is a configuration with the networks of a node. It is asked a request
//! ([`Trial::request`], or one that a [`Recorded`] decision holds), and its selectors ask facts:
//! those of a case ([`facts::GivenFacts`]), those of a record, or any others. What is not given is
//! not answered, and [`facts::Known`] remembers it.

mod before;
pub mod configuration;
mod decide;
pub mod entry;
pub mod facts;
mod merge;
pub mod plan;
pub mod pods;
pub mod question;
mod recorded;
mod verdict;

pub use before::DECIDED;
pub use decide::{Decided, Trial, identity};
pub use recorded::Recorded;
pub use verdict::{Attached, RefusalKind, Verdict};
