//! Finds the plugin's configuration for commands.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value};

use genie_core::cni::get;
use genie_core::config::{CONF_DIR, OWN_TYPE};
use genie_core::network::Catalogue;

/// Keys that only this plugin has.
const OURS: [&str; 2] = ["selectors", "default_plugin"];

/// A configuration, and doubts about the place where it was found.
pub type Found = (Map<String, Value>, Vec<String>);

/// Reads the configuration in a file.
///
/// # Errors
/// The file cannot be read, or is no configuration of this plugin.
pub fn of_file(file: &Path, own_type: &str) -> Result<Found> {
    let shown = file.display();
    let bytes = fs::read(file).with_context(|| format!("cannot read {shown}"))?;
    let value: Value = serde_json::from_slice(&bytes).with_context(|| format!("{shown} is not JSON"))?;
    let plugins = value["plugins"].as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
    let own = plugins.iter().filter_map(Value::as_object).find(|plugin| is_type(plugin, &[own_type, OWN_TYPE]));
    if let Some(own) = own {
        return Ok((own.clone(), Vec::new()));
    }
    let hint = plugins.iter().filter_map(Value::as_object).find_map(renamed).map(|kind| format!("; {kind}"));
    bail!("{shown} is no configuration of genie: no plugin in it has that type{}", hint.unwrap_or_default())
}

/// Reads our first configuration in a directory, as the runtime finds it. The result is empty when
/// there is none.
///
/// # Errors
/// The directory or our configuration cannot be read, or a directory that was given holds no
/// configuration at all.
pub fn of_dir(given: Option<&Path>, own_type: &str) -> Result<Found> {
    let dir = given.unwrap_or(Path::new(CONF_DIR));
    let files = Catalogue::load(dir, &[own_type, OWN_TYPE])?;
    let mut others = files.networks.iter();
    let is_empty = others.len() + files.own.len() + files.unusable.len() + files.loopback.len() == 0;
    match given {
        Some(dir) if is_empty => bail!("{} holds no network configuration", dir.display()),
        // Without a node there is no configuration.
        None if is_empty => return Ok((Map::new(), Vec::new())),
        _ => {}
    }
    let mut own = files.own.iter();
    if let Some(file) = own.next() {
        let (config, _) = of_file(&dir.join(file), own_type).map_err(|error| anyhow!("{error:#}"))?;
        let notes = own.map(|other| format!("{other} is genie's, too, and not what is asked: {file} comes first"));
        return Ok((config, notes.collect()));
    }
    let hint = others.find_map(|network| {
        let kind = network.list.plugins.iter().find_map(renamed)?;
        Some(format!("; {}: {kind}", network.file))
    });
    let note = format!(
        "{} holds no configuration of genie, so the default chain is asked{}",
        dir.display(),
        hint.unwrap_or_default()
    );
    Ok((Map::new(), vec![note]))
}

/// The advice for a plugin that has our keys and another name.
fn renamed(plugin: &Map<String, Value>) -> Option<String> {
    let kind = get(plugin, "type")?.as_str()?;
    let key = OURS.iter().find(|key| get(plugin, key).is_some())?;
    Some(format!("if {kind:?}, which has the key {key:?}, is this plugin under another name, write --type {kind}"))
}

fn is_type(plugin: &Map<String, Value>, own: &[&str]) -> bool {
    get(plugin, "type").and_then(Value::as_str).is_some_and(|kind| own.contains(&kind))
}
