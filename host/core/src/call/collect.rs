//! Takes away the record of a container that is gone, as DEL would.

use std::fs;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::time::Instant;

use super::del;
use super::namespace::Namer;
use crate::cni::CniError;
use crate::record::{Header, Store};

/// Takes one record away, if `gone` holds when the record is read again under its lock: the runtime
/// may have called DEL, or even ADD, in between. Plugins are searched in `path`, then where they
/// were found on ADD.
///
/// # Errors
/// A delegate's DEL failed. What is left stays in the record.
pub fn collect(
    store: &Store,
    container: &str,
    interface: &str,
    path: &[PathBuf],
    gone: impl FnOnce(&Header) -> bool,
    deadline: Instant,
) -> Result<(), CniError> {
    let mut lock = store.lock(container, deadline)?;
    let Some(record) = store.load_attachments(container, interface)?.filter(|record| gone(&record.header)) else {
        return Ok(());
    };
    del::detach(&record, &mut lock, Namer::Record, path, deadline, None)
}

/// Whether the container cannot exist any more: its record is of an earlier boot, or its network
/// namespace is missing.
pub fn is_gone(header: &Header) -> bool {
    header.is_of_earlier_boot() || is_missing(&header.netns)
}

/// Whether a network namespace is missing. One that nobody names, or that cannot be looked at,
/// counts as there.
pub(super) fn is_missing(netns: &str) -> bool {
    !netns.is_empty() && matches!(fs::metadata(netns), Err(error) if error.kind() == ErrorKind::NotFound)
}
