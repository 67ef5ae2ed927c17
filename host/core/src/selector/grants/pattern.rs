//! Names with `*` in them.

use serde::{Deserialize, Serialize};

/// Patterns: names in which each `*` stands for any text.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Patterns(Vec<String>);

impl Patterns {
    pub(super) fn extend(&mut self, patterns: Vec<String>) {
        self.0.extend(patterns);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn matches(&self, name: &str) -> bool {
        self.0.iter().any(|pattern| matches(pattern, name))
    }

    /// The patterns as they were written.
    pub(super) fn list(&self) -> String {
        self.0.join(", ")
    }
}

fn matches(pattern: &str, name: &str) -> bool {
    let mut parts = pattern.split('*');
    let Some(mut rest) = parts.next().and_then(|start| name.strip_prefix(start)) else { return false };
    let Some(end) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The earliest place leaves most for the parts behind it.
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(end)
}

#[cfg(test)]
mod tests {
    use super::matches;

    #[test]
    fn a_star_stands_for_any_text_and_all_else_for_itself() {
        for (pattern, name) in [
            ("calico", "calico"),
            ("tenant-*", "tenant-"),
            ("tenant-*", "tenant-a"),
            ("*", ""),
            ("*-net", "a-net-net"),
            ("a*b*c", "a-b-b-c"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("calico", "calico2"),
            ("calico", "Calico"),
            ("", "a"),
            ("tenant-*", "tenant"),
            ("aba*aba", "aba"),
            ("a*b*c", "a-c-b"),
            ("a.c", "abc"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }
}
