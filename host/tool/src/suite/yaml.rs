//! Writes a value as a YAML block that fits into a text. Scalars are written as in JSON, which YAML
//! reads, too. A library would write whole documents only.

use serde_json::Value;

/// The value in lines. All but the first begin with `indent` spaces.
pub fn block(value: &Value, indent: usize) -> String {
    let pad = "\n".to_owned() + &" ".repeat(indent);
    match value {
        Value::Object(members) if !members.is_empty() => {
            let member = |(key, value): (&String, &Value)| format!("{}:{}", self::key(key), behind(value, indent + 2));
            members.iter().map(member).collect::<Vec<_>>().join(&pad)
        }
        Value::Array(items) if !items.is_empty() => {
            let item = |item: &Value| format!("- {}", block(item, indent + 2));
            items.iter().map(item).collect::<Vec<_>>().join(&pad)
        }
        scalar => scalar.to_string(),
    }
}

/// A member's value behind its colon.
fn behind(value: &Value, indent: usize) -> String {
    let is_block = match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => !items.is_empty(),
        _ => false,
    };
    if is_block { format!("\n{}{}", " ".repeat(indent), block(value, indent)) } else { format!(" {value}") }
}

/// A key: plain where it is a word, else as in JSON.
fn key(key: &str) -> String {
    let is_word = key.starts_with(|c: char| c.is_ascii_alphabetic())
        && key.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
        && !["true", "false", "null", "yes", "no", "on", "off", "y", "n"].contains(&key.to_ascii_lowercase().as_str());
    if is_word { key.into() } else { Value::from(key).to_string() }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_block_means_the_same() {
        let value = json!({
            "plan": [{"network": "a", "addresses": ["10.0.0.1", "fd00::1"], "args": {}}, "b@eth1"],
            "refusal": {"text": "line\nend: #\"quoted\"", "code": 7}, "pass": true, "10-a.conflist": null, "no": [],
            "nested": [[1, 2], [{"x": {"y": "z"}}]],
        });
        let text = format!("a:\n  {}\n", block(&value, 2));
        let read: Value = serde_saphyr::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
        assert_eq!(read["a"], value, "{text}");
        assert!(text.contains("\n  plan:\n    - addresses:\n"), "{text}");
    }
}
