//! Messages of the plugin: to stderr, which the runtime keeps. Nothing of a
//! configuration's content goes there: it may hold tokens. Each is one line, whatever others
//! wrote into it.

use std::sync::OnceLock;

use serde_json::{Map, Value};
use tracing::level_filters::LevelFilter;
use tracing::span::{self, Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::cni::get;
use crate::plain;

/// Starts logging at the configuration's `log_level` (CNI-Genie's key); without
/// one, at warnings.
pub fn start(config: &Map<String, Value>) {
    let written = get(config, "log_level").and_then(Value::as_str).unwrap_or("warn");
    start_at(level(written));
}

/// Starts logging at a level.
pub fn start_at(level: LevelFilter) {
    // A second start (in tests) changes nothing.
    _ = tracing::subscriber::set_global_default(Late { level, writer: OnceLock::new() });
}

/// Writes messages, and is made ready with the first: most calls have nothing to say, and
/// the books that a writer keeps of spans are most of what it costs to start.
struct Late {
    level: LevelFilter,
    writer: OnceLock<Box<dyn Subscriber + Send + Sync>>,
}

impl Late {
    fn writer(&self) -> &dyn Subscriber {
        self.writer.get_or_init(|| {
            let writer = tracing_subscriber::fmt()
                .with_max_level(self.level)
                .with_writer(|| plain::Lines { to: std::io::stderr(), plain: plain::line })
                .with_ansi(false)
                .without_time()
                .with_target(false);
            Box::new(writer.finish())
        })
    }
}

impl Subscriber for Late {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }

    fn event(&self, event: &Event<'_>) {
        self.writer().event(event);
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        self.writer().new_span(span)
    }

    fn record(&self, span: &Id, values: &span::Record<'_>) {
        self.writer().record(span, values);
    }

    fn record_follows_from(&self, span: &Id, follows: &Id) {
        self.writer().record_follows_from(span, follows);
    }

    fn enter(&self, span: &Id) {
        self.writer().enter(span);
    }

    fn exit(&self, span: &Id) {
        self.writer().exit(span);
    }
}

/// Starts the logging of a daemon: with the time, as a JSON object a line or as text.
#[cfg(feature = "tool")]
pub fn start_daemon(level: LevelFilter, json: bool) {
    let plain = if json { plain::json } else { plain::line };
    let writer = move || plain::Lines { to: std::io::stderr(), plain };
    let subscriber = tracing_subscriber::fmt().with_max_level(level).with_writer(writer).with_ansi(false);
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
