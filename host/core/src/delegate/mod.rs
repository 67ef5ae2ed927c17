//! The libcni side of the host: find a plugin's program, run it, chain a list of
//! plugins, undo it.
//!
//! [`Attach`] is what the rest of the host uses. Below it, [`find`] searches a
//! program as libcni does and [`Exec`] runs it once, bounded in time and output.

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
pub use status_gc::{ValidAttachment, gc, status};
