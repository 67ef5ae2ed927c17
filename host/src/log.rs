//! Messages of the plugin: to stderr, which the runtime keeps. Nothing of a
//! configuration's content goes there: it may hold tokens.

use serde_json::{Map, Value};
use tracing::Level;
use tracing::level_filters::LevelFilter;

use crate::cni::get;

/// Starts logging at the configuration's `log_level` (CNI-Genie's key); without
/// one, at warnings.
pub fn start(config: &Map<String, Value>) {
    let written = get(config, "log_level").and_then(Value::as_str).unwrap_or("warn");
    start_at(level(written));
}

/// Starts logging at a level.
pub fn start_at(level: LevelFilter) {
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(level)
        .with_writer(std::io::stderr)
        .with_ansi(false)
        .without_time()
        .with_target(false)
        .finish();
    // A second start (in tests) changes nothing.
    _ = tracing::subscriber::set_global_default(subscriber);
}

/// Starts the logging of a daemon: with the time, as a JSON object a line or as text.
#[cfg(feature = "tool")]
pub fn start_daemon(level: LevelFilter, json: bool) {
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(std::io::stderr).with_ansi(false);
    // A second start (in tests) changes nothing.
    if json {
        _ = tracing::subscriber::set_global_default(subscriber.json().flatten_event(true).finish());
    } else {
        _ = tracing::subscriber::set_global_default(subscriber.finish());
    }
}

fn level(written: &str) -> LevelFilter {
    match written.to_ascii_lowercase().as_str() {
        "none" | "off" | "panic" | "fatal" => LevelFilter::OFF,
        "error" => Level::ERROR.into(),
        "info" | "verbose" => Level::INFO.into(),
        "debug" => Level::DEBUG.into(),
        "trace" => Level::TRACE.into(),
        _ => Level::WARN.into(),
    }
}
