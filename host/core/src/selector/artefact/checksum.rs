//! The checksum at the end of an artefact in the cache: CRC-32 of all bytes before it.
//!
//! [`crate::trust`] keeps out artefacts that others than root could have written; this is about
//! disks. Wasmtime checks an artefact's frame and not its code, so a bit that rots there would run
//! as root. No checksum helps against an attacker who may write the file.

use std::fs::File;
use std::io;
use std::os::unix::fs::FileExt as _;

use crc32fast::Hasher;

/// The bytes of the checksum.
const SIZE: usize = size_of::<u32>();
/// How much is read at once: enough to be quick, and little enough for the stack and for the
/// processor's nearest cache.
const CHUNK: usize = 16 << 10;

/// The checksum to write behind these bytes.
pub fn of(bytes: &[u8]) -> [u8; SIZE] {
    crc32fast::hash(bytes).to_le_bytes()
}

/// Whether the file of this size ends in the checksum of the bytes before.
pub fn holds(file: &File, size: u64) -> io::Result<bool> {
    let Some(sealed) = size.checked_sub(SIZE as u64) else { return Ok(false) };
    let mut hasher = Hasher::new();
    let mut chunk = [0; CHUNK];
    let mut at = 0;
    while at < sealed {
        let wanted = usize::try_from(sealed - at).map_or(CHUNK, |left| left.min(CHUNK));
        let Some(part) = chunk.get_mut(..wanted) else { break };
        file.read_exact_at(part, at)?;
        hasher.update(part);
        at += wanted as u64;
    }
    let mut seal = [0; SIZE];
    file.read_exact_at(&mut seal, sealed)?;
    Ok(hasher.finalize().to_le_bytes() == seal)
}
