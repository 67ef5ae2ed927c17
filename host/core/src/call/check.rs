//! CHECK: asks the delegates about every attachment of the record, with what it was added with.

use std::time::Instant;

use super::attachment_of;
use super::plugin_dirs;
use crate::cni::{Call, CniError, code};
use crate::config::Paths;
use crate::record::Store;

/// Serves CHECK (CNI specification, section 2, "CHECK").
///
/// # Errors
/// The first delegate that finds something wrong; or there is no record, because the container was
/// never added.
pub fn check(call: &Call, paths: &Paths, deadline: Instant) -> Result<(), CniError> {
    let store = Store::open(&paths.state_dir)?;
    let _lock = store.lock(&call.container, deadline)?;
    let record = store.load_attachments(&call.container, &call.interface)?.ok_or_else(|| {
        let message = format!("container {} has no attachment on {}: it was not added", call.container, call.interface);
        CniError::new(code::INVALID_ENVIRONMENT, message)
    })?;
    let path = plugin_dirs(call, paths);
    for index in record.remaining().into_iter().rev() {
        let attachment = attachment_of(&record, index, &path)?;
        attachment.delegates(&record.header, call.netns.as_deref(), deadline).check(record.settled(index))?;
    }
    Ok(())
}
