//! What networks' plugins tell of their devices, around the calls of these plugins. None of it keeps
//! a pod from its networks, or from its end.

use crate::device_info::{DeviceFile, DeviceInfo};

/// What the plugins of an ADD told.
#[derive(Debug, Default)]
pub(super) struct Devices {
    /// What is known of the device of each attachment that was made.
    pub(super) known: Vec<Option<DeviceInfo>>,
    /// What is wrong with the files, in sentences for the pod's owner.
    pub(super) warnings: Vec<String>,
}

impl Devices {
    /// Makes room for the file of an attachment, before its plugins run. Returns whether they can
    /// tell something in it.
    pub(super) fn make_room(&mut self, file: DeviceFile<'_>, place: impl FnOnce() -> String) -> bool {
        let made = file.make_room();
        if let Err(error) = &made {
            let path = file.path().display();
            self.warn(place(), &format!("there is no room for the file {path}: {error}; the node has to be corrected"));
        }
        made.is_ok()
    }

    /// Reads what the plugins of the next attachment told, after they ran.
    pub(super) fn read(&mut self, file: Option<DeviceFile<'_>>, place: impl FnOnce() -> String) {
        let told = file.and_then(|file| match file.read() {
            Ok(told) => told,
            Err(why) => {
                let path = file.path().display();
                self.warn(place(), &format!("the file {path} {why}; the plugin that wrote it has to be corrected"));
                None
            }
        });
        self.known.push(told);
    }

    fn warn(&mut self, mut place: String, why: &str) {
        place.push_str(": its device is not in network-status: ");
        place.push_str(why);
        self.warnings.push(place);
    }
}

/// Removes the file of an attachment that is undone. A file too many is no reason to keep the pod.
pub(super) fn forget(file: Option<DeviceFile<'_>>) {
    let Some(file) = file else { return };
    if let Err(error) = file.remove() {
        tracing::warn!(file = %file.path().display(), %error, "what a network's plugin told of its device stays");
    }
}
