//! The keys `selectors` and `merge`.

use serde_json::{Map, Value, json};

use super::Paths;
use super::invalid;
use super::shown;
use super::text;
use super::wrong;
use crate::cni::{Call, CniError, Selectors, get};
use crate::selector::chain::{Chain, Entry, Run};
use crate::selector::grants::Grants;
use crate::selector::keys;
use crate::selector::module::{Loader, Module, Program};
use crate::selector::sandbox::limits::Limits;
use crate::selector::settings::Settings;

/// The chain of a configuration without `selectors`, in CNI-Genie's order.
pub const DEFAULT_CHAIN: [&str; 5] =
    ["network-attachment", "annotation", "logical-network", "least-loaded", "default-plugin"];

/// The keys of an entry.
const ENTRY_KEYS: [&str; 9] = ["grant", "imports", "limits", "module", "name", "run", "settings", "sha256", "wake"];

/// The longest `name` of an entry, in bytes.
const NAME: usize = 64;

/// Makes a chain of its entries.
///
/// # Errors
/// The first entry that is wrong; the message has its place and name.
pub fn chain(config: &Map<String, Value>, entries: Vec<Result<Entry, CniError>>) -> Result<Chain, CniError> {
    let mut entries: Vec<_> = entries.into_iter().collect::<Result<_, _>>()?;
    if entries.iter().all(|entry| entry.run == Run::Shadow) {
        return Err(invalid(
            "configuration key \"selectors\" has only shadows, so that none of them decides; add one without \"run\": \"shadow\"",
        ));
    }
    let merge = text(config, "merge")?;
    let named = |merge: &str| entries.iter().position(|entry| entry.name == merge && entry.run != Run::Shadow);
    let merger = match merge.map(|merge| (merge, named(merge))) {
        Some((merge, None)) => {
            let expected = "the \"name\" or \"module\" of one of the \"selectors\" that is no shadow";
            return Err(wrong("merge", &Value::from(merge), expected));
        }
        merger => merger.and_then(|(_, merger)| merger),
    };
    shorten(&mut entries);
    let merge = merger.and_then(|merger| entries.get(merger)).map(|entry| entry.name.clone());
    Ok(Chain { entries, merge })
}

/// Names each module's file without its directory, as the ConfigMap does, where that is unique and
/// the entry has no `name`. A selector's name is told to tenants, logged and counted. Commands that inspect the module itself
/// show its path. The name that the module gives itself is not used: it takes a call to learn, and
/// may be another module's.
fn shorten(entries: &mut [Entry]) {
    let short = |entry: &Entry| match &entry.module {
        Module::File { path, .. } if entry.name == entry.module.to_string() => {
            path.file_name().map(|name| name.to_string_lossy().into_owned())
        }
        _ => None,
    };
    let names: Vec<_> = entries.iter().map(short).collect();
    let is_unique = |index: usize, name: &String| {
        let all = names.iter().zip(entries.iter());
        let mut same = all.filter(|(other, _)| other.as_ref() == Some(name));
        entries.get(index).is_some_and(|entry| same.all(|(_, other)| other.module == entry.module))
    };
    let unique: Vec<_> =
        names.iter().enumerate().map(|(index, name)| name.clone().filter(|name| is_unique(index, name))).collect();
    for (entry, name) in entries.iter_mut().zip(unique) {
        if let Some(name) = name {
            entry.name = name;
        }
    }
}

/// Reads every entry of a call, whose settings stay text. Errors are those of [`entries`].
pub fn entries_of_call(call: &Call) -> Result<Vec<Result<Entry, CniError>>, CniError> {
    let value = match &call.selectors {
        None => return entries(&call.config),
        Some(Selectors::Entries(entries)) if !entries.is_empty() => {
            let entry = |(index, (members, settings)): (_, &(_, Option<String>))| {
                let settings = settings.as_deref().map(Settings::from_text).unwrap_or_default();
                placed(index, entry_of(members, settings))
            };
            return Ok(entries.iter().enumerate().map(entry).collect());
        }
        Some(Selectors::Entries(_)) => json!([]),
        Some(Selectors::Text(text)) => {
            serde_json::from_str(text).map_err(|error| invalid(format!("it cannot be read: {error}")))?
        }
    };
    entries(&Map::from_iter([("selectors".to_owned(), value)]))
}

/// Reads every entry. An error of an entry has its place.
///
/// # Errors
/// `selectors` is not a list, or is empty.
pub fn entries(config: &Map<String, Value>) -> Result<Vec<Result<Entry, CniError>>, CniError> {
    let place = |(index, value)| placed(index, entry(value));
    match get(config, "selectors") {
        None | Some(Value::Null) => Ok(DEFAULT_CHAIN.map(|name| entry(&json!({"module": name}))).into()),
        Some(Value::Array(entries)) if !entries.is_empty() => Ok(entries.iter().enumerate().map(place).collect()),
        Some(value) => Err(wrong("selectors", value, r#"a list such as [{"module": "annotation"}]"#)),
    }
}

fn placed(index: usize, entry: Result<Entry, CniError>) -> Result<Entry, CniError> {
    entry.map_err(|error| error.context(format!("selectors[{index}]")))
}

fn entry(value: &Value) -> Result<Entry, CniError> {
    let entry = value.as_object().ok_or_else(|| invalid(format!("it is {}; expected an object", shown(value))))?;
    entry_of(entry, get(entry, "settings").map(Settings::from).unwrap_or_default())
}

fn entry_of(entry: &Map<String, Value>, settings: Settings) -> Result<Entry, CniError> {
    // A misspelt key that was meant to restrict would restrict nothing.
    if let Some(key) = entry.keys().find(|key| !ENTRY_KEYS.iter().any(|known| known.eq_ignore_ascii_case(key))) {
        let unknown = invalid(keys::unknown(key, ENTRY_KEYS));
        return Err(match text(entry, "module")? {
            Some(name) => unknown.context(name),
            None => unknown,
        });
    }
    let module = text(entry, "module")?.ok_or_else(|| invalid("\"module\" is missing"))?;
    let name = match text(entry, "name")? {
        None => module.to_owned(),
        Some(name) if (1..=NAME).contains(&name.len()) && !name.contains(char::is_control) => name.to_owned(),
        Some(_) => {
            let reason = format!("name has to have 1 to {NAME} bytes, and no control characters");
            return Err(invalid(reason).context(module));
        }
    };
    let within = |reason: String| invalid(format!("{name}: {reason}"));
    let run = match text(entry, "run")? {
        None | Some("until-decided") => Run::UntilDecided,
        Some("always") => Run::Always,
        Some("shadow") => Run::Shadow,
        Some(other) => {
            let known = r#"there are "until-decided", "always" and "shadow""#;
            return Err(within(format!("run is {other:?}; {known}")));
        }
    };
    let module = Module::from_config(module, text(entry, "sha256")?)?;
    let mut grants = match get(entry, "grant") {
        None | Some(Value::Null) => module.default_grants(),
        Some(grant) => Grants::from_json(grant),
    }
    .map_err(within)?;
    match text(entry, "imports")? {
        None | Some("granted") => {}
        Some("any") => grants.permit_any_import(),
        Some(other) => return Err(within(format!("imports is {other:?}; there are \"granted\" and \"any\""))),
    }
    let wake = match get(entry, "wake") {
        None | Some(Value::Null) if settings.is_empty() => module.default_wake(),
        None | Some(Value::Null) => None,
        Some(keys) => Some(wake(keys).map_err(within)?),
    };
    Ok(Entry {
        wake,
        limits: Limits::from_json(get(entry, "limits").unwrap_or(&Value::Null)).map_err(within)?,
        module,
        run,
        settings,
        grants,
        name,
    })
}

/// The keys of annotations that wake a selector.
fn wake(value: &Value) -> Result<Vec<String>, String> {
    let wrong = || format!("wake is {}; write a list of annotations such as [\"cni\"]", shown(value));
    let keys = value.as_array().filter(|keys| !keys.is_empty()).ok_or_else(wrong)?;
    let key = |key: &Value| key.as_str().filter(|key| !key.is_empty()).map(ToOwned::to_owned).ok_or_else(wrong);
    keys.iter().map(key).collect()
}

/// The loader of the selectors. In a program without a compiler, it has `genie-host` compile.
pub fn loader(paths: &Paths, program: &'static dyn Program) -> Loader {
    Loader::new(program, &paths.cache_dir, program.compiler().is_none().then(|| program.tool()))
}
