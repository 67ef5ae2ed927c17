//! An attachment read from a record, ready to be undone or checked.

use std::path::PathBuf;
use std::time::Instant;

use crate::cni::{CniError, NetworkList, code};
use crate::delegate::Attach;
use crate::device_info::DeviceFile;
use crate::record::{Header, Planned, Record};

/// What an attachment was made with.
pub struct Recorded<'a> {
    /// The plugins of its network.
    pub list: NetworkList,
    planned: &'a Planned,
    path: Vec<PathBuf>,
}

/// The attachment with this index. Its plugins are searched in `path`, then where they were found
/// on ADD.
///
/// # Errors
/// The record holds no such attachment, or no configuration in it.
pub fn attachment_of<'a>(record: &'a Record, index: usize, path: &[PathBuf]) -> Result<Recorded<'a>, CniError> {
    let damaged = |what: String| CniError::new(code::RECORD, format!("record {}: {what}", record.path().display()));
    let planned = record.header.attachments.get(index).ok_or_else(|| damaged(format!("no attachment {index}")))?;
    let list = NetworkList::from_value(&planned.list).map_err(|error| damaged(error.msg))?;
    let mut path = path.to_vec();
    path.extend(record.header.path.iter().filter(|dir| !path.contains(dir)).cloned().collect::<Vec<_>>());
    Ok(Recorded { list, planned, path })
}

impl Recorded<'_> {
    /// The attachment's interface in the pod.
    pub fn interface(&self) -> &str {
        &self.planned.interface
    }

    /// The file in which its plugins may have told of their device.
    pub fn device_file(&self, header: &Header) -> Option<DeviceFile<'_>> {
        let Planned { runtime_config, interface, .. } = self.planned;
        DeviceFile::of(runtime_config, &self.list.name, &header.container, interface)
    }

    /// The call of the attachment's delegates.
    pub fn delegates<'b>(&'b self, header: &'b Header, netns: Option<&'b str>, deadline: Instant) -> Attach<'b> {
        Attach {
            list: &self.list,
            container: &header.container,
            netns,
            interface: &self.planned.interface,
            args: &self.planned.cni_args,
            runtime_config: &self.planned.runtime_config,
            path: &self.path,
            deadline,
        }
    }
}
