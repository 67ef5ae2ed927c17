//! One thing that was looked at.

use serde_json::{Value, json};

/// How it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// As it should be.
    Ok,
    /// Pods start, but something is missing or will be.
    Warn,
    /// Pods do not start, or not with the right networks.
    Fail,
}

/// What was found, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What it is.
    pub what: String,
    /// What to do; none when there is nothing to do.
    pub advice: Option<String>,
}

/// All is well.
pub fn ok(what: impl Into<String>) -> Finding {
    Finding { level: Level::Ok, what: what.into(), advice: None }
}

/// Pods start, but.
pub fn warn(what: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { level: Level::Warn, what: what.into(), advice: Some(advice.into()) }
}

/// Pods do not start, or not with the right networks.
pub fn fail(what: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { level: Level::Fail, what: what.into(), advice: Some(advice.into()) }
}

/// The first few of many, in words.
pub fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Finding {
    /// A line, and below it what to do.
    pub fn as_lines(&self, area: &str) -> Vec<String> {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let advice = self.advice.as_ref().map(|advice| format!("{:21}=> {advice}", ""));
        [format!("{level:5} {area:14} {}", self.what)].into_iter().chain(advice).collect()
    }

    /// For machines.
    pub fn as_json(&self, area: &str) -> Value {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        json!({"area": area, "level": level, "what": self.what, "advice": self.advice})
    }
}
