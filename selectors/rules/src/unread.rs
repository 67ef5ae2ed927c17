//! Parts of the settings that wait until somebody needs them.

use std::fmt::Display;
use std::marker::PhantomData;

use genie_selector::serde::Deserialize;
use genie_selector::serde::de::DeserializeSeed;
use serde_json::Error;
use serde_json::value::RawValue;

use crate::place::at;

/// A part of which no more is known than that it is JSON. Most rules are not for this pod, and to look
/// past a part costs less than to make something of it.
#[derive(Clone, Copy, Deserialize)]
#[serde(crate = "genie_selector::serde", transparent)]
pub struct Unread<'a>(#[serde(borrow)] &'a RawValue);

impl<'a> Unread<'a> {
    /// Reads the part, whose place within its rule an error names.
    pub fn read<T: Deserialize<'a>>(self, place: impl Display) -> Result<T, Error> {
        self.read_with(PhantomData, place)
    }

    /// The same, by a reader that knows more than the type.
    pub fn read_with<S: DeserializeSeed<'a>>(self, reader: S, place: impl Display) -> Result<S::Value, Error> {
        reader.deserialize(self.0).map_err(|error| at(place, error))
    }
}
