//! The output of a call.

use std::process::Output;

use serde_json::Value;

use crate::errors;

/// Exit status, stdout and stderr of a call.
#[derive(Clone, Debug)]
pub struct Answer {
    /// The exit status. There is none when a signal ended the plugin.
    pub status: Option<i32>,
    /// All of stdout.
    pub stdout: String,
    /// All of stderr.
    pub stderr: String,
}

/// The error object that a failed call printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// `code`.
    pub code: u64,
    /// `msg`.
    pub msg: String,
    /// `details`, or an empty text.
    pub details: String,
}

impl Failure {
    /// Message and details, as libcni joins them.
    pub fn text(&self) -> String {
        if self.details.is_empty() { self.msg.clone() } else { format!("{}; {}", self.msg, self.details) }
    }

    /// Fails the test unless message and details together contain all `parts`.
    ///
    /// # Panics
    /// When one is missing.
    #[track_caller]
    pub fn says(&self, parts: &[&str]) -> &Self {
        let text = self.text();
        for part in parts {
            assert!(text.contains(part), "the error does not say {part:?}: {self:?}");
        }
        self
    }
}

impl Answer {
    /// The output of a program that has ended.
    pub fn of(output: &Output) -> Self {
        Self {
            status: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Stdout as JSON. It has to be exactly one document.
    ///
    /// # Panics
    /// When it is anything else.
    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout)
            .unwrap_or_else(|error| panic!("stdout is not one JSON document ({error}): {self:?}"))
    }

    /// The result of a call that succeeded. It is null when the call printed nothing.
    ///
    /// # Panics
    /// When it failed.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert_eq!(self.status, Some(0), "the call failed: {self:?}");
        if self.stdout.is_empty() { Value::Null } else { self.json() }
    }

    /// The interface that an address of this result belongs to. It is null when the address names
    /// none.
    ///
    /// # Panics
    /// When the index points nowhere.
    #[track_caller]
    pub fn interface_of<'a>(result: &'a Value, ip: &Value) -> &'a Value {
        let Some(index) = ip["interface"].as_u64() else {
            return &Value::Null;
        };
        let index = usize::try_from(index).expect("an index");
        result["interfaces"].get(index).unwrap_or_else(|| panic!("no interface {index} in {result}"))
    }

    /// The error of a call that failed.
    ///
    /// # Panics
    /// When it succeeded, or printed anything but one error object.
    #[track_caller]
    pub fn error(&self) -> Failure {
        assert!(self.status.is_some_and(|status| status != 0), "an error was expected: {self:?}");
        let error = self.json();
        assert!(error["cniVersion"].is_string(), "an error has a cniVersion: {self:?}");
        let text = |key: &str| error[key].as_str().unwrap_or_default().to_owned();
        Failure {
            code: error["code"].as_u64().unwrap_or_else(|| panic!("an error has a code: {self:?}")),
            msg: text("msg"),
            details: text("details"),
        }
    }

    /// As [`Self::error`], for an error with this code, which `docs/errors.md` leads to from the
    /// message.
    ///
    /// # Panics
    /// As [`Self::error`], and for another code or section.
    #[track_caller]
    pub fn error_code(&self, code: u64) -> Failure {
        let error = self.error();
        assert_eq!(error.code, code, "{error:?}");
        errors::assert_leads(&error.text(), code);
        error
    }
}
