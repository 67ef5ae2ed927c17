//! Texts in which each `*` stands for any text.

use genie_selector::serde::Deserialize;
use genie_selector::serde::de::{Deserializer, Error};

use crate::text::Text;

/// At least one glob: a text matches when one of them does.
pub struct Globs<'a>(Vec<Text<'a>>);

impl<'a> Globs<'a> {
    /// A single glob.
    pub fn one(glob: Text<'a>) -> Self {
        Self(vec![glob])
    }

    /// Whether one of them matches.
    pub fn matches(&self, text: &str) -> bool {
        self.0.iter().any(|glob| matches(glob, text))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Globs<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        let globs = Vec::deserialize(reader)?;
        if globs.is_empty() {
            Err(Error::custom("is empty, so nothing would match: leave it out, or name something"))
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
