//! Where in the settings something is wrong: `rules[3].when.pod`.

use std::fmt::{self, Display};
use std::marker::PhantomData;

use genie_selector::serde::Deserialize;
use genie_selector::serde::de::{DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::text::Text;

/// An error with its place before it. `part` is a member, with a dot in front of it unless it is the
/// first, or an index in brackets.
pub fn at<E: Error>(part: impl Display, error: impl Display) -> E {
    let error = error.to_string();
    // No message begins like a part of a place.
    let joint = if error.starts_with(['.', '[']) { "" } else { ": " };
    E::custom(format_args!("{part}{joint}{error}"))
}

/// An object of the settings, which takes its members one by one.
pub trait Object<'de> {
    /// The keys that it may have.
    const KEYS: &'static [&'static str];

    /// Takes the value of a member. False when it has no such key; the value is then not read.
    fn take<A: MapAccess<'de>>(&mut self, key: &str, value: &mut A) -> Result<bool, A::Error>;

    /// What is wrong with it when all members are taken.
    fn check(&self) -> Result<(), &'static str> {
        Ok(())
    }
}

/// Reads the members of an object. An error names the member that it is in.
pub struct Members<'o, T>(pub &'o mut T);

impl<'de, T: Object<'de>> DeserializeSeed<'de> for Members<'_, T> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de, T: Object<'de>> Visitor<'de> for Members<'_, T> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        // No key of ours holds anything that JSON has to escape.
        while let Some(key) = members.next_key::<&'de str>()? {
            match self.0.take(key, &mut members) {
                Ok(true) => {}
                Ok(false) => return Err(Error::unknown_field(key, T::KEYS)),
                Err(error) => return Err(at(format_args!(".{key}"), error)),
            }
        }
        self.0.check().map_err(Error::custom)
    }
}

/// A list whose elements are named in errors.
pub struct List<T>(pub Vec<T>);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for List<T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Elements<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for Elements<T> {
            type Value = List<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<List<T>, A::Error> {
                let mut list = Vec::new();
                loop {
                    match elements.next_element() {
                        Ok(Some(element)) => list.push(element),
                        Ok(None) => return Ok(List(list)),
                        Err(error) => return Err(at(format_args!("[{}]", list.len()), error)),
                    }
                }
            }
        }
        reader.deserialize_seq(Elements(PhantomData))
    }
}

/// An object whose keys are the operator's. Of a repeated key the last value counts.
pub struct Pairs<'a, T>(pub Vec<(Text<'a>, T)>);

impl<'de: 'a, 'a, T: Deserialize<'de>> Deserialize<'de> for Pairs<'a, T> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Members<'a, T>(PhantomData<Pairs<'a, T>>);
        impl<'de: 'a, 'a, T: Deserialize<'de>> Visitor<'de> for Members<'a, T> {
            type Value = Pairs<'a, T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
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
