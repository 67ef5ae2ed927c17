//! The error object of the CNI specification (section 5, "Error").

use crate::text::start;
use std::fmt;

use serde_json::{Map, Value};

/// Error codes: 1 to 99 are the specification's, those from 100 on are a plugin's own.
pub mod code {
    /// The plugin does not speak the configuration's CNI version.
    pub const INCOMPATIBLE_VERSION: u32 = 1;
    /// A field of the configuration is not supported; the message names key and value.
    pub const UNSUPPORTED_FIELD: u32 = 2;
    /// A `CNI_*` variable is missing or wrong; the message names it.
    pub const INVALID_ENVIRONMENT: u32 = 4;
    /// Reading or writing failed.
    pub const IO: u32 = 5;
    /// A document could not be decoded.
    pub const DECODE: u32 = 6;
    /// The network configuration is wrong.
    pub const INVALID_CONFIG: u32 = 7;
    /// The container's network namespace is the plugin's own. The code is not in the
    /// specification's table; it is libcni's `ErrInvalidNetNS`.
    pub const INVALID_NETNS: u32 = 8;
    /// A passing condition: the runtime should try again later.
    pub const TRY_AGAIN: u32 = 11;
    /// STATUS: the plugin cannot serve ADD requests.
    pub const NOT_AVAILABLE: u32 = 50;
    /// STATUS: the plugin cannot serve ADD requests, and running containers may have limited
    /// connectivity.
    pub const LIMITED_CONNECTIVITY: u32 = 51;
    /// A selector refused the pod: what the user wrote is wrong.
    pub const REFUSED_INVALID: u32 = 101;
    /// A selector refused the pod: policy forbids what the user wants.
    pub const REFUSED_DENIED: u32 = 102;
    /// A selector failed, or exceeded one of its limits.
    pub const SELECTOR: u32 = 103;
    /// An attachment record is damaged.
    pub const RECORD: u32 = 104;
    /// The code that libcni reports for an error without a code.
    pub const INTERNAL: u32 = 999;
}

/// The most bytes of a text that a message quotes: enough to recognise it.
const QUOTED: usize = 64;

/// A text as a message quotes it: on one line, and not longer than people read. The author of the
/// text (of an annotation, of a selector) may have made it as long as they like.
pub fn quoted(text: &str) -> String {
    let start = start(text, QUOTED);
    if start.len() < text.len() { format!("{start:?} …") } else { format!("{text:?}") }
}

/// The error that a failed CNI call prints on stdout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CniError {
    /// One of [`code`], or a delegate's own code.
    pub code: u32,
    /// What failed, in one line.
    pub msg: String,
    /// More about the failure; may be empty.
    pub details: String,
}

impl CniError {
    /// An error without details.
    pub fn new(code: u32, msg: impl Into<String>) -> Self {
        Self { code, msg: msg.into(), details: String::new() }
    }

    /// Replaces the details.
    #[must_use]
    pub fn with_details(mut self, details: impl Into<String>) -> Self {
        self.details = details.into();
        self
    }

    /// Puts where the error happened in front of its message. The code stays.
    #[must_use]
    pub fn context(mut self, context: impl fmt::Display) -> Self {
        self.msg = format!("{context}: {}", self.msg);
        self
    }

    /// Adds a detail behind those that are there.
    #[must_use]
    pub fn add_detail(mut self, detail: impl fmt::Display) -> Self {
        self.details = if self.details.is_empty() { detail.to_string() } else { format!("{}; {detail}", self.details) };
        self
    }

    /// The message, and behind it the details, without the code.
    pub fn words(&self) -> String {
        if self.details.is_empty() { self.msg.clone() } else { format!("{}: {}", self.msg, self.details) }
    }

    /// The JSON object for stdout. `cni_version` is the configuration's.
    pub fn to_json(&self, cni_version: &str) -> Value {
        let mut object = Map::new();
        object.insert("cniVersion".into(), cni_version.into());
        object.insert("code".into(), self.code.into());
        object.insert("msg".into(), self.msg.clone().into());
        if !self.details.is_empty() {
            object.insert("details".into(), self.details.clone().into());
        }
        Value::Object(object)
    }
}

impl fmt::Display for CniError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.msg)?;
        if !self.details.is_empty() {
            write!(f, "; {}", self.details)?;
        }
        write!(f, " (code {})", self.code)
    }
}

impl std::error::Error for CniError {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_quoted_fits_on_a_line() {
        assert_eq!(quoted("a\nb\0"), r#""a\nb\0""#);
        assert_eq!(quoted(&"ä".repeat(QUOTED)), format!("\"{}\" …", "ä".repeat(QUOTED / 2)));
        assert_eq!(quoted(&"a".repeat(QUOTED)), format!("{:?}", "a".repeat(QUOTED)));
    }
}
