//! File names. All files of a container begin with its stem, and no text that a caller passes can
//! lead out of the state directory.

use std::path::Path;

use sha2::{Digest, Sha256};

use crate::cni::CniError;
use crate::cni::names::{check_container, check_interface};
use crate::digest::hex;

/// The longest container id that is not shortened, in bytes. With an interface name (15 bytes) and
/// endings, a file name stays under 200 bytes, where the kernel allows 255.
const CONTAINER_LIMIT: usize = 160;
/// How many characters of a shortened id are kept for people.
const CONTAINER_KEPT: usize = 80;

/// A container id as a file name. A shortened one holds `~`, which no container id may hold, so the
/// two kinds never meet.
pub(super) fn stem(container: &str) -> Result<String, CniError> {
    check_container(container)?;
    if container.len() <= CONTAINER_LIMIT {
        return Ok(container.into());
    }
    let kept: String = container.chars().take(CONTAINER_KEPT).collect();
    Ok(format!("{kept}~{}", hex(&Sha256::digest(container))))
}

/// The name of the record of a container's interface. The first `@` ends the stem.
pub(super) fn record(container: &str, interface: &str) -> Result<String, CniError> {
    check_interface(interface)?;
    Ok(format!("{}@{interface}.json", stem(container)?))
}

/// Whether a file has the name of a record.
pub(super) fn is_record(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.strip_suffix(".json").is_some_and(|name| name.contains('@'))
}
