//! One line of a record: `<checksum> <JSON>`.

use crate::digest::hex;
use std::io;

use serde::Serialize;
use sha2::{Digest, Sha256};

/// The hexadecimal digits of a checksum. It guards against torn and rotten bytes, not against
/// attackers that may write the file: these own the node anyway.
const DIGITS: usize = 16;

/// How deep JSON may be nested here. Its readers stop at 128.
const DEPTH: usize = 120;

/// The line for `value`, with its newline. JSON text holds no newline of its own.
///
/// # Errors
/// The value is nested so deeply that it could not be read again: configurations and results go
/// into a record as they are, some levels down.
pub(super) fn encode(value: &impl Serialize) -> io::Result<Vec<u8>> {
    let json = serde_json::to_vec(value)?;
    if depth(&json) > DEPTH {
        let why = format!(
            "it could not be read again, since a network's configuration, runtimeConfig or result in it is nested \
             deeper than {DEPTH} levels"
        );
        return Err(io::Error::new(io::ErrorKind::InvalidData, why));
    }
    let mut line = checksum(&json).into_bytes();
    line.push(b' ');
    line.extend_from_slice(&json);
    line.push(b'\n');
    Ok(line)
}

/// The JSON text of a line (without its newline); none when its checksum is wrong.
pub(super) fn decode(line: &[u8]) -> Option<&[u8]> {
    let (sum, rest) = line.split_at_checked(DIGITS)?;
    let json = rest.strip_prefix(b" ")?;
    (checksum(json).as_bytes() == sum).then_some(json)
}

/// How deep the lists and objects of a JSON text are nested.
fn depth(json: &[u8]) -> usize {
    let (mut depth, mut deepest) = (0_usize, 0);
    let mut bytes = json.iter();
    let mut in_text = false;
    while let Some(byte) = bytes.next() {
        match byte {
            b'\\' => _ = bytes.next(),
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => {
                depth += 1;
                deepest = deepest.max(depth);
            }
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
    }
    deepest
}

fn checksum(json: &[u8]) -> String {
    hex(&Sha256::digest(json)).chars().take(DIGITS).collect()
}
