//! File names. Everything that belongs to a container begins with its stem, and
//! nothing that a caller passes can lead out of the state directory.

use sha2::{Digest, Sha256};

use crate::cni::CniError;
use crate::cni::names::{check_container, check_interface};
use crate::digest::hex;

/// A longer container id is shortened: with an interface name (15 bytes) and endings a
/// file name stays under 200 bytes, where the kernel allows 255.
const CONTAINER_LIMIT: usize = 160;
/// How much of a shortened id is kept for people.
const CONTAINER_KEPT: usize = 80;

/// A container id as a file name. A shortened one holds `~`, which no container id may
/// hold, so that the two kinds never meet.
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
