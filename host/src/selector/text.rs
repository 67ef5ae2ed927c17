//! A guest's words in an error message.

/// What of it people get to read, in bytes: an event of Kubernetes holds 1024.
const SHOWN: usize = 600;

/// On one line, without control characters, and not too long.
pub(super) fn one_line(text: &str) -> String {
    let mut line = String::new();
    for (index, word) in
        text.split(|c: char| c.is_whitespace() || c.is_control()).filter(|word| !word.is_empty()).enumerate()
    {
        if index > 0 {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > SHOWN {
            line.truncate(line.floor_char_boundary(SHOWN));
            line.push_str(" …");
            break;
        }
    }
    line
}
