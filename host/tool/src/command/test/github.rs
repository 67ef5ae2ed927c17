//! The outcome of suites as commands of GitHub's workflows: each case that did not pass is an
//! annotation at its line.

use std::fmt::Write as _;

use super::told::{Told, count};
use genie_core::plain;

/// All commands, and a line that says how many cases passed.
pub fn commands(told: &[Told]) -> String {
    let mut commands = String::new();
    for one in told.iter().filter(|one| one.status() != 0) {
        let (file, line) = &one.place;
        let file = property(&file.display().to_string());
        let lines = one.why().iter().map(|line| data(line)).collect::<Vec<_>>().join("%0A");
        // Writing to a string cannot fail.
        _ = writeln!(commands, "::error file={file},line={line},title={}::{lines}", property(&one.name));
    }
    let [passed, failed, errors] = ["passed", "failed", "error"].map(|word| count(told, word));
    commands + &format!("{passed} passed, {failed} failed, {errors} in error\n")
}

fn data(text: &str) -> String {
    plain::line(text).replace('%', "%25")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_text_of_others_is_no_command() {
        assert_eq!(super::property("a,b:c%\n::x"), r"a%2Cb%3Ac%25\n%3A%3Ax");
        assert_eq!(super::data("50%\n::error::x"), "50%25\\n::error::x");
    }
}
