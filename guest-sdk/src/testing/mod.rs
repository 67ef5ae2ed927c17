//! Native tests of a selector: a request in one line, and a host that answers
//! whatever the test says.
//!
//! ```
//! use genie_selector::{pod, testing};
//!
//! let host = testing::Host::new().label("tenant", "blue");
//! assert_eq!(host.run(|| pod::label("tenant")), Ok(Some("blue".to_owned())));
//! ```
//!
//! This module does not exist on WebAssembly, where the real host answers.

mod host;
pub(crate) mod imports;
mod request;

pub use host::{Facts, Host};
pub use request::request;

#[cfg(test)]
mod tests;
