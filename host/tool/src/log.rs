//! The log of a daemon. [`genie_core::log::start_at`] starts that of a command.

use genie_core::plain;
use tracing::level_filters::LevelFilter;

/// Starts the logging of a daemon. Each message has its time, and is a JSON object on a line of its
/// own, or text.
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
