//! Reads a module's file.

use std::fs::File;
use std::io::Read;
use std::path::Path;

use crate::cni::{CniError, code};

/// The largest module that is compiled, in bytes.
pub const MAX_MODULE: u64 = 32 << 20;

/// Reads a module's file. A file larger than [`MAX_MODULE`] is an error.
pub fn read(path: &Path) -> Result<Vec<u8>, CniError> {
    let mut bytes = Vec::new();
    File::open(path).and_then(|file| file.take(MAX_MODULE + 1).read_to_end(&mut bytes)).map_err(|error| {
        CniError::new(code::SELECTOR, format!("the module {} cannot be read: {error}", path.display()))
    })?;
    if bytes.len() as u64 > MAX_MODULE {
        let message = format!("the module {} is larger than {} MiB", path.display(), MAX_MODULE >> 20);
        return Err(CniError::new(code::SELECTOR, message));
    }
    Ok(bytes)
}
