//! A selector's settings, from the configuration's JSON text to the selector's own type.

use std::any::TypeId;
use std::fmt;

use serde::de::value::{Error as UnitError, UnitDeserializer};
use serde::de::{DeserializeOwned, DeserializeSeed, IntoDeserializer};

use crate::{Refusal, log};

/// What a selector's settings can be: every type that implements [`serde::Deserialize`] and borrows
/// nothing, and [`Text`].
pub trait Settings: Sized {
    /// Reads the settings of the configuration's entry, which are JSON text.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] with the key `settings`.
    fn from_text(text: String) -> Result<Self, Refusal>;
}

impl<S: DeserializeOwned + 'static> Settings for S {
    fn from_text(text: String) -> Result<Self, Refusal> {
        parse(&text)
    }
}

/// Settings that the selector reads itself. A long table costs less that way: it can be looked at
/// part by part, and its words can be borrowed.
///
/// ```
/// use std::marker::PhantomData;
///
/// use genie_selector::{Refusal, settings};
///
/// fn is_listed(settings: &settings::Text, name: &str) -> Result<bool, Refusal> {
///     let listed: Vec<&str> = settings.read(PhantomData)?;
///     Ok(listed.contains(&name))
/// }
/// ```
pub struct Text(String);

impl Text {
    /// Reads the text.
    ///
    /// # Errors
    ///
    /// [`Refusal::Invalid`] with the key `settings` and the message of serde.
    pub fn read<'a, S: DeserializeSeed<'a>>(&'a self, seed: S) -> Result<S::Value, Refusal> {
        let text = given(&self.0);
        let mut reader = serde_json::Deserializer::from_str(text);
        let read = seed.deserialize(&mut reader).and_then(|read| reader.end().map(|()| read));
        read.map_err(|error| refused(text, &Words(error)))
    }
}

impl Settings for Text {
    fn from_text(text: String) -> Result<Self, Refusal> {
        Ok(Self(text))
    }
}

/// How many bytes of a wrong text a message repeats at most.
const QUOTED: usize = 200;

/// The text that was given. Blank text and `null` stand for `{}`.
fn given(text: &str) -> &str {
    match text.trim() {
        "" | "null" => "{}",
        text => text,
    }
}

/// Reads settings.
///
/// # Errors
///
/// [`Refusal::Invalid`] with the key `settings` and the message of serde.
fn parse<S: DeserializeOwned + 'static>(text: &str) -> Result<S, Refusal> {
    let text = given(text);
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
    use std::marker::PhantomData;

    use serde::Deserialize;

    use super::{Settings as _, Text, parse};
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
    fn text_is_read_by_the_selector_and_told_in_the_same_words() {
        let read = |text: &str| Text::from_text(text.to_owned()).and_then(|text| text.read(PhantomData::<Limits>));
        for text in ["", " null\n", r#"{"most":1}"#, r#"{"must":1}"#, "{} {}"] {
            assert_eq!(read(text), parse::<Limits>(text), "{text:?}");
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
