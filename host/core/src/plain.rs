//! Text of others where people read it: in a terminal, a log, a table.
//!
//! Names, messages, configurations and the output of programs hold whatever their authors wrote. A
//! line end in one could forge a line of ours, an escape sequence could command the terminal, and a
//! character without width or of the other direction could make one name look like another. So
//! everything that is printed or logged goes through here.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::io;

/// Whether a character does more than show itself: control characters, line ends, and characters
/// that have no width or turn the direction of writing.
pub fn is_unsafe(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{feff}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
}

/// The text on one line, with each unsafe character as Rust writes it: `\n`, `\u{1b}`.
pub fn line(text: &str) -> Cow<'_, str> {
    replaced(text, is_unsafe, |line, c| line.extend(c.escape_default()))
}

/// A JSON document of the same meaning, with each unsafe character as JSON escapes it. Line ends
/// between its parts stay.
pub fn json(document: &str) -> Cow<'_, str> {
    replaced(
        document,
        |c| c != '\n' && is_unsafe(c),
        |line, c| {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a string cannot fail.
                _ = write!(line, "\\u{unit:04x}");
            }
        },
    )
}

fn replaced(text: &str, found: impl Fn(char) -> bool, write: impl Fn(&mut String, char)) -> Cow<'_, str> {
    if !text.contains(&found) {
        return Cow::Borrowed(text);
    }
    let mut line = String::with_capacity(text.len());
    for c in text.chars() {
        if found(c) {
            write(&mut line, c);
        } else {
            line.push(c);
        }
    }
    Cow::Owned(line)
}

/// Writes each message on one line. Each write is one message, and the line end at its end stays.
#[derive(Debug)]
pub struct Lines<W> {
    /// Where the messages go.
    pub to: W,
    /// [`line()`], or [`json`] for messages that are JSON.
    pub plain: fn(&str) -> Cow<'_, str>,
}

impl<W: io::Write> io::Write for Lines<W> {
    fn write(&mut self, message: &[u8]) -> io::Result<usize> {
        let text = String::from_utf8_lossy(message);
        let plain = match text.strip_suffix('\n') {
            Some(text) => format!("{}\n", (self.plain)(text)),
            None => (self.plain)(&text).into_owned(),
        };
        self.to.write_all(plain.as_bytes())?;
        Ok(message.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use serde_json::{Value, json};

    use super::*;

    const HOSTILE: &str = "a\nb\r\t\u{1b}[2J\u{9b}m\u{202e}txt.\u{200b}\u{2028}\u{e0041}ä\u{7f}";

    #[test]
    fn what_would_not_be_seen_is_written_out() {
        let expected = r"a\nb\r\t\u{1b}[2J\u{9b}m\u{202e}txt.\u{200b}\u{2028}\u{e0041}ä\u{7f}";
        assert_eq!(line(HOSTILE), expected);
        assert!(matches!(line("plain ünïcode 漢字 – “quoted”"), Cow::Borrowed(_)));
    }

    #[test]
    fn json_means_the_same_without_it() {
        let value = json!({"name": HOSTILE, "list": [1]});
        let document = format!("{value:#}");
        let plain = json(&document);
        assert!(!plain.contains(|c| c != '\n' && is_unsafe(c)), "{plain}");
        assert_eq!(serde_json::from_str::<Value>(&plain).unwrap(), value);
    }

    #[test]
    fn a_message_is_a_line_whatever_it_holds() {
        let mut lines = Lines { to: Vec::new(), plain: line };
        lines.write_all(b" WARN one\nERROR forged\x1b[0m\n").unwrap();
        lines.write_all(b"two\xff\n").unwrap();
        let written = String::from_utf8(lines.to).unwrap();
        assert_eq!(written, " WARN one\\nERROR forged\\u{1b}[0m\ntwo\u{fffd}\n");
    }
}
