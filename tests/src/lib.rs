//! The harness of the black-box tests. They run the built plugin (`dist/genie`) as a runtime does,
//! and look at what it does to the delegates, to the disk and to the kernel.
//!
//! [`Node`] is a node in a temporary directory, [`Call`] one call of the runtime, [`Answer`] its
//! output. [`recorder`] is a delegate that writes down how it was called. [`netns`] makes real
//! network namespaces, and [`guests`] builds the selectors that the tests need. [`apiserver`] is a
//! real Kubernetes API server, and [`cri`] a node with a container runtime. [`Samples`] are
//! measured times.
#![cfg(not(target_family = "wasm"))]

pub mod agent;
mod answer;
pub mod apiserver;
mod call;
pub mod cluster;
pub mod cri;
pub mod definitions;
pub mod differential;
pub mod documents;
pub mod errors;
pub mod fixture;
pub mod guests;
pub mod helm;
pub mod hostile;
pub mod installing;
pub mod kept;
pub mod netns;
mod node;
pub mod programs;
pub mod real;
pub mod recorder;
pub mod registry;
mod running;
mod samples;
mod state;
pub mod steps;

pub use answer::{Answer, Failure};
pub use call::{Call, Verb};
pub use node::Node;
pub use recorder::{Recorded, Script};
pub use running::{Running, Watched};
pub use samples::Samples;
pub use state::base64;
