//! The outcome of suites for people.

use std::time::Duration;

use super::told::{Told, count};

/// A line for each case, below it why it did not pass, and at the end how many did.
pub fn lines(told: &[Told]) -> Vec<String> {
    let mut lines = Vec::new();
    for one in told {
        let (file, line) = &one.place;
        match one.word() {
            "passed" => lines.push(format!("ok       {}", one.name)),
            "updated" => lines.push(format!("updated  {} ({}:{line})", one.name, file.display())),
            word => {
                lines.push(format!("{:8} {} ({}:{line})", word.to_uppercase(), one.name, file.display()));
                lines.extend(one.why().iter().map(|why| format!("         {why}")));
            }
        }
    }
    let time: Duration = told.iter().map(|one| one.time).sum();
    let counted = ["failed", "error", "updated"].map(|word| (count(told, word), word));
    let others = counted.into_iter().filter(|(count, _)| *count > 0).map(|(count, word)| format!(", {count} {word}"));
    let seconds = time.as_secs_f64();
    lines.push(format!("{} passed{} in {seconds:.2} s", count(told, "passed"), others.collect::<String>()));
    lines
}
