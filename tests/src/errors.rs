//! Finds the section of an error, as `docs/errors.md` tells its readers to: by the first row of its
//! table whose words are in the message.

use std::sync::OnceLock;

use crate::documents::{quoted, table};

/// The page.
pub const PAGE: &str = "docs/errors.md";

/// What a row looks for.
struct Words {
    /// The texts around each `…`.
    parts: Vec<String>,
    is_end: bool,
}

impl Words {
    /// The words of a cell. Those that follow `at its end` are the message's last ones.
    fn of(cell: &str) -> Vec<Self> {
        let places = cell.split('`').step_by(2).map(|before| before.ends_with("at its end "));
        let words = quoted(cell).into_iter().zip(places);
        words.map(|(words, is_end)| Self { parts: words.split('…').map(ToOwned::to_owned).collect(), is_end }).collect()
    }

    fn are_in(&self, message: &str) -> bool {
        let [first, rest @ ..] = self.parts.as_slice() else { return false };
        message.match_indices(first.as_str()).any(|(at, _)| self.follow(&message[at + first.len()..], rest))
    }

    /// What `…` stands for is one thing: within quotes it does not end before them.
    fn follow(&self, message: &str, parts: &[String]) -> bool {
        let [part, rest @ ..] = parts else { return !self.is_end || message.is_empty() };
        let mut places = message.match_indices(part.as_str()).take_while(|(at, _)| !message[..*at].contains('"'));
        places.any(|(at, _)| self.follow(&message[at + part.len()..], rest))
    }
}

/// The codes whose sections the first row leads to that a message is in; none when there is no such row.
pub fn sections(message: &str) -> Vec<u64> {
    static ROWS: OnceLock<Vec<(Vec<Words>, Vec<u64>)>> = OnceLock::new();
    let rows = ROWS.get_or_init(|| {
        let rows = table(PAGE, "## By the message").into_iter();
        rows.map(|row| (Words::of(&row[0]), codes(&row[1]))).collect()
    });
    let row = rows.iter().find(|(words, _)| words.iter().any(|words| words.are_in(message)));
    row.map(|(_, codes)| codes.clone()).unwrap_or_default()
}

/// The codes that a cell links to.
fn codes(cell: &str) -> Vec<u64> {
    cell.split("](#").skip(1).filter_map(|after| after.split(')').next()?.parse().ok()).collect()
}

/// Fails the test when the page leads from the message of an error to another section than that of
/// its code. A network's plugin has codes of its own, and STATUS is no pod's error.
///
/// # Panics
/// When it does.
#[track_caller]
pub fn assert_leads(message: &str, code: u64) {
    let found = sections(message);
    let is_plugins = found == [999] && message.contains("plugin \"");
    let is_status = [50, 51].contains(&code);
    assert!(
        found.contains(&code) || is_plugins || is_status,
        "{PAGE} leads from {message:?} (code {code}) to {found:?}"
    );
}
