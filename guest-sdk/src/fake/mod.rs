//! The host of native tests, in place of the real one. [`crate::testing`] shows it to authors.

mod facts;
mod grants;
mod host;
pub(crate) mod imports;

pub use facts::Facts;
pub(crate) use host::HOME;
pub use host::Host;
