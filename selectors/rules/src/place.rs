//! Where in the settings something is wrong: `rules[3].when.pod`.

use std::fmt::Display;
use std::marker::PhantomData;

use genie_selector::serde::Deserialize;
use genie_selector::serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::text::Text;

/// An error with its place before it. `part` is a member, with a dot in front of it unless it is the
/// first, or an index in brackets.
pub fn at<E: Error>(part: impl Display, error: impl Display) -> E {
    let error = error.to_string();
    // No message begins like a part of a place.
    let joint = if error.starts_with(['.', '[']) { "" } else { ": " };
    E::custom(format_args!("{part}{joint}{error}"))
}

/// Makes readers of members, for `deserialize_with`: each names its member in an error.
macro_rules! members {
    ($($reader:ident = $part:literal;)+) => {
        $(pub fn $reader<'de, D, T>(reader: D) -> Result<T, D::Error>
        where
            D: genie_selector::serde::Deserializer<'de>,
            T: genie_selector::serde::Deserialize<'de>,
        {
            T::deserialize(reader).map_err(|error| $crate::place::at($part, error))
        })+
    };
}
pub(crate) use members;

/// A list whose elements are named in errors.
#[derive(Debug)]
pub struct List<T>(pub Vec<T>);

impl<T> Default for List<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Elements<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                each(elements, |_, element| list.push(element))?;
                Ok(List(list))
            }
        }
        reader.deserialize_seq(Elements(PhantomData))
    }
}

/// Hands out the elements of a list with their indices. Returns how many there are.
pub fn each<'de, A: SeqAccess<'de>, T: Deserialize<'de>>(
    mut elements: A,
    mut take: impl FnMut(usize, T),
) -> Result<usize, A::Error> {
    let mut index = 0;
    loop {
        match elements.next_element() {
            Ok(Some(element)) => take(index, element),
            Ok(None) => return Ok(index),
            Err(error) => return Err(at(format_args!("[{index}]"), error)),
        }
        index += 1;
    }
}

/// An object whose keys are the operator's. Of a repeated key the last value counts.
pub struct Pairs<'a, T>(pub Vec<(Text<'a>, T)>);

impl<T> Default for Pairs<'_, T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Pairs<'a, T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Members<'a, T>(PhantomData<Pairs<'a, T>>);
        impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for Members<'a, T> {
            type Value = Pairs<'a, T>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a map")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Pairs<'a, T>, A::Error> {
                let mut pairs: Vec<(Text<'a>, T)> = Vec::new();
                while let Some((key, value)) = members.next_entry::<Text<'a>, T>()? {
                    pairs.retain(|(earlier, _)| **earlier != *key);
                    pairs.push((key, value));
                }
                Ok(Pairs(pairs))
            }
        }
        reader.deserialize_map(Members(PhantomData))
    }
}
