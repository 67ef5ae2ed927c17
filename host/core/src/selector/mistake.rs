//! Whether the operator or the pod's owner has to correct a mistake that a selector found.

use crate::cni::{CniError, code};
use crate::selector::abi::Mistake;
use crate::text::one_line;

/// The configuration's own key that selectors get to see.
const DEFAULT_PLUGIN: &str = "default_plugin";
const SETTINGS: &str = "settings";

/// The error of a mistake that a selector found. Settings and the configuration's own key are the
/// operator's ([`code::INVALID_CONFIG`]). Everything else, such as an annotation or a label, is the
/// pod owner's ([`code::REFUSED_INVALID`]).
pub(super) fn error(selector: &str, mistake: &Mistake) -> CniError {
    let (key, value, message) = (one_line(&mistake.key), one_line(&mistake.value), one_line(&mistake.message));
    if !is_operators(&mistake.key) {
        let message = format!("{key}: {value:?}: {message} (selector {selector:?})");
        return CniError::new(code::REFUSED_INVALID, message);
    }
    // All settings together may hold a secret, and a reader of the error did not write them.
    let value = if mistake.key == SETTINGS { String::new() } else { format!(": {value:?}") };
    let message = format!("configuration of selector {selector:?}: {key}{value}: {message}");
    CniError::new(code::INVALID_CONFIG, message)
}

/// Whether the key is `settings`, a part of it (`settings.networks`, `settings[0]`), or
/// `default_plugin`.
fn is_operators(key: &str) -> bool {
    let part = key.strip_prefix(SETTINGS).map(|rest| rest.is_empty() || rest.starts_with(['.', '[']));
    key == DEFAULT_PLUGIN || part == Some(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(key: &str, value: &str) -> CniError {
        error("tenant", &Mistake { key: key.into(), value: value.into(), message: "no such\nnetwork".into() })
    }

    #[test]
    fn settings_are_the_operators() {
        for key in ["settings.networks", "settings[0].colour", "default_plugin"] {
            let error = told(key, "x");
            let expected = format!("configuration of selector \"tenant\": {key}: \"x\": no such network");
            assert_eq!((error.code, error.msg), (code::INVALID_CONFIG, expected));
        }
    }

    #[test]
    fn all_settings_together_are_not_repeated() {
        let error = told("settings", r#"{"password": "secret"}"#);
        assert_eq!(error.code, code::INVALID_CONFIG);
        assert_eq!(error.msg, "configuration of selector \"tenant\": settings: no such network");
    }

    #[test]
    fn annotations_and_labels_are_the_owners() {
        for key in ["cni", "label network", "settings-of-mine", "settingsx", "example.org/settings", "", "default"] {
            let error = told(key, "x");
            let expected = format!("{key}: \"x\": no such network (selector \"tenant\")");
            assert_eq!((error.code, error.msg), (code::REFUSED_INVALID, expected));
        }
    }
}
