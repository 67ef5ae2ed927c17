//! The members of a JSON object, in their order, of which none stands twice.

use std::fmt;

use genie_selector::serde::de::{Deserialize, Deserializer, Error, MapAccess, Visitor};
use serde_json::Value;

/// How many members an object may have: several times as many as the standard knows.
const MOST: usize = 64;

/// The members of an object.
pub struct Members(pub Vec<(String, Value)>);

impl<'de> Deserialize<'de> for Members {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object such as {\"name\": \"NETWORK\"}")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Members, A::Error> {
                let mut members: Vec<(String, Value)> = Vec::new();
                while let Some((key, value)) = access.next_entry::<String, Value>()? {
                    if members.iter().any(|(known, _)| *known == key) {
                        return Err(Error::custom(format_args!("the key {key:?} stands twice")));
                    }
                    if members.len() == MOST {
                        return Err(Error::custom(format_args!("an object has more than {MOST} keys")));
                    }
                    members.push((key, value));
                }
                Ok(Members(members))
            }
        }
        reader.deserialize_map(Object)
    }
}
