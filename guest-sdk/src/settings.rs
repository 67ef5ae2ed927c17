//! A selector's settings, from the configuration's JSON text to the selector's own type.

use std::any::TypeId;
use std::fmt;

use serde::de::value::{Error as UnitError, UnitDeserializer};
use serde::de::{DeserializeOwned, IntoDeserializer};

use crate::{Refusal, log};

/// How many bytes of a wrong text a message repeats at most.
const QUOTED: usize = 200;

/// Reads settings. Blank text and `null` stand for `{}`.
///
/// # Errors
///
/// [`Refusal::Invalid`] with the key `settings` and the message of serde.
pub(crate) fn parse<S: DeserializeOwned + 'static>(text: &str) -> Result<S, Refusal> {
    let text = match text.trim() {
        "" | "null" => "{}",
        text => text,
    };
    // Decided while compiling: a selector without settings links no JSON parser.
    if TypeId::of::<S>() == TypeId::of::<()>() {
        if text != "{}" {
            log::warn!("this selector takes no settings; ignored: {}", quoted(text));
        }
        let unit: UnitDeserializer<UnitError> = ().into_deserializer();
        return S::deserialize(unit).map_err(|error| refused(text, &error));
    }
    serde_json::from_str(text).map_err(|error| refused(text, &Words(error)))
}

/// What is wrong, without the line and column: the text is the host's, on one line, and not what the
/// operator wrote.
struct Words(serde_json::Error);

impl fmt::Display for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let told = self.0.to_string();
        let place = format!(" at line {} column {}", self.0.line(), self.0.column());
        f.write_str(told.strip_suffix(&place).unwrap_or(&told))
    }
}

fn refused(text: &str, error: &dyn fmt::Display) -> Refusal {
    Refusal::invalid("settings", quoted(text), error.to_string())
}

fn quoted(text: &str) -> String {
    if text.len() <= QUOTED {
        return text.to_owned();
    }
    let cut = text.floor_char_boundary(QUOTED);
    format!("{}…", text.get(..cut).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;

    use super::parse;
    use crate::Refusal;
    use crate::fake::Host;

    #[derive(Debug, Deserialize, PartialEq)]
    #[serde(deny_unknown_fields)]
    struct Limits {
        #[serde(default)]
        most: u32,
    }

    #[test]
    fn no_settings_read_from_every_spelling_of_nothing() {
        for text in ["", " ", "{}", "null", "\n{}\n"] {
            assert_eq!(parse::<()>(text), Ok(()), "{text:?}");
            assert_eq!(parse::<Limits>(text), Ok(Limits { most: 0 }), "{text:?}");
        }
    }

    #[test]
    fn settings_nobody_reads_are_ignored_with_a_warning() {
        let host = Host::new();
        assert_eq!(host.run(|| parse::<()>(r#"{"most":1}"#)), Ok(()));
        assert!(host.logged(r#"{"most":1}"#));
    }

    #[test]
    fn a_mistake_in_the_settings_is_told_in_serdes_words() {
        let refused = parse::<Limits>(r#"{"must":1}"#);
        let Err(Refusal::Invalid(mistake)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(mistake.key, "settings");
        assert_eq!(mistake.value, r#"{"must":1}"#);
        assert!(mistake.message.contains("unknown field `must`"), "{mistake:?}");
    }

    #[test]
    fn a_long_text_is_cut_between_two_characters() {
        let refused = parse::<Limits>(&"ä".repeat(1000));
        let Err(Refusal::Invalid(mistake)) = refused else {
            panic!("{refused:?}");
        };
        assert_eq!(mistake.value, format!("{}…", "ä".repeat(100)));
    }
}
