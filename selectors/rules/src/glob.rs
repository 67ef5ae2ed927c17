//! Texts in which each `*` stands for any text.

use genie_selector::serde::Deserialize;

/// At least one glob: a text matches when one of them does.
#[derive(Debug, Deserialize)]
#[serde(crate = "genie_selector::serde", try_from = "Vec<String>")]
pub struct Globs(Vec<String>);

impl Globs {
    /// A single glob.
    pub fn one(glob: String) -> Self {
        Self(vec![glob])
    }

    /// Whether one of them matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.iter().any(|glob| matches(glob, text))
    }
}

impl TryFrom<Vec<String>> for Globs {
    type Error = &'static str;

    fn try_from(globs: Vec<String>) -> Result<Self, Self::Error> {
        if globs.is_empty() {
            Err("is empty, so nothing would match: leave it out, or name something")
        } else {
            Ok(Self(globs))
        }
    }
}

fn matches(glob: &str, text: &str) -> bool {
    let mut parts = glob.split('*');
    let Some(mut rest) = parts.next().and_then(|start| text.strip_prefix(start)) else { return false };
    let Some(end) = parts.next_back() else { return rest.is_empty() };
    for part in parts {
        // The earliest place leaves most for the parts behind it.
        let Some((_, behind)) = rest.split_once(part) else { return false };
        rest = behind;
    }
    rest.ends_with(end)
}
