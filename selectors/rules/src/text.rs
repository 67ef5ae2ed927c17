//! The words of the settings.

use std::borrow::Cow;
use std::ops::Deref;

use genie_selector::serde::Deserialize;

/// A text of the settings: a part of theirs, unless JSON had to escape something in it.
#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde")]
pub struct Text<'a>(#[serde(borrow)] pub Cow<'a, str>);

impl Deref for Text<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}
