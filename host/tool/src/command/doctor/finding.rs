//! A finding of `doctor`.

use serde_json::{Value, json};

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Level {
    /// Everything is as it should be.
    Ok,
    /// Pods start, but something is missing or will be.
    Warn,
    /// Pods do not start, or not with the right networks.
    Fail,
}

/// A finding, with advice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub level: Level,
    /// What was found.
    pub what: String,
    /// What to do. There is none when nothing is wrong.
    pub advice: Option<String>,
}

/// A finding that is as it should be.
pub fn ok(what: impl Into<String>) -> Finding {
    Finding { level: Level::Ok, what: what.into(), advice: None }
}

/// A finding with which pods start, but something is missing or will be.
pub fn warn(what: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { level: Level::Warn, what: what.into(), advice: Some(advice.into()) }
}

/// A finding with which pods do not start, or not with the right networks.
pub fn fail(what: impl Into<String>, advice: impl Into<String>) -> Finding {
    Finding { level: Level::Fail, what: what.into(), advice: Some(advice.into()) }
}

/// The first few of many names, in words.
pub fn some(names: &[String]) -> String {
    const SHOWN: usize = 5;
    let shown = names.iter().take(SHOWN).map(String::as_str).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

impl Finding {
    /// The finding as a line, with the advice on lines below it.
    pub fn as_lines(&self, area: &str) -> Vec<String> {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "FAIL",
        };
        let advice = self.advice.as_ref().map(|advice| format!("{:21}=> {advice}", ""));
        [format!("{level:5} {area:14} {}", self.what)].into_iter().chain(advice).collect()
    }

    /// The finding for machines.
    pub fn as_json(&self, area: &str) -> Value {
        let level = match self.level {
            Level::Ok => "ok",
            Level::Warn => "warn",
            Level::Fail => "fail",
        };
        json!({"area": area, "level": level, "what": self.what, "advice": self.advice})
    }
}
