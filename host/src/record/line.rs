//! One line of a record: `<checksum> <JSON>`.

use serde::Serialize;
use sha2::{Digest, Sha256};

/// Hexadecimal digits of the checksum: it guards against torn and rotten bytes, not
/// against somebody who may write the file, who owns the node anyway.
const DIGITS: usize = 16;

/// The line for `value`, with its newline. JSON text holds no newline of its own.
pub(super) fn encode(value: &impl Serialize) -> serde_json::Result<Vec<u8>> {
    let json = serde_json::to_vec(value)?;
    let mut line = checksum(&json).into_bytes();
    line.push(b' ');
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

/// The JSON text of a line (without its newline) whose checksum is right.
pub(super) fn decode(line: &[u8]) -> Option<&[u8]> {
    let (sum, rest) = line.split_at_checked(DIGITS)?;
    let json = rest.strip_prefix(b" ")?;
    (checksum(json).as_bytes() == sum).then_some(json)
}

fn checksum(json: &[u8]) -> String {
    hex(&Sha256::digest(json)).chars().take(DIGITS).collect()
}

/// Lower-case hexadecimal digits.
pub(super) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
