//! The kernel's counters. `/proc/self/net/dev` has those of all interfaces in one file; below
//! `/sys/class/net` it would take two files for each.

use std::fs::File;
use std::io::{self, Read as _};

use super::window::Bytes;

const FILE: &str = "/proc/self/net/dev";
/// The largest file that is read: some thirty thousand interfaces.
const LARGEST: u64 = 4 << 20;

/// Reads the file.
///
/// # Errors
/// It cannot be read, or is too large: what a part of the interfaces carries would be a wrong answer.
pub fn read() -> io::Result<String> {
    let mut text = Vec::with_capacity(16 << 10);
    let read = File::open(FILE).and_then(|file| file.take(LARGEST + 1).read_to_end(&mut text));
    let size = read.map_err(|error| io::Error::new(error.kind(), format!("{FILE}: {error}")))?;
    if u64::try_from(size).unwrap_or(u64::MAX) > LARGEST {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("{FILE} is larger than {LARGEST} bytes")));
    }
    Ok(String::from_utf8_lossy(&text).into_owned())
}

/// The interfaces and their counters. Headings, and lines that are not as expected, are left out.
pub fn parse(text: &str) -> impl Iterator<Item = (&str, Bytes)> {
    text.lines().filter_map(|line| {
        // No interface's name may hold a colon.
        let (name, figures) = line.split_once(':')?;
        let mut figures = figures.split_ascii_whitespace();
        // Received are bytes, packets, errors, drops and four more; then come bytes sent.
        let received = figures.next()?.parse().ok()?;
        let sent = figures.nth(7)?.parse().ok()?;
        Some((name.trim_start(), Bytes { received, sent }))
    })
}
