//! What keeps a script from an answer, and the words for it.

use std::fmt::Write as _;

use genie_selector::{Refusal, log};
use rquickjs::{Ctx, Object, Value};

use crate::settings::Settings;
use crate::{loops, refusals};

/// How many callers a message names. The log has all that QuickJS tells, which are ten.
const CALLERS: usize = 3;

/// Why there is no answer.
pub enum Failure {
    /// JavaScript threw, or could not be run.
    Script(rquickjs::Error),
    /// The engine found a mistake, or the SDK refused.
    Refused(Refusal),
    /// The script is wrong in a way that no place tells; the text follows the file's name.
    Said(String),
}

impl From<rquickjs::Error> for Failure {
    fn from(error: rquickjs::Error) -> Self {
        Self::Script(error)
    }
}

impl Failure {
    /// A failure in these words, which follow the file's name.
    pub fn said(words: impl Into<String>) -> Self {
        Self::Said(words.into())
    }

    /// The refusal for the host. `expired` says whether the engine has stopped the script.
    pub fn into_refusal(self, ctx: &Ctx<'_>, settings: &Settings, expired: bool) -> Refusal {
        let file = &settings.file;
        match self {
            Self::Refused(refusal) => refusal,
            Self::Said(words) => Refusal::internal(format!("{file} {words}")),
            Self::Script(rquickjs::Error::Exception) => thrown(&ctx.catch(), settings, expired),
            Self::Script(rquickjs::Error::WouldBlock) => {
                Refusal::internal(format!("{file} waits for a promise that nothing settles"))
            }
            Self::Script(error) => Refusal::internal(format!("{file}: {error}")),
        }
    }
}

fn thrown(value: &Value<'_>, settings: &Settings, expired: bool) -> Refusal {
    let file = &settings.file;
    let Some(error) = value.as_exception() else {
        let what = value.as_string().and_then(|text| text.to_string().ok());
        let what = what.map_or_else(|| value.type_name().to_owned(), |text| format!("{text:?}"));
        return Refusal::internal(format!("{file} threw {what}, which is no Error: write `throw new Error(…)`"));
    };
    if let Some(refusal) = refusals::of(error.as_object()) {
        return refusal;
    }
    let stack = error.stack().unwrap_or_default();
    let frames: Vec<_> = stack.lines().filter_map(|line| line.trim().strip_prefix("at ")).collect();
    let place = frames.iter().find_map(|frame| place(frame, file)).unwrap_or(file);
    let what = if expired { stopped(place, settings) } else { described(error.as_object(), settings) };
    let mut message = format!("{place}: {what}");
    let callers: Vec<_> = frames.iter().skip(1).take(CALLERS).copied().collect();
    if !callers.is_empty() {
        // Writing to a text does not fail.
        _ = write!(message, "; called by {}", callers.join(", "));
    }
    log::error!("{place}: {what}\n{stack}");
    Refusal::internal(message)
}

/// What is said of a script that the engine has stopped at `place`.
fn stopped(place: &str, settings: &Settings) -> String {
    let Settings { file, source, limits, .. } = settings;
    let mut numbers = place.rsplit(':').map(|number| number.parse().unwrap_or(1));
    let column = numbers.next().unwrap_or(1);
    let line = numbers.next().unwrap_or(1);
    let next = loops::behind(source, (line, column));
    let next = next.map(|(line, column)| format!("; the next loop is at {file}:{line}:{column}")).unwrap_or_default();
    format!(
        "it runs for too long for its fuel limit of {}{next}; if it has that much to do, raise limits.fuel",
        limits.fuel
    )
}

/// What an error says of itself, and where a script cannot know it, what to do.
fn described(error: &Object<'_>, settings: &Settings) -> String {
    let text = |key| error.get::<_, Option<String>>(key).ok().flatten().filter(|text| !text.is_empty());
    let name = text("name").unwrap_or_else(|| "Error".to_owned());
    match text("message") {
        Some(message) if name == "InternalError" && message == "out of memory" => format!(
            "its values take too much memory of its limit of {} bytes; if it needs them, raise limits.memory",
            settings.limits.memory
        ),
        Some(message) if message.starts_with("could not load module") => {
            format!("{name}: {message}: a script is one file, and imports nothing")
        }
        Some(message) => format!("{name}: {message}"),
        None => name,
    }
}

/// The place in the script that a frame names: `FILE:LINE:COLUMN`.
fn place<'a>(frame: &'a str, file: &str) -> Option<&'a str> {
    let place = frame.rsplit_once('(').map_or(frame, |(_, place)| place.trim_end_matches(')'));
    place.strip_prefix(file)?.starts_with(':').then_some(place)
}
