//! Multus and genie side by side: the same pods, definitions and recording delegates, the same API
//! server, and what each of the two does with them.
//!
//! A [`Case`] says what there is and which calls the runtime makes. Its runs give an observation
//! each ([`Runs`]), in which nothing of the run's own is left, and [`differences`] compares two of
//! them. A difference is either one that [`known`] explains, or a failure of the test.
//! `make differential` runs the real Multus and keeps what it did in
//! `tests/differential/recordings`; `make test` compares genie with that.

pub mod case;
pub mod cases;
pub mod differences;
pub mod generate;
mod genie;
pub mod known;
mod observe;
pub mod recordings;
pub mod runs;
mod world;

pub use case::{Case, DEFAULT_NETWORK, Definition, NETWORKS};
pub use genie::Genie;
pub use runs::{Contender, Runs, Turn};
pub use world::World;
