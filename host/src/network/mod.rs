//! Networks: what the conf dir offers, and how a selector's plan becomes
//! attachments that can be carried out.

mod catalogue;
mod interfaces;
mod prepare;

pub use catalogue::{Catalogue, Installed};
pub use prepare::{Context, Prepared, prepare};
