//! The settings of an entry.

use serde_json::{Value, json};

/// A selector's settings. They stay JSON text, since only the selector reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings(String);

impl Settings {
    /// The settings of this JSON text. A `null` stands for an empty object.
    pub fn from_text(text: &str) -> Self {
        Self(if text == "null" { "{}" } else { text }.to_owned())
    }

    /// The JSON text.
    pub fn text(&self) -> &str {
        &self.0
    }

    /// Whether nothing is set.
    pub fn is_empty(&self) -> bool {
        self.0.bytes().filter(|byte| !byte.is_ascii_whitespace()).eq(*b"{}")
    }

    /// The settings as a value.
    pub fn to_value(&self) -> Value {
        // The text was a part of a JSON text that was read.
        serde_json::from_str(&self.0).unwrap_or_else(|_| json!({}))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self("{}".to_owned())
    }
}

impl From<&Value> for Settings {
    fn from(settings: &Value) -> Self {
        Self::from_text(&settings.to_string())
    }
}
