//! Finds the plugin's configuration that is tried.

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value};

use crate::approve;
use crate::selector::named::{self, Named};
use genie_core::cni::get;
use genie_core::config::{CONF_DIR, OWN_TYPE};
use genie_core::network::Catalogue;
use genie_core::selector::module::Module;

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
    let value = approve::json::read(&bytes).with_context(|| format!("{shown} cannot be read"))?;
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

/// Names every module by its absolute path and its digest, where the configuration does not: as the
/// installation does with a module of the ConfigMap. Paths start in `dir`.
///
/// # Errors
/// A module cannot be read.
pub fn approve_modules(config: &mut Map<String, Value>, dir: &Path) -> Result<()> {
    let mut renamed = Vec::new();
    for entry in config.get_mut("selectors").and_then(Value::as_array_mut).into_iter().flatten() {
        let Some(entry) = entry.as_object_mut() else { continue };
        let Some(written) = get(entry, "module").and_then(Value::as_str).map(ToOwned::to_owned) else { continue };
        if named::is_built_in(&written) {
            continue;
        }
        let found = match named::find_in(dir, &written) {
            // Its digest says which module is meant; whether it is there matters when it is asked.
            Err(_) if get(entry, "sha256").is_some() => continue,
            found => found?,
        };
        let Named { module: Module::File { path, sha256 }, .. } = found else { continue };
        let path = path.display().to_string();
        entry.insert("module".into(), path.as_str().into());
        entry.entry("sha256").or_insert_with(|| sha256.to_string().into());
        renamed.push((written, path));
    }
    let merge = config.get("merge").and_then(Value::as_str);
    if let Some((_, path)) = renamed.into_iter().find(|(written, _)| merge == Some(written)) {
        config.insert("merge".into(), path.into());
    }
    Ok(())
}

fn is_type(plugin: &Map<String, Value>, own: &[&str]) -> bool {
    get(plugin, "type").and_then(Value::as_str).is_some_and(|kind| own.contains(&kind))
}
