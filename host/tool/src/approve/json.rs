//! Reads JSON in which no key is repeated. Of a key that is there twice the last value would count, and the
//! first one, which may be a condition or a bound, would be lost without a word.

use std::fmt;

use serde::de::{self, DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Number, Value};

/// The key of the entries, in which keys match without regard to case as in the configuration itself.
const SELECTORS: &str = "selectors";

/// Reads a configuration, or a part of one.
///
/// # Errors
/// The text is no JSON, or an object in it has a key twice; the message has the place.
pub fn read(text: &[u8]) -> serde_json::Result<Value> {
    let mut reader = serde_json::Deserializer::from_slice(text);
    let value = Reader(&Place::Root).deserialize(&mut reader)?;
    reader.end()?;
    Ok(value)
}

/// Where a value is.
enum Place<'a> {
    Root,
    Member(&'a Place<'a>, &'a str),
    Element(&'a Place<'a>, usize),
}

impl Place<'_> {
    /// Whether this is a configuration or an entry of its selectors.
    fn is_ours(&self) -> bool {
        match self {
            Self::Root => true,
            Self::Element(Self::Member(Self::Root, key), _) => key.eq_ignore_ascii_case(SELECTORS),
            Self::Element(..) | Self::Member(..) => false,
        }
    }
}

impl fmt::Display for Place<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Root => Ok(()),
            Self::Member(Self::Root, key) => f.write_str(key),
            Self::Member(parent, key) => write!(f, "{parent}.{key}"),
            Self::Element(parent, index) => write!(f, "{parent}[{index}]"),
        }
    }
}

struct Reader<'a>(&'a Place<'a>);

impl<'de> DeserializeSeed<'de> for Reader<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Value, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Reader<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
        Ok(Number::from_f64(value).map_or(Value::Null, Value::Number))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut elements: A) -> Result<Value, A::Error> {
        let mut list = Vec::new();
        while let Some(element) = elements.next_element_seed(Reader(&Place::Element(self.0, list.len())))? {
            list.push(element);
        }
        Ok(list.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let mut map = Map::new();
        while let Some(key) = members.next_key::<String>()? {
            let is_same = |other: &&String| **other == key || self.0.is_ours() && other.eq_ignore_ascii_case(&key);
            if let Some(other) = map.keys().find(is_same) {
                let place = match self.0 {
                    Place::Root => String::new(),
                    place => format!("{place}: "),
                };
                let as_well = if *other == key { String::new() } else { format!(" (as {other:?}, too)") };
                let message =
                    format!("{place}the key {key:?} is there twice{as_well}, and only one of them would count");
                return Err(de::Error::custom(message));
            }
            let value = members.next_value_seed(Reader(&Place::Member(self.0, &key)))?;
            map.insert(key, value);
        }
        Ok(map.into())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::read;

    #[test]
    fn what_has_each_key_once_is_read_as_it_is() {
        for text in [
            r#"{"a": [1, -2, 2.5, 1e300, true, null, "\u00e4", {}], "b": {"a": 18446744073709551615}}"#,
            r#"{"selectors": [{"settings": {"a": 1, "A": 2}, "module": "x"}, {"module": "x"}]}"#,
            "7",
            "null",
        ] {
            assert_eq!(read(text.as_bytes()).unwrap(), serde_json::from_str::<Value>(text).unwrap(), "{text}");
        }
        for text in ["", "{", "{} {}", r#"{"a": x}"#] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
    }

    #[test]
    fn a_key_that_is_there_twice_is_told_with_its_place() {
        for (text, says) in [
            (r#"{"a": 1, "a": 1}"#, r#"the key "a" is there twice, and"#),
            (r#"{"Selectors": [], "selectors": []}"#, r#"the key "selectors" is there twice (as "Selectors", too)"#),
            (
                r#"{"selectors": [{}, {"grant": [], "Grant": ["pod"]}]}"#,
                r#"selectors[1]: the key "Grant" is there twice (as "grant", too)"#,
            ),
            (
                r#"{"selectors": [{"settings": {"rules": [{"when": {}, "deny": "x", "when": {}}]}}]}"#,
                r#"selectors[0].settings.rules[0]: the key "when" is there twice"#,
            ),
        ] {
            let told = read(text.as_bytes()).unwrap_err().to_string();
            assert!(told.starts_with(says) && told.contains(" at line 1 column "), "{told}");
        }
    }
}
