//! The settings that `genie-host` writes for a script.

use serde::Deserialize;
use serde_json::Value;

/// The JSON schema of [`Settings`].
pub const SCHEMA: &str = r#"{
  "type": "object",
  "properties": {
    "file": {"type": "string", "minLength": 1, "description": "the script's name, for messages"},
    "source": {"type": "string", "description": "the script"},
    "settings": {"description": "the script's own settings"},
    "limits": {
      "type": "object",
      "properties": {
        "fuel": {"type": "integer", "minimum": 1, "description": "limits.fuel of the entry"},
        "memory": {"type": "integer", "minimum": 1, "description": "limits.memory of the entry, in bytes"}
      },
      "required": ["fuel", "memory"],
      "additionalProperties": false
    },
    "check": {"type": "boolean", "description": "evaluate the script, and do not ask it"}
  },
  "required": ["file", "source", "limits"],
  "additionalProperties": false
}"#;

/// A script, and how it is run.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The script's name, for messages.
    pub file: String,
    /// The script.
    pub source: String,
    /// The script's own settings, which it gets as `request.settings`.
    #[serde(default = "empty", rename = "settings")]
    pub own: Value,
    /// The limits of the entry.
    pub limits: Limits,
    /// Whether the script is only evaluated, to find its mistakes before it is put in force. Then
    /// the answer is a pass.
    #[serde(default)]
    pub check: bool,
}

/// The limits of the entry. The host keeps them. The engine knows them so that it can stop a script
/// before the host has to, with the line at which the script is.
#[derive(Deserialize)]
pub struct Limits {
    /// Fuel.
    pub fuel: u64,
    /// Bytes of memory.
    pub memory: usize,
}

fn empty() -> Value {
    Value::Object(serde_json::Map::new())
}
