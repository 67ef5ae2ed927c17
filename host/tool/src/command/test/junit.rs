//! The outcome of suites as `JUnit`'s XML, which most systems of continuous integration read.

use std::fmt::Write as _;

use super::told::Told;
use crate::suite::CaseOutcome;
use genie_core::plain;

/// The whole document.
pub fn document(told: &[Told]) -> String {
    let mut document = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in told.chunk_by(|one, other| one.place.0 == other.place.0) {
        let name = suite.first().map(|one| one.place.0.display().to_string()).unwrap_or_default();
        let count = |word| suite.iter().filter(|one| one.word() == word).count();
        let seconds: f64 = suite.iter().map(|one| one.time.as_secs_f64()).sum();
        // Writing to a string cannot fail.
        _ = writeln!(
            document,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{}\" errors=\"{}\" time=\"{seconds:.6}\">",
            text(&name),
            suite.len(),
            count("failed"),
            count("error")
        );
        for one in suite {
            case(&mut document, one, &name);
        }
        document.push_str("  </testsuite>\n");
    }
    document.push_str("</testsuites>\n");
    document
}

fn case(document: &mut String, told: &Told, suite: &str) {
    let (name, suite, line) = (text(&told.name), text(suite), told.place.1);
    let seconds = told.time.as_secs_f64();
    let start = format!("    <testcase name=\"{name}\" classname=\"{suite}\" line=\"{line}\" time=\"{seconds:.6}\"");
    let element = match (&told.outcome, told.updated) {
        (CaseOutcome::Passed, _) | (CaseOutcome::Failed(_), true) => {
            _ = writeln!(document, "{start}/>");
            return;
        }
        (CaseOutcome::Failed(_), false) => "failure",
        (CaseOutcome::Error(_), _) => "error",
    };
    let why = told.why();
    let message = text(why.first().map(String::as_str).unwrap_or_default());
    let lines = why.iter().map(|line| text(line)).collect::<Vec<_>>().join("\n");
    _ = writeln!(document, "{start}>\n      <{element} message=\"{message}\">{lines}</{element}>\n    </testcase>");
}

/// A text between tags or quotes. What XML cannot hold at all is written out.
fn text(text: &str) -> String {
    let mut escaped = String::new();
    for c in plain::line(text).chars() {
        match c {
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '&' => escaped.push_str("&amp;"),
            '"' => escaped.push_str("&quot;"),
            // These two are no characters of XML.
            '\u{fffe}' | '\u{ffff}' => escaped.push('\u{fffd}'),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_text_of_others_is_no_xml() {
        assert_eq!(super::text("<a b=\"c\">&\u{1b}\n\u{ffff}"), "&lt;a b=&quot;c&quot;&gt;&amp;\\u{1b}\\n\u{fffd}");
    }
}
