//! What differs between what is expected and what was seen. Only what is written is compared.

use serde_json::{Map, Value};

/// One difference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The place in `expect`, as in `plan[0].interface`.
    pub place: String,
    /// What is expected there; none for what should not be there at all.
    pub expected: Option<String>,
    /// What was seen; none where there is nothing.
    pub actual: Option<String>,
}

impl Difference {
    /// The difference in lines: its place, what was expected, and what was seen.
    pub fn as_lines(&self) -> Vec<String> {
        let line = |sign: &str, text: &Option<String>| text.as_ref().map(|text| format!("{sign} {text}"));
        let lines = [line("-", &self.expected), line("+", &self.actual)].into_iter().flatten();
        [self.place.clone()].into_iter().chain(lines.map(|line| format!("  {line}"))).collect()
    }
}

/// Compares a value with what is expected of it, and collects the differences.
pub fn compare(expected: &Value, actual: Option<&Value>, place: &str, found: &mut Vec<Difference>) {
    match (expected, actual) {
        (Value::Object(members), Some(Value::Object(seen))) => {
            for (key, value) in members {
                compare(value, seen.get(key), &format!("{place}.{key}"), found);
            }
        }
        (Value::Array(items), Some(Value::Array(seen))) if items.len() == seen.len() => {
            for (index, (item, seen)) in items.iter().zip(seen).enumerate() {
                compare(item, Some(seen), &format!("{place}[{index}]"), found);
            }
        }
        (expected, Some(actual)) if expected == actual => {}
        (expected, actual) => found.push(Difference {
            place: place.into(),
            expected: Some(expected.to_string()),
            actual: actual.map(|actual| like(expected, actual).to_string()),
        }),
    }
}

/// Of a value, what the expected one says something about.
pub fn like(expected: &Value, actual: &Value) -> Value {
    match (expected, actual) {
        (Value::Object(members), Value::Object(seen)) => {
            let known = members.iter().filter_map(|(key, value)| Some((key.clone(), like(value, seen.get(key)?))));
            known.collect::<Map<_, _>>().into()
        }
        (Value::Array(items), Value::Array(seen)) => {
            // What is there beyond the expected items is like the last of them.
            let wanted = items.iter().map(Some).chain(std::iter::repeat(items.last()));
            seen.iter()
                .zip(wanted)
                .map(|(seen, item)| item.map_or_else(|| seen.clone(), |item| like(item, seen)))
                .collect()
        }
        (_, actual) => actual.clone(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn found(expected: &Value, actual: &Value) -> Vec<String> {
        let mut found = Vec::new();
        compare(expected, Some(actual), "it", &mut found);
        found.iter().map(|difference| difference.as_lines().join(" ")).collect()
    }

    #[test]
    fn only_what_is_written_is_compared() {
        assert_eq!(found(&json!({"a": 1}), &json!({"a": 1, "b": 2})), [""; 0]);
        assert_eq!(found(&json!([{"a": 1}]), &json!([{"a": 1, "b": 2}])), [""; 0]);
    }

    #[test]
    fn a_difference_is_told_where_it_is() {
        assert_eq!(found(&json!({"a": [{"b": 1}]}), &json!({"a": [{"b": 2, "c": 3}]})), ["it.a[0].b   - 1   + 2"]);
        assert_eq!(found(&json!({"a": 1}), &json!({})), ["it.a   - 1"]);
        let expected = json!([{"a": 1}]);
        assert_eq!(
            found(&expected, &json!([{"a": 1, "b": 2}, {"a": 3}])),
            [r#"it   - [{"a":1}]   + [{"a":1},{"a":3}]"#]
        );
        assert_eq!(found(&json!([]), &json!([1])), ["it   - []   + [1]"]);
        assert_eq!(found(&json!("1"), &json!(1)), [r#"it   - "1"   + 1"#]);
    }
}
