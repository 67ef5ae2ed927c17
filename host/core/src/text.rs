//! Texts of others in messages: how much of them is shown, and how large something is as text.

use std::io;

use serde::Serialize;
use serde_json::Value;

use crate::plain::is_unsafe;

/// The most bytes of a text that people get to read: an event of Kubernetes holds 1024.
const SHOWN: usize = 600;

/// The text on one line, without invisible characters, and shortened if it is long.
pub fn one_line(text: &str) -> String {
    let mut line = String::new();
    for (index, word) in
        text.split(|c: char| c.is_whitespace() || is_unsafe(c)).filter(|word| !word.is_empty()).enumerate()
    {
        if index > 0 {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > SHOWN {
            line.truncate(start(&line, SHOWN).len());
            line.push_str(" …");
            break;
        }
    }
    line
}

/// The beginning of a text, in whole characters and at most so many bytes.
pub fn start(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes)).unwrap_or_default()
}

/// At most about so many bytes of a text: its beginning and its end, since a crash names its reason
/// first and a log names it last.
pub fn ends(text: &str, bytes: usize) -> String {
    if text.len() <= bytes {
        return text.into();
    }
    let half = bytes / 2;
    let tail = text.get(text.ceil_char_boundary(text.len() - half)..).unwrap_or_default();
    format!("{} … {tail}", start(text, half))
}

/// An upper bound of a value's size as JSON, in bytes. It takes a fraction of the work of counting.
pub fn json_at_most(value: &Value) -> usize {
    /// A control character is written as `\u0000`.
    const ESCAPED: usize = 6;
    /// Quotes, a colon and a comma; or any number.
    const FRAME: usize = 25;
    let text = |text: &str| text.len().saturating_mul(ESCAPED);
    match value {
        Value::Null | Value::Bool(_) | Value::Number(_) => FRAME,
        Value::String(value) => text(value) + FRAME,
        Value::Array(values) => values.iter().map(json_at_most).sum::<usize>() + FRAME,
        Value::Object(members) => {
            members.iter().map(|(key, value)| text(key) + json_at_most(value) + FRAME).sum::<usize>() + FRAME
        }
    }
}

/// How many bytes something takes as JSON; zero for a value that cannot be written.
pub fn json_size(value: &impl Serialize) -> usize {
    let mut count = Count(0);
    serde_json::to_writer(&mut count, value).map_or(0, |()| count.0)
}

struct Count(usize);

impl io::Write for Count {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 = self.0.saturating_add(bytes.len());
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
