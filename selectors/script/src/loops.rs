//! Finds the loop that a stopped script was in.
//!
//! QuickJS keeps places of calls and of names, but none of the loops themselves. A script that is
//! stopped at the turn of a loop is told to be at the last place before that loop.

/// Words that begin a loop.
const LOOPS: [&str; 3] = ["for", "while", "do"];

/// The place of the first loop at `from` or behind it. Places are lines and columns, from 1.
pub fn behind(source: &str, from: (usize, usize)) -> Option<(usize, usize)> {
    let mut code = Code { rest: source, place: (1, 1), last: ' ' };
    loop {
        let (place, last) = (code.place, code.last);
        let word = code.next()?;
        if place >= from && last != '.' && LOOPS.contains(&word) {
            return Some(place);
        }
    }
}

/// The words and signs of a script, without comments and texts.
struct Code<'a> {
    rest: &'a str,
    /// The place at which `rest` begins.
    place: (usize, usize),
    /// The character before that.
    last: char,
}

impl<'a> Code<'a> {
    /// The next word, or one character that is of no word.
    fn next(&mut self) -> Option<&'a str> {
        let first = self.rest.chars().next()?;
        if self.rest.starts_with("//") {
            self.skip(self.rest.find('\n').unwrap_or(self.rest.len()));
            return Some("");
        }
        if self.rest.starts_with("/*") {
            self.skip(self.rest.find("*/").map_or(self.rest.len(), |end| end + 2));
            return Some("");
        }
        let end = match first {
            '"' | '\'' | '`' => end_of_text(self.rest, first),
            _ if is_of_word(first) => self.rest.find(|c| !is_of_word(c)).unwrap_or(self.rest.len()),
            _ => first.len_utf8(),
        };
        Some(self.skip(end))
    }

    /// Goes on by so many bytes, and returns them.
    fn skip(&mut self, bytes: usize) -> &'a str {
        let (skipped, rest) = self.rest.split_at(bytes);
        for c in skipped.chars() {
            self.place = if c == '\n' { (self.place.0 + 1, 1) } else { (self.place.0, self.place.1 + 1) };
            self.last = c;
        }
        self.rest = rest;
        skipped
    }
}

fn is_of_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '$'
}

/// The bytes of the text that begins here, with both quotes.
fn end_of_text(rest: &str, quote: char) -> usize {
    let mut escaped = true;
    for (index, c) in rest.char_indices() {
        match c {
            // The first quote does not end it.
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if c == quote => return index + c.len_utf8(),
            _ => {}
        }
    }
    rest.len()
}
