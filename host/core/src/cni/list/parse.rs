//! Reads a network's configuration by libcni's rules, and two of our own:
//!
//! - The name is checked here, not only when it is used, since it becomes part of paths.
//! - A missing or empty `cniVersion` means 0.3.0 (CNI-Genie's rule, which its users' files rely
//!   on). A version that is not supported is an error here, and not only in each plugin.

use std::fmt::Display;

use serde_json::{Map, Value};

use super::NetworkList;
use crate::cni::fields::{describe, given, object, objects, text, wrong};
use crate::cni::result::decode_dns;
use crate::cni::{CniError, Version, code, get, names};

impl NetworkList {
    /// Reads a list of plugins, the content of a `.conflist` file.
    ///
    /// The list's own keys are matched exactly, those of its plugins without regard to case. A list
    /// without `plugins` is accepted: the plugins may be in a directory.
    ///
    /// # Errors
    /// [`code::DECODE`] when the content is not one JSON object, [`code::INCOMPATIBLE_VERSION`]
    /// when its version is not supported, [`code::INVALID_CONFIG`] for anything else. The message
    /// does not name the file.
    pub fn parse_list(bytes: &[u8]) -> Result<Self, CniError> {
        let list = serde_json::from_slice(bytes).map_err(|error| not_json(LIST, error))?;
        read_list(list)
    }

    /// Reads the configuration of one plugin, the content of a `.conf` or `.json` file, and makes a
    /// list of it.
    ///
    /// # Errors
    /// As [`NetworkList::parse_list`].
    pub fn parse_conf(bytes: &[u8]) -> Result<Self, CniError> {
        let conf = serde_json::from_slice(bytes).map_err(|error| not_json(CONF, error))?;
        read_conf(conf)
    }

    /// Reads the content of a file: a list if `is_list` (the file's name says so), else one plugin.
    /// If the content plainly is of the other kind, it is read as that. The returned flag says
    /// whether the content was as the name says. What libcni would read by the file's name is read
    /// by its name.
    ///
    /// # Errors
    /// As [`NetworkList::parse_list`].
    pub fn parse_file(bytes: &[u8], is_list: bool) -> Result<(Self, bool), CniError> {
        let what = if is_list { LIST } else { CONF };
        let value: Value = serde_json::from_slice(bytes).map_err(|error| not_json(what, error))?;
        let has_type = value.as_object().is_some_and(|map| given(map, "type").is_some());
        let is_other =
            if is_list { has_type && value.get("plugins").is_none() } else { !has_type && value["plugins"].is_array() };
        let read = if is_list == is_other { read_conf(value) } else { read_list(value) };
        read.map(|list| (list, !is_other))
    }

    /// Reads a list or one plugin from a parsed JSON value. The value is a list when it has the key
    /// `plugins`. Nothing is added from a directory, so a list must have plugins.
    ///
    /// # Errors
    /// As [`NetworkList::parse_list`].
    pub fn from_value(value: &Value) -> Result<Self, CniError> {
        match value {
            Value::Object(map) if map.contains_key("plugins") => read_list(value.clone()),
            _ => read_conf(value.clone()),
        }
    }
}

/// How messages start, as people know them from libcni.
const LIST: &str = "error parsing configuration list";
const CONF: &str = "error parsing configuration";

fn not_json(what: &str, error: impl Display) -> CniError {
    CniError::new(code::DECODE, format!("{what}: {error}"))
}

fn invalid(what: &str, message: impl Display) -> CniError {
    CniError::new(code::INVALID_CONFIG, format!("{what}: {message}"))
}

fn as_object(what: &str, value: Value) -> Result<Map<String, Value>, CniError> {
    match value {
        Value::Object(object) => Ok(object),
        // Go decodes null into anything, leaving it empty.
        Value::Null => Ok(Map::new()),
        other => Err(not_json(what, wrong("configuration", "an object", &other))),
    }
}

fn read_conf(conf: Value) -> Result<NetworkList, CniError> {
    let plugin = as_object(CONF, conf)?;
    check_plugin(&plugin).map_err(|message| invalid(CONF, message))?;
    let field = |key| text(&plugin, key).map_err(|message| invalid(CONF, message));
    let name = field("name")?;
    names::check_network(&name).map_err(|error| error.context(CONF))?;
    Ok(NetworkList {
        name,
        cni_version: supported(CONF, &field("cniVersion")?)?,
        disable_check: false,
        disable_gc: false,
        load_only_inlined_plugins: false,
        plugins: vec![plugin],
    })
}

fn read_list(list: Value) -> Result<NetworkList, CniError> {
    let list = as_object(LIST, list)?;
    let fail = |message: String| invalid(LIST, message);
    let name = match list.get("name") {
        None => return Err(fail("no name".into())),
        Some(Value::String(name)) => name.clone(),
        Some(other) => return Err(fail(wrong("invalid name type", "a string", other))),
    };
    names::check_network(&name).map_err(|error| error.context(LIST))?;
    let cni_version = supported(LIST, &selected_version(&list).map_err(fail)?)?;
    let disable_check = flag(&list, "disableCheck").map_err(fail)?;
    let disable_gc = flag(&list, "disableGC").map_err(fail)?;
    let load_only_inlined_plugins = flag(&list, "loadOnlyInlinedPlugins").map_err(fail)?;
    let plugins = match list.get("plugins") {
        None if load_only_inlined_plugins => {
            return Err(fail("`loadOnlyInlinedPlugins` is true, and no 'plugins' key".into()));
        }
        None => Vec::new(),
        Some(Value::Array(plugins)) if plugins.is_empty() => {
            return Err(fail("no plugins in list".into()));
        }
        Some(Value::Array(plugins)) => read_plugins(plugins).map_err(fail)?,
        Some(other) => return Err(fail(wrong("invalid 'plugins' type", "a list", other))),
    };
    Ok(NetworkList { name, cni_version, disable_check, disable_gc, load_only_inlined_plugins, plugins })
}

fn read_plugins(plugins: &[Value]) -> Result<Vec<Map<String, Value>>, String> {
    plugins
        .iter()
        .enumerate()
        .map(|(index, plugin)| {
            let place = format!("plugins[{index}]");
            let plugin = plugin.as_object().ok_or_else(|| wrong(&place, "an object", plugin))?;
            check_plugin(plugin).map_err(|message| format!("{place}: {message}"))?;
            Ok(plugin.clone())
        })
        .collect()
}

/// The version that libcni chooses, as it was written: the highest that it knows of `cniVersions`
/// and `cniVersion`. Without `cniVersions` it is `cniVersion`, whatever that is.
fn selected_version(list: &Map<String, Value>) -> Result<String, String> {
    let single = match list.get("cniVersion") {
        None => "",
        Some(Value::String(version)) => version,
        Some(other) => return Err(wrong("invalid cniVersion type", "a string", other)),
    };
    let several = match list.get("cniVersions") {
        None => return Ok(single.into()),
        Some(Value::Array(versions)) => versions,
        Some(other) => return Err(wrong("invalid type for cniVersions", "a list", other)),
    };
    let mut candidates = Vec::with_capacity(several.len() + 1);
    for (index, version) in several.iter().enumerate() {
        let place = format!("invalid type for cniVersions index {index}");
        let version = version.as_str().ok_or_else(|| wrong(&place, "a string", version))?;
        candidates.push((version, format!("invalid cniVersions entry {version:?} at index {index}")));
    }
    if !single.is_empty() {
        candidates.push((single, format!("invalid cniVersion {single:?}")));
    }
    let mut best = None;
    for (written, complaint) in candidates {
        let numbers = Version::numbers(written).ok_or(complaint)?;
        let is_known = numbers <= Version::CURRENT.as_numbers();
        if is_known && best.is_none_or(|(highest, _)| numbers > highest) {
            best = Some((numbers, written));
        }
    }
    Ok(best.map_or(single, |(_, written)| written).into())
}

fn supported(what: &str, written: &str) -> Result<Version, CniError> {
    if written.is_empty() {
        return Ok(Version::V0_3_0);
    }
    Version::parse(written).ok_or_else(|| {
        CniError::new(
            code::INCOMPATIBLE_VERSION,
            format!(
                "{what}: unsupported cniVersion {written:?}, supported are {}",
                Version::ALL.map(Version::as_str).join(", ")
            ),
        )
    })
}

/// A switch. The texts `true` and `false`, in any case, are accepted, too.
fn flag(list: &Map<String, Value>, key: &str) -> Result<bool, String> {
    match list.get(key) {
        None => Ok(false),
        Some(Value::Bool(set)) => Ok(*set),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("true") => Ok(true),
        Some(Value::String(text)) if text.eq_ignore_ascii_case("false") => Ok(false),
        Some(text @ Value::String(_)) => {
            Err(format!("invalid value {} for {key}: write true or false", describe(text)))
        }
        Some(other) => Err(wrong(&format!("invalid type for {key}"), "true or false", other)),
    }
}

/// Checks the fields of a plugin's object that libcni decodes.
fn check_plugin(plugin: &Map<String, Value>) -> Result<(), String> {
    text(plugin, "cniVersion")?;
    text(plugin, "name")?;
    let kind = text(plugin, "type")?;
    for (name, value) in object(plugin, "capabilities")?.into_iter().flatten() {
        if !matches!(value, Value::Bool(_) | Value::Null) {
            return Err(wrong(&format!("capabilities.{name}"), "true or false", value));
        }
    }
    if let Some(ipam) = object(plugin, "ipam")? {
        text(ipam, "type").map_err(|message| format!("ipam.{message}"))?;
    }
    decode_dns(plugin)?;
    object(plugin, "prevResult")?;
    if given(plugin, ATTACHMENTS).is_some() {
        objects(plugin, ATTACHMENTS, |entry| {
            text(entry, "containerID")?;
            text(entry, "ifname")
        })?;
    }
    if kind.is_empty() {
        return Err("missing 'type'".into());
    }
    if kind.contains('/') {
        let kind = get(plugin, "type").map(describe).unwrap_or_default();
        return Err(format!("invalid plugin name: {kind}, a type is a file name without '/'"));
    }
    Ok(())
}

const ATTACHMENTS: &str = "cni.dev/valid-attachments";
