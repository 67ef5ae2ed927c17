//! Attachment records: all that DEL, CHECK and GC need, on disk before anything is attached.
//!
//! A record is one append-only file. Its first line, the header, is written as a whole and renamed
//! into place before the first delegate runs. From then on every other process sees it, whatever is
//! killed. Further lines are events. Every line carries a checksum.
//!
//! ```text
//! <state_dir>/records/<container>@<interface>.json   the records
//! <state_dir>/new/                                   files on their way to their place
//! <state_dir>/locks/<container>                      held while a call works
//! <state_dir>/gone/                                  records of what is attached no more
//! <state_dir>/damaged/                               files that cannot be read
//! ```

pub mod adopted;
mod event;
mod gone;
mod header;
mod io;
mod journal;
mod left_running;
mod line;
mod lock;
mod name;
mod read;
mod store;
#[cfg(test)]
mod tests;

pub use event::Ending;
pub use gone::Sweeper;
pub use header::{Header, Planned, Pod, VERSION, boot_id, is_earlier};
pub use journal::{Journal, Syncing};
pub use lock::Lock;
pub use read::Record;
pub use store::{Listed, MODERATE, Store};
