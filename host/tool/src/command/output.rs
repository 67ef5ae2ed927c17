//! What commands print. The first write that fails ends the output: [`failure`] has it.

use std::io::{self, ErrorKind, Write as _};
use std::sync::OnceLock;

use serde_json::Value;

use genie_core::plain;

/// Why standard output takes no more.
static FAILURE: OnceLock<io::Error> = OnceLock::new();

/// Prints one line. It stays one line whatever it holds: texts of others may have line ends and
/// control sequences of terminals.
pub fn print(line: &str) {
    print_lines([line]);
}

/// Prints lines, each as [`print()`] does.
pub fn print_lines(lines: impl IntoIterator<Item = impl AsRef<str>>) {
    let mut text = String::new();
    for line in lines {
        text.push_str(&plain::line(line.as_ref()));
        text.push('\n');
    }
    write(&text);
}

/// Prints JSON.
pub fn print_json(value: &Value) {
    write(&format!("{}\n", plain::json(&format!("{value:#}"))));
}

/// Writes a text, unless an earlier one could not be written.
pub fn write(text: &str) {
    if FAILURE.get().is_some() {
        return;
    }
    let mut stdout = io::stdout();
    if let Err(error) = stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        _ = FAILURE.set(error);
    }
}

/// Whether nothing can be written any more, for whatever reason.
pub fn has_ended() -> bool {
    FAILURE.get().is_some()
}

/// Why the output is not whole. A reader that went away (a pager, `head`) has what it wanted.
pub fn failure() -> Option<&'static io::Error> {
    FAILURE.get().filter(|error| error.kind() != ErrorKind::BrokenPipe)
}

/// Writes a line to standard error. Nobody can be told that this fails.
pub fn tell(line: &str) {
    _ = writeln!(io::stderr(), "{line}");
}
