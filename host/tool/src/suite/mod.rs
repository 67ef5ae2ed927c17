//! Suites: cases that say what a policy decides for a pod, and on which facts.
//!
//! [`load()`] reads the cases of files and directories, [`Runner`] runs them, [`update`] writes down
//! what was seen, and [`from_record`] makes a case of what a node decided.

mod case;
mod differ;
mod document;
mod expect;
pub mod from_record;
mod load;
mod place;
mod run;
pub mod schema;
mod trials;
pub mod update;
pub mod watch;
mod yaml;

pub use case::Case;
pub use differ::Difference;
pub use load::{CaseFile, PlacedCase, WrongFile, load};
pub use run::{CaseOutcome, Failure, Runner};
