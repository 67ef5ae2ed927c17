//! Reads a JSON object without the value of one key, which stays text.
//!
//! A table of policy can be most of a configuration, and a tree of it costs many times its size. Only
//! a selector reads it, and that wants text.

use std::fmt;

use serde::Deserializer as _;
use serde::de::{MapAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Map, Value};

/// The members of the object in `json`, and the text of the member `key`, which is not among them.
/// The key matches as [`get`](super::get) matches it. A `null` is an empty object, as it is for Go.
///
/// # Errors
/// `json` is something else, or no JSON.
pub fn apart<'a>(json: &'a [u8], key: &str) -> serde_json::Result<(Map<String, Value>, Option<&'a str>)> {
    let mut reader = Deserializer::from_slice(json);
    let read = reader.deserialize_any(Apart { key })?;
    reader.end()?;
    Ok(read)
}

struct Apart<'k> {
    key: &'k str,
}

impl<'a> Visitor<'a> for Apart<'_> {
    type Value = (Map<String, Value>, Option<&'a str>);

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok((Map::new(), None))
    }

    fn visit_map<A: MapAccess<'a>>(self, mut members: A) -> Result<Self::Value, A::Error> {
        let mut rest = Map::new();
        let mut found = None;
        let mut is_exact = false;
        while let Some(key) = members.next_key::<String>()? {
            if !key.eq_ignore_ascii_case(self.key) {
                rest.insert(key, members.next_value()?);
                continue;
            }
            let text = members.next_value::<&RawValue>()?.get();
            if key == self.key || !is_exact {
                found = Some(text);
            }
            is_exact |= key == self.key;
        }
        Ok((rest, found))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::apart;

    #[test]
    fn one_value_stays_the_text_that_it_is() {
        for (text, rest, expected) in [
            (
                r#"{"a": 1, "k": [ 2,{"x":"\u00e4"} ], "b": "c"}"#,
                json!({"a": 1, "b": "c"}),
                Some(r#"[ 2,{"x":"\u00e4"} ]"#),
            ),
            (r#"{"K": 1, "k": 2, "K": 3}"#, json!({}), Some("2")),
            (r#"{"K": 1, "K": 3}"#, json!({}), Some("3")),
            (r#"{"a": {"k": 1}}"#, json!({"a": {"k": 1}}), None),
            ("null", json!({}), None),
        ] {
            let (members, found) = apart(text.as_bytes(), "k").unwrap();
            assert_eq!((json!(members), found), (rest, expected), "{text}");
        }
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for text in ["[]", "7", "", "{", r#"{"k": }"#, "{} {}", r#"{"k": x}"#] {
            assert!(apart(text.as_bytes(), "k").is_err(), "{text}");
        }
        let told = apart(b"[]", "k").unwrap_err().to_string();
        assert!(told.contains("invalid type: sequence, expected an object"), "{told}");
    }
}
