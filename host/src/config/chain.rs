//! The keys `selectors` and `merge`.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{Paths, shown, text, wrong};
use crate::cni::{CniError, code, get};
use crate::selector::chain::{Chain, Entry};
use crate::selector::grants::Grants;
use crate::selector::keys;
use crate::selector::limits::Limits;
use crate::selector::module::{Loader, Module};

/// The chain of a configuration without `selectors`, in CNI-Genie's order.
const DEFAULT_CHAIN: [&str; 2] = ["annotation", "default-plugin"];

const ENTRY_KEYS: [&str; 6] = ["grant", "limits", "module", "run", "settings", "sha256"];

/// Reads the chain.
///
/// # Errors
/// The first entry that is wrong, by its place and name.
pub fn chain(config: &Map<String, Value>) -> Result<Chain, CniError> {
    let entries: Vec<_> = entries(config)?.into_iter().collect::<Result<_, _>>()?;
    let merge = text(config, "merge")?.map(ToOwned::to_owned);
    if let Some(merge) = &merge
        && !entries.iter().any(|entry| entry.name == *merge)
    {
        return Err(wrong("merge", &Value::from(merge.as_str()), "the \"module\" of one of the \"selectors\""));
    }
    Ok(Chain { entries, merge })
}

/// Reads every entry. What is wrong with one says its place.
///
/// # Errors
/// There is no list of them.
pub(super) fn entries(config: &Map<String, Value>) -> Result<Vec<Result<Entry, CniError>>, CniError> {
    let place = |(index, value)| entry(value).map_err(|error| error.context(format!("selectors[{index}]")));
    match get(config, "selectors") {
        None | Some(Value::Null) => Ok(DEFAULT_CHAIN.map(|name| entry(&json!({"module": name}))).into()),
        Some(Value::Array(entries)) if !entries.is_empty() => Ok(entries.iter().enumerate().map(place).collect()),
        Some(value) => Err(wrong("selectors", value, r#"a list such as [{"module": "annotation"}]"#)),
    }
}

fn entry(value: &Value) -> Result<Entry, CniError> {
    let entry = value.as_object().ok_or_else(|| invalid(format!("it is {}; expected an object", shown(value))))?;
    // One that restricts, misspelt, would be no restriction.
    if let Some(key) = entry.keys().find(|key| !ENTRY_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))) {
        let unknown = invalid(keys::unknown(key, ENTRY_KEYS));
        return Err(match text(entry, "module")? {
            Some(name) => unknown.context(name),
            None => unknown,
        });
    }
    let name = text(entry, "module")?.ok_or_else(|| invalid("\"module\" is missing"))?.to_owned();
    let within = |reason: String| invalid(format!("{name}: {reason}"));
    let run_always = match text(entry, "run")? {
        None | Some("until-decided") => false,
        Some("always") => true,
        Some(other) => return Err(within(format!("run is {other:?}; there are \"until-decided\" and \"always\""))),
    };
    let settings = match get(entry, "settings") {
        None | Some(Value::Null) => json!({}),
        Some(settings) => settings.clone(),
    };
    let part = |key| get(entry, key).unwrap_or(&Value::Null);
    Ok(Entry {
        module: Module::from_config(&name, text(entry, "sha256")?)?,
        run_always,
        settings,
        grants: Grants::from_json(part("grant")).map_err(within)?,
        limits: Limits::from_json(part("limits")).map_err(within)?,
        name,
    })
}

/// What loads the selectors.
pub fn loader(paths: &Paths) -> Loader {
    Loader::new(&paths.cache_dir, (!cfg!(feature = "tool")).then(tool))
}

/// The program `genie-host`: installed beside the plugin, or this one itself.
pub fn tool() -> PathBuf {
    let own = std::env::current_exe().unwrap_or_default();
    if cfg!(feature = "tool") { own } else { own.with_file_name("genie-host") }
}

fn invalid(message: impl Into<String>) -> CniError {
    CniError::new(code::INVALID_CONFIG, message)
}
