//! The plugin's messages, on stderr, which the runtime keeps. The content of a configuration is
//! never logged: it may hold tokens. Each message is one line, whatever text of others is in it.

use std::fmt;
use std::sync::OnceLock;

use serde_json::Value;
use tracing::level_filters::LevelFilter;
use tracing::span::{self, Attributes, Id};
use tracing::{Event, Level, Metadata, Subscriber};
use tracing_subscriber::fmt::FmtContext;
use tracing_subscriber::fmt::format::{FormatEvent, FormatFields, Writer};
use tracing_subscriber::fmt::time::{FormatTime as _, SystemTime};
use tracing_subscriber::registry::LookupSpan;

use crate::cni::{Call, CniArgs, get};
use crate::plain;
use crate::pod::Identity;

/// Starts the logging of a call, at the configuration's `log_level` (CNI-Genie's key), by default
/// `warn`. Each message names its call.
pub fn start(call: &Call) {
    let written = get(&call.config, "log_level").and_then(Value::as_str).unwrap_or("warn");
    let node = get(&call.config, "nodename").or(get(&call.config, "hostname")).and_then(Value::as_str);
    let about =
        About { container: call.container.clone(), args: call.args.clone(), node: node.unwrap_or_default().to_owned() };
    begin(level(written), Some(about));
}

/// Starts logging at a level.
pub fn start_at(level: LevelFilter) {
    begin(level, None);
}

fn begin(level: LevelFilter, about: Option<About>) {
    // A second start (in tests) changes nothing.
    _ = tracing::subscriber::set_global_default(Late { level, about, writer: OnceLock::new() });
}

/// The call that a message is about.
#[derive(Clone)]
struct About {
    container: String,
    args: String,
    node: String,
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Identity { namespace, name, uid } = Identity::from_args(&CniArgs::new(&self.args));
        let fields = [
            ("container", &self.container),
            ("namespace", &namespace),
            ("pod", &name),
            ("pod_uid", &uid.unwrap_or_default()),
            ("node", &self.node),
        ];
        fields.iter().filter(|(_, value)| !value.is_empty()).try_for_each(|(key, value)| write!(f, " {key}={value:?}"))
    }
}

/// A line for people: the time (unless the journal keeps it), the level, the message with its
/// fields, and the call that it is about.
struct Line {
    with_time: bool,
    about: String,
}

impl Line {
    fn new(about: Option<&About>) -> Self {
        Self { with_time: !is_journal(), about: about.map(ToString::to_string).unwrap_or_default() }
    }
}

impl<S, N> FormatEvent<S, N> for Line
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, context: &FmtContext<'_, S, N>, mut line: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        if self.with_time {
            SystemTime.format_time(&mut line)?;
            line.write_char(' ')?;
        }
        write!(line, "{} ", event.metadata().level())?;
        context.format_fields(line.by_ref(), event)?;
        writeln!(line, "{}", self.about)
    }
}

/// Whether stderr is the journal's, which systemd says in the environment.
fn is_journal() -> bool {
    let Ok(journal) = std::env::var("JOURNAL_STREAM") else { return false };
    rustix::fs::fstat(rustix::stdio::stderr()).is_ok_and(|file| journal == format!("{}:{}", file.st_dev, file.st_ino))
}

/// Writes messages. The writer is made with the first one: most calls log nothing, and the books
/// that a writer keeps of spans are most of what it costs to start.
struct Late {
    level: LevelFilter,
    about: Option<About>,
    writer: OnceLock<Box<dyn Subscriber + Send + Sync>>,
}

impl Late {
    fn writer(&self) -> &dyn Subscriber {
        self.writer.get_or_init(|| {
            let writer = tracing_subscriber::fmt()
                .with_max_level(self.level)
                .with_writer(|| plain::Lines { to: std::io::stderr(), plain: plain::line })
                .with_ansi(false)
                .event_format(Line::new(self.about.as_ref()));
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
