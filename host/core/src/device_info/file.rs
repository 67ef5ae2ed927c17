//! The file of an attachment: where it is, and what is done with it around the calls of the plugins.

use std::fs::{self, DirBuilder, File};
use std::io::{self, ErrorKind, Read as _};
use std::os::unix::fs::DirBuilderExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use serde_json::{Map, Value};

use super::content::{self, DeviceInfo};
use super::{CAPABILITY, is_capability};
use crate::digest::Digest;

/// The most bytes of a file that are read. A device takes some 200 of them, and all annotations of
/// a pod have 256 KiB.
const LIMIT: u64 = 16 << 10;
/// The longest name of a file that is not shortened, in bytes. The kernel takes 255, and a plugin
/// may write beside the file first.
const NAME_LIMIT: usize = 200;

/// The path of the file of an attachment. `container` and `network` are identifiers of CNI.
pub fn path(directory: &Path, network: &str, container: &str, interface: &str) -> PathBuf {
    directory.join(name(network, container, interface))
}

/// The name of an attachment's file. Identifiers hold no `@`, so no two attachments have the same
/// one; a shortened one holds none either.
fn name(network: &str, container: &str, interface: &str) -> String {
    let name = format!("{network}@{container}@{interface}.json");
    if name.len() > NAME_LIMIT || name.contains('/') { format!("{}.json", Digest::of(name.as_bytes())) } else { name }
}

/// The file in which the plugins of an attachment tell of their device.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DeviceFile<'a> {
    path: &'a Path,
}

impl<'a> DeviceFile<'a> {
    /// The file that the plugins of an attachment were told of in their `runtimeConfig`. It is none
    /// when they were told of none, or of one that does not have the name that [`path`] gives.
    pub fn of(runtime_config: &'a Map<String, Value>, network: &str, container: &str, interface: &str) -> Option<Self> {
        let path = Path::new(runtime_config.get(CAPABILITY)?.as_str()?);
        (path.file_name()? == name(network, container, interface).as_str()).then_some(Self { path })
    }

    /// Where the file is.
    pub fn path(self) -> &'a Path {
        self.path
    }

    /// Makes the directory, and takes away what an attachment of the same names has left: plugins
    /// refuse to write over it, and it is not about this one's device.
    ///
    /// # Errors
    /// The directory cannot be made, or there is something that is no file.
    pub fn make_room(self) -> io::Result<()> {
        if let Some(directory) = self.path.parent() {
            // Programs of the node that are not root may read such files: they hold no secrets.
            DirBuilder::new().recursive(true).mode(0o755).create(directory)?;
        }
        self.remove()
    }

    /// What the plugins wrote; none when they wrote nothing.
    ///
    /// # Errors
    /// The file is no regular one, is too large, or holds something else. The text completes "the
    /// file …".
    pub fn read(self) -> Result<Option<DeviceInfo>, String> {
        // Not blocking, in case the file is a pipe.
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let file = match rustix::fs::open(self.path, flags, Mode::empty()) {
            Ok(file) => File::from(file),
            Err(Errno::NOENT) => return Ok(None),
            Err(Errno::LOOP) => return Err("is a symbolic link".into()),
            Err(error) => return Err(format!("cannot be opened: {error}")),
        };
        let cannot_be_read = |error| format!("cannot be read: {error}");
        if !file.metadata().map_err(cannot_be_read)?.is_file() {
            return Err("is not a regular file".into());
        }
        let mut text = Vec::new();
        let read = file.take(LIMIT + 1).read_to_end(&mut text).map_err(cannot_be_read)?;
        if u64::try_from(read).is_ok_and(|read| read > LIMIT) {
            return Err(format!("is larger than {} KiB", LIMIT >> 10));
        }
        content::read(&text).map(Some)
    }

    /// Removes the file. One that is not there is no error.
    ///
    /// # Errors
    /// It cannot be removed.
    pub fn remove(self) -> io::Result<()> {
        match fs::remove_file(self.path) {
            // The directory may be none, if it could not be made.
            Err(error) if !matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Err(error),
            _ => Ok(()),
        }
    }
}

/// Gives the plugins of an attachment the path of their file, if one of them `asks` for it. Nobody
/// else chooses it: who does chooses what a plugin of root's writes, what is published of the node's
/// files, and what is removed.
pub fn name_file(runtime_config: &mut Map<String, Value>, asks: bool, path: impl FnOnce() -> PathBuf) {
    runtime_config.retain(|name, _| !is_capability(name));
    if asks {
        runtime_config.insert(CAPABILITY.into(), path().to_string_lossy().into());
    }
}
