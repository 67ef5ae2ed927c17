//! Reads a JSON object without the value of one key, which stays text.
//!
//! A table of policy can be most of a configuration, and a tree of it costs many times its size. Only
//! a selector reads it, and that wants text.

use std::fmt;
use std::marker::PhantomData;

use serde::Deserializer as _;
use serde::de::{DeserializeSeed, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;
use serde_json::{Deserializer, Map, Value};

/// The members of an object, and what was read of one that is not among them.
pub type Apart<V> = (Map<String, Value>, Option<V>);

/// The members of the object in `json`, and the text of the member `key`, which is not among them.
/// The key matches as [`get`](super::get) matches it. A `null` is an empty object, as it is for Go.
///
/// # Errors
/// `json` is something else, or no JSON.
pub fn apart<'a>(json: &'a [u8], key: &str) -> serde_json::Result<Apart<&'a str>> {
    let (members, text) = read(json, key, PhantomData::<&RawValue>)?;
    Ok((members, text.map(RawValue::get)))
}

/// As [`apart`], where the member `list` is a list of objects, of which the member `key` stays text. This
/// looks through the text once.
///
/// # Errors
/// As of [`apart`]; and `list` is something else.
pub fn list_apart<'a>(json: &'a [u8], list: &str, key: &str) -> serde_json::Result<Apart<Vec<Apart<&'a str>>>> {
    read(json, list, Elements { key })
}

fn read<'a, S: DeserializeSeed<'a> + Copy>(json: &'a [u8], key: &str, value: S) -> serde_json::Result<Apart<S::Value>> {
    let mut reader = Deserializer::from_slice(json);
    let read = reader.deserialize_any(Object { key, value })?;
    reader.end()?;
    Ok(read)
}

/// An object without its member `key`, which `value` reads.
struct Object<'k, S> {
    key: &'k str,
    value: S,
}

impl<'a, S: DeserializeSeed<'a> + Copy> Visitor<'a> for Object<'_, S> {
    type Value = Apart<S::Value>;

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
            let value = members.next_value_seed(self.value)?;
            if key == self.key || !is_exact {
                found = Some(value);
            }
            is_exact |= key == self.key;
        }
        Ok((rest, found))
    }
}

/// A list of objects without their member `key`.
#[derive(Clone, Copy)]
struct Elements<'k> {
    key: &'k str,
}

impl<'a> DeserializeSeed<'a> for Elements<'_> {
    type Value = Vec<Apart<&'a str>>;

    fn deserialize<D: serde::Deserializer<'a>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'a> Visitor<'a> for Elements<'_> {
    type Value = Vec<Apart<&'a str>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut elements: A) -> Result<Self::Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Element { key: self.key })? {
            list.push(element);
        }
        Ok(list)
    }
}

/// An object without its member `key`, and nothing else: no `null` either.
struct Element<'k> {
    key: &'k str,
}

impl<'a> DeserializeSeed<'a> for Element<'_> {
    type Value = Apart<&'a str>;

    fn deserialize<D: serde::Deserializer<'a>>(self, reader: D) -> Result<Apart<&'a str>, D::Error> {
        let object = Object { key: self.key, value: PhantomData::<&RawValue> };
        let (members, text) = reader.deserialize_map(object)?;
        Ok((members, text.map(RawValue::get)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{apart, list_apart};

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

    #[test]
    fn one_value_of_each_element_of_a_list_stays_text() {
        let text = r#"{"a": 1, "L": [{"k": [ 1], "b": 2}, {"K": {}, "c": 3}, {}]}"#;
        let (members, list) = list_apart(text.as_bytes(), "l", "k").unwrap();
        assert_eq!(json!(members), json!({"a": 1}));
        let expected = [(json!({"b": 2}), Some("[ 1]")), (json!({"c": 3}), Some("{}")), (json!({}), None)];
        assert_eq!(list.unwrap().into_iter().map(|(rest, text)| (json!(rest), text)).collect::<Vec<_>>(), expected);
        assert_eq!(list_apart(b"{}", "l", "k").unwrap().1, None);
        for text in [r#"{"l": null}"#, r#"{"l": {}}"#, r#"{"l": [7]}"#, r#"{"l": [{}, null]}"#, r#"{"l": [{}]} {}"#] {
            assert!(list_apart(text.as_bytes(), "l", "k").is_err(), "{text}");
        }
    }
}
