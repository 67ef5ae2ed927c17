//! Texts in which each `*` stands for any text.

use std::fmt;

use genie_selector::serde::de::{DeserializeSeed, Deserializer, Error, SeqAccess, Visitor};

use crate::text::Text;

/// Reads a list of globs, and tells whether the text matches one of them. No text matches none.
pub struct MatchesOneOf<'t>(pub Option<&'t str>);

impl<'de> DeserializeSeed<'de> for MatchesOneOf<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for MatchesOneOf<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a sequence")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut globs: A) -> Result<bool, A::Error> {
        let (mut is_empty, mut matches_one) = (true, false);
        while let Some(glob) = globs.next_element::<Text<'de>>()? {
            is_empty = false;
            matches_one |= self.0.is_some_and(|text| matches(&glob, text));
        }
        if is_empty {
            return Err(Error::custom("is empty, so nothing would match: leave it out, or name something"));
        }
        Ok(matches_one)
    }
}

/// Whether a glob matches a text.
pub fn matches(glob: &str, text: &str) -> bool {
    let Some((start, mut glob)) = glob.split_once('*') else { return glob == text };
    let Some(mut rest) = text.strip_prefix(start) else { return false };
    while let Some((part, behind)) = glob.split_once('*') {
        // The earliest place leaves most for the parts behind it.
        let Some((_, later)) = rest.split_once(part) else { return false };
        (glob, rest) = (behind, later);
    }
    rest.ends_with(glob)
}
