//! Reads the fields of a JSON object as Go's decoder does: keys match without regard to ASCII case,
//! `null` means "not given", and a wrong type is an error.
//!
//! Messages start with the field's name, so that callers can put a path in front.

use serde_json::{Map, Value};

/// The longest text of a wrong type that a message shows, in bytes.
const WORD: usize = 16;

/// The value under `key`: the exact key if it exists, else one that differs only in ASCII case.
/// containerd and podman send configurations that need the latter.
pub fn get<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    object.get(key).or_else(|| {
        // The last one wins, as with repeated keys.
        object.iter().filter(|(name, _)| name.eq_ignore_ascii_case(key)).map(|(_, value)| value).next_back()
    })
}

/// As [`get`], but a `null` counts as not there.
pub fn given<'a>(object: &'a Map<String, Value>, key: &str) -> Option<&'a Value> {
    get(object, key).filter(|value| !value.is_null())
}

/// A text; empty when the field is not given.
pub fn text(object: &Map<String, Value>, key: &str) -> Result<String, String> {
    match given(object, key) {
        None => Ok(String::new()),
        Some(Value::String(text)) => Ok(text.clone()),
        Some(other) => Err(wrong(key, "a string", other)),
    }
}

/// A whole number.
pub fn integer(object: &Map<String, Value>, key: &str) -> Result<Option<i64>, String> {
    given(object, key).map(|value| value.as_i64().ok_or_else(|| wrong(key, "an integer", value))).transpose()
}

/// A list of texts; empty when the field is not given. A `null` in the list is an empty text.
pub fn texts(object: &Map<String, Value>, key: &str) -> Result<Vec<String>, String> {
    array(object, key)?
        .iter()
        .enumerate()
        .map(|(index, value)| match value {
            Value::Null => Ok(String::new()),
            Value::String(text) => Ok(text.clone()),
            other => Err(wrong(&format!("{key}[{index}]"), "a string", other)),
        })
        .collect()
}

/// An object.
pub fn object<'a>(object: &'a Map<String, Value>, key: &str) -> Result<Option<&'a Map<String, Value>>, String> {
    given(object, key).map(|value| value.as_object().ok_or_else(|| wrong(key, "an object", value))).transpose()
}

/// A list of objects, each read by `read`; empty when the field is not given. A `null` in the list
/// is an error.
pub fn objects<T>(
    object: &Map<String, Value>,
    key: &str,
    read: impl Fn(&Map<String, Value>) -> Result<T, String>,
) -> Result<Vec<T>, String> {
    array(object, key)?
        .iter()
        .enumerate()
        .map(|(index, value)| match value {
            Value::Object(entry) => read(entry).map_err(|message| format!("{key}[{index}].{message}")),
            other => Err(wrong(&format!("{key}[{index}]"), "an object", other)),
        })
        .collect()
}

/// A list; empty when the field is not given.
fn array<'a>(object: &'a Map<String, Value>, key: &str) -> Result<&'a [Value], String> {
    match given(object, key) {
        None => Ok(&[]),
        Some(Value::Array(values)) => Ok(values),
        Some(other) => Err(wrong(key, "a list", other)),
    }
}

/// The message for a value of the wrong type.
pub fn wrong(place: &str, expected: &str, found: &Value) -> String {
    // A text in the place of another type may be anything; a single word shows what was meant.
    let found = match found {
        Value::String(text) if text.len() > WORD => "a text".into(),
        found => describe(found),
    };
    format!("{place}: expected {expected}, found {found}")
}

/// A value in a few words. The contents of lists and objects stay out of messages: they may be
/// long, or secret.
pub fn describe(value: &Value) -> String {
    match value {
        Value::Null => "null".into(),
        Value::Bool(_) | Value::Number(_) => value.to_string(),
        Value::String(text) => format!("{:?}", excerpt(text, 64)),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "an object".into(),
    }
}

/// The first `limit` characters of a text, with `…` when there are more.
pub fn excerpt(text: &str, limit: usize) -> String {
    match text.char_indices().nth(limit) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().unwrap().clone()
    }

    #[test]
    fn exact_key_wins_over_one_in_another_case() {
        let object = map(&json!({"TYPE": 1, "type": 2, "typE": 3}));
        assert_eq!(get(&object, "type"), Some(&json!(2)));
        assert_eq!(get(&map(&json!({"TyPe": 1})), "type"), Some(&json!(1)));
        assert_eq!(get(&map(&json!({"types": 1})), "type"), None);
    }

    #[test]
    fn null_is_not_given() {
        let object = map(&json!({"a": null}));
        assert_eq!(text(&object, "a"), Ok(String::new()));
        assert_eq!(integer(&object, "a"), Ok(None));
        assert_eq!(texts(&object, "a"), Ok(vec![]));
        assert_eq!(super::object(&object, "a"), Ok(None));
    }

    #[test]
    fn wrong_types_are_named_without_what_they_hold() {
        let object = map(&json!({"a": {"token": "x"}, "b": [1, 2]}));
        assert_eq!(text(&object, "a").unwrap_err(), "a: expected a string, found an object");
        assert_eq!(texts(&object, "b").unwrap_err(), "b[0]: expected a string, found 1");
        assert_eq!(integer(&object, "b").unwrap_err(), "b: expected an integer, found a list");
    }

    #[test]
    fn excerpt_cuts_between_characters() {
        assert_eq!(excerpt("äöü", 2), "äö…");
        assert_eq!(excerpt("äöü", 3), "äöü");
    }
}
