//! The log messages of a selector.

use serde::{Deserialize, Serialize};

use crate::selector::abi::LogLevel;
use crate::text::one_line;

/// One log message of a selector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Log {
    /// The message's level.
    pub level: LogLevel,
    /// The message.
    pub message: String,
}

impl Log {
    /// The level as the contract names it.
    pub const fn level_name(&self) -> &'static str {
        match self.level {
            LogLevel::Debug => "debug",
            LogLevel::Info => "info",
            LogLevel::Warn => "warn",
            LogLevel::Error => "error",
        }
    }
}

/// Passes a selector's messages on to the log, all at `debug`. They are for the selector's author,
/// whatever their level: what a node's operator has to know is in the answer.
pub fn hand_on(selector: &str, logs: &[Log]) {
    for log in logs {
        // Quoted, since a message may have many lines and must not pass for a line of ours.
        tracing::debug!("selector {selector:?} logged at {}: {:?}", log.level_name(), log.message);
    }
}

/// The messages of one call. Those beyond the limits are dropped and counted: a chatty selector
/// still decides the same.
#[derive(Debug)]
pub struct LogBook {
    messages: Vec<Log>,
    bytes: usize,
    count: usize,
    dropped: usize,
    /// Bytes of all messages, dropped or not.
    heard: usize,
    /// The last error, also when the book is full: a panic's message comes last.
    error: Option<String>,
}

impl LogBook {
    /// A book for so many bytes and messages.
    pub fn new(bytes: usize, count: usize) -> Self {
        Self { messages: Vec::new(), bytes, count, dropped: 0, heard: 0, error: None }
    }

    /// Whether another message of this level would be kept. If not, it counts as dropped, since the
    /// guest will not write it.
    pub fn enabled(&mut self, level: LogLevel) -> bool {
        let enabled = level == LogLevel::Error || (self.count > 0 && self.bytes > 0);
        self.dropped += usize::from(!enabled);
        enabled
    }

    /// Counts the bytes of a message, kept or not, and returns the bytes of all messages.
    pub fn hear(&mut self, message: &str) -> usize {
        self.heard = self.heard.saturating_add(message.len());
        self.heard
    }

    /// Keeps a message, or drops and counts it.
    pub fn write(&mut self, level: LogLevel, message: String) {
        if level == LogLevel::Error {
            self.error = Some(one_line(&message));
        }
        if self.count == 0 || message.len() > self.bytes {
            self.dropped += 1;
            return;
        }
        self.count -= 1;
        self.bytes -= message.len();
        self.messages.push(Log { level, message });
    }

    /// The last error: what a panic hook wrote before it ended the call.
    pub fn last_error(&self) -> Option<&str> {
        self.error.as_deref()
    }

    /// The messages that were kept, with a note on those that were dropped.
    pub fn finish(mut self) -> Vec<Log> {
        if self.dropped > 0 {
            let message =
                format!("{} more messages were dropped (limits.log_bytes, limits.log_messages)", self.dropped);
            self.messages.push(Log { level: LogLevel::Warn, message });
        }
        self.messages
    }
}
