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
/// The first delegate that finds something wrong; or [`code::INVALID_ENVIRONMENT`], because the
/// container was never added, or not to the end, or is removed in part.
pub fn check(call: &Call, paths: &Paths, deadline: Instant) -> Result<(), CniError> {
    let store = Store::open(&paths.state_dir)?;
    let _lock = store.lock(&call.container, deadline)?;
    let record = store.load_attachments(&call.container, &call.interface)?.ok_or_else(|| {
        let message = format!("container {} has no attachment on {}: it was not added", call.container, call.interface);
        CniError::new(code::INVALID_ENVIRONMENT, message)
    })?;
    let path = plugin_dirs(call, paths);
    let remaining = record.remaining();
    let whole = remaining.len() == record.header.attachments.len();
    if !whole || remaining.iter().any(|index| record.result(*index).is_none()) {
        let message = format!(
            "container {} is attached on {} in part: an ADD or a DEL of it did not come to its end; it needs a DEL",
            call.container, call.interface
        );
        return Err(CniError::new(code::INVALID_ENVIRONMENT, message));
    }
    for index in remaining.into_iter().rev() {
        let attachment = attachment_of(&record, index, &path)?;
        attachment.delegates(&record.header, call.netns.as_deref(), deadline).check(record.settled(index))?;
    }
    Ok(())
}
