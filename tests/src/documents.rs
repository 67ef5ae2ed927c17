//! Reads the documents of the repository.

use std::fs;
use std::net::IpAddr;

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

/// What a document shows as the output of a command.
///
/// # Panics
/// When no block begins with the command.
pub fn output(path: &str, command: &str) -> String {
    let text = read(path);
    let shown = text.split_once(&format!("```\n$ {command}\n")).and_then(|(_, shown)| shown.split("```").next());
    shown.unwrap_or_else(|| panic!("{path} does not show {command}")).to_owned()
}

/// An output without what is another one each time, or with each change of a selector: how long
/// something took or when it was, fuel that was used, an address, and the widths of columns.
pub fn masked(output: &str) -> String {
    let lines = output.lines().map(|line| {
        let words: Vec<_> = line.split_whitespace().collect();
        let varies = |at: usize| {
            let word = words[at];
            let next = words.get(at + 1).copied().unwrap_or_default();
            let is_limit = at > 0 && words[at - 1] == "of";
            let is_fuel = word.contains(',') && word.replace(',', "").parse::<u64>().is_ok() && !is_limit;
            let is_address = word.split_once('/').is_some_and(|(ip, _)| ip.parse::<IpAddr>().is_ok());
            ["ms", "ago,"].contains(&next) || is_fuel || is_address
        };
        let words = (0..words.len()).map(|at| if varies(at) { "…" } else { words[at] });
        words.collect::<Vec<_>>().join(" ")
    });
    lines.collect::<Vec<_>>().join("\n")
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
