//! The libcni side of the host: finds a plugin's program, runs it, runs a list of plugins, and
//! undoes it.
//!
//! The rest of the host uses [`Attach`]. Below it, [`find()`] searches a program as libcni does, and
//! [`Exec`] runs it once, bounded in time and output.

mod exec;
mod failure;
mod find;
mod list;
mod missing;
mod orphans;
mod pump;
mod recursion;
mod status_gc;
#[cfg(test)]
mod tests;

pub use exec::{Exec, HOST_CALL};
pub use failure::{Cause, Failure};
pub use find::find;
pub use list::{AddFailure, Attach};
pub use missing::missing;
pub use orphans::kill_orphans;
pub use recursion::refuse_self;
pub use status_gc::{ValidAttachment, gc, status, takes_gc};
