//! Reads the documents of the repository.

use std::fs;

use serde_json::Value;

use crate::programs;

/// A document, by its path in the repository.
///
/// # Panics
/// When there is no such document.
pub fn read(path: &str) -> String {
    fs::read_to_string(programs::root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The first example in JSON below a heading of a document: members of a configuration.
///
/// # Panics
/// When there is no such heading, or its example is not right.
pub fn example(path: &str, heading: &str) -> Value {
    let text = read(path);
    let section = text.split_once(&format!("\n{heading}\n")).map(|(_, section)| section);
    let block = section.and_then(|section| section.split_once("```json\n")?.1.split("```").next());
    let block = block.unwrap_or_else(|| panic!("no example below {heading} in {path}"));
    serde_json::from_str(&format!("{{{block}}}")).unwrap_or_else(|error| panic!("{path}, {heading}: {error}"))
}

/// The blocks that are marked as `sh` in a section of a document, whose heading is `## TITLE`.
///
/// # Panics
/// When there is no such section, or no such block in it.
pub fn commands(path: &str, title: &str) -> Vec<String> {
    let text = read(path);
    let section = text.split("\n## ").skip(1).find(|section| section.lines().next() == Some(title));
    let section = section.unwrap_or_else(|| panic!("no section {title} in {path}"));
    let blocks = section.split("```sh\n").skip(1).filter_map(|block| block.split("```").next());
    let blocks: Vec<_> = blocks.map(ToOwned::to_owned).collect();
    assert!(!blocks.is_empty(), "{path}, {title}: no commands");
    blocks
}

/// The rows of the first table below a heading of a document, split into cells.
///
/// # Panics
/// When there is no such heading.
pub fn table(path: &str, heading: &str) -> Vec<Vec<String>> {
    let text = read(path);
    let (_, section) = text.split_once(&format!("\n{heading}\n")).unwrap_or_else(|| panic!("no {heading} in {path}"));
    let rows =
        section.lines().skip_while(|line| !line.starts_with('|')).skip(2).take_while(|line| line.starts_with('|'));
    rows.map(|row| row.split('|').skip(1).map(|cell| cell.trim().to_owned()).collect()).collect()
}

/// The texts between backticks.
pub fn quoted(text: &str) -> Vec<String> {
    text.split('`').skip(1).step_by(2).map(ToOwned::to_owned).collect()
}

/// The texts between backticks in the first column of a table.
///
/// # Panics
/// When there is no such heading.
pub fn first_column(path: &str, heading: &str) -> Vec<String> {
    table(path, heading).iter().filter_map(|row| row.first()).flat_map(|cell| quoted(cell)).collect()
}
