//! Sections of a page that are measured apart from the rest of it.

use std::path::{Path, PathBuf};
use std::{env, fs};

use genie_tests::programs;

/// Where pages are written: `target/bench`, and with `BENCH_DOCS=1` in the environment `docs`, too.
pub fn places() -> Vec<PathBuf> {
    let target = env::var_os("CARGO_TARGET_DIR").map_or_else(|| programs::root().join("target"), PathBuf::from);
    let docs = env::var_os("BENCH_DOCS").is_some_and(|wanted| wanted == "1").then(|| programs::root().join("docs"));
    let places: Vec<_> = [Some(target.join("bench")), docs].into_iter().flatten().collect();
    for place in &places {
        fs::create_dir_all(place.join("performance")).expect("a directory");
    }
    places
}

/// Writes a section into a page, in place of the one of that heading or at the end.
///
/// # Panics
/// When the page cannot be written.
pub fn write(page: &Path, heading: &str, section: &str) {
    let text = fs::read_to_string(page).unwrap_or_default();
    fs::write(page, replaced(&text, heading, section)).expect("a file");
}

/// Writes a page, with the sections of these headings as they were.
///
/// # Panics
/// When the page cannot be written.
pub fn write_others(page: &Path, text: &str, kept: &[&str]) {
    let before = fs::read_to_string(page).unwrap_or_default();
    let mut text = text.to_owned();
    for heading in kept {
        if let Some((from, to)) = find(&before, heading) {
            text = replaced(&text, heading, &before[from..to]);
        }
    }
    fs::write(page, text).expect("a file");
}

fn replaced(page: &str, heading: &str, section: &str) -> String {
    let section = section.trim_end();
    match find(page, heading) {
        Some((from, to)) => {
            let rest = if page[to..].is_empty() { String::new() } else { format!("\n{}", &page[to..]) };
            format!("{}{section}\n{rest}", &page[..from])
        }
        None => format!("{}\n\n{section}\n", page.trim_end()),
    }
}

/// Where the section begins and ends.
fn find(page: &str, heading: &str) -> Option<(usize, usize)> {
    let line = format!("## {heading}\n");
    let from = if page.starts_with(&line) { 0 } else { page.find(&format!("\n{line}"))? + 1 };
    let to = page[from + 1..].find("\n## ").map_or(page.len(), |next| from + 1 + next + 1);
    Some((from, to))
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# P\n\n## A\n\na\n\n## B\n\nb\n";

    #[test]
    fn a_section_takes_the_place_of_the_old_one_or_is_the_last() {
        assert_eq!(replaced(PAGE, "A", "## A\n\nnew\n"), "# P\n\n## A\n\nnew\n\n## B\n\nb\n");
        assert_eq!(replaced(PAGE, "B", "## B\n\nnew\n\n"), "# P\n\n## A\n\na\n\n## B\n\nnew\n");
        assert_eq!(replaced(PAGE, "C", "## C\n"), "# P\n\n## A\n\na\n\n## B\n\nb\n\n## C\n");
    }

    #[test]
    fn a_page_that_is_measured_again_keeps_it() {
        let page = tempfile::NamedTempFile::new().expect("a file");
        fs::write(page.path(), PAGE).expect("a file");
        write_others(page.path(), "# Q\n\n## A\n\nnew\n", &["B", "C"]);
        assert_eq!(fs::read_to_string(page.path()).expect("a file"), "# Q\n\n## A\n\nnew\n\n## B\n\nb\n");
    }
}
