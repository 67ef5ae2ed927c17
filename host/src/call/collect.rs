//! Taking away a record whose container is gone, as DEL would.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::del;
use crate::cni::CniError;
use crate::record::{Header, Store, boot_id};

/// Takes one record away, if `gone` still says so when it is read again under its
/// lock: the runtime may have called DEL, or even ADD, in between. Plugins are
/// searched in `path`, then where they were found on ADD.
///
/// # Errors
/// A delegate's DEL failed; what is left stays in the record.
pub fn collect(
    store: &Store,
    container: &str,
    interface: &str,
    path: &[PathBuf],
    gone: impl FnOnce(&Header) -> bool,
    deadline: Instant,
) -> Result<(), CniError> {
    let mut lock = store.lock(container, deadline)?;
    let Some(record) = store.load(container, interface)?.filter(|record| gone(&record.header)) else {
        return Ok(());
    };
    let netns = Some(record.header.netns.as_str()).filter(|netns| Path::new(netns).exists());
    del::detach(&record, &mut lock, netns, path, deadline, None)
}

/// The container cannot exist any more: it is of an earlier boot, or its network
/// namespace is not there.
pub fn is_gone(header: &Header) -> bool {
    header.boot_id != boot_id() || (!header.netns.is_empty() && !Path::new(&header.netns).exists())
}
