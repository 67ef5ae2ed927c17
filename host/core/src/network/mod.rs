//! Networks: what the conf dir offers, and how a selector's plan becomes
//! attachments that can be carried out.

mod addresses;
mod ahead;
mod catalogue;
mod context;
mod interfaces;
mod limits;
mod prepare;
mod repeated;
mod resolve;
#[cfg(test)]
mod tests;

pub use ahead::{NETWORKS, expect_definitions, expect_likely};
pub use catalogue::{Catalogue, Installed};
pub use context::Context;
pub use interfaces::assign;
pub use limits::Limits;
pub use prepare::{Prepared, prepare};
