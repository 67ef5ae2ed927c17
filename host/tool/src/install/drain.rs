//! The drain list. It stands in for our configuration while pods that we attached still run: it is
//! the node's own first network, with our plugin behind it.
//!
//! New pods get that network and nothing of us. For an old pod, the runtime's DEL goes through the
//! list in reverse: our plugin is called first and undoes what it did, and the network's plugins
//! then find nothing of theirs. (An attachment's record does not depend on the list under which it
//! was made.) When the last record is gone, the rest of the installation is removed.
//!
//! CRI-O keeps the list of an ADD for its DEL. So it calls our plugin for such pods even after we
//! are gone; it then drops what it keeps and goes on.

use std::path::PathBuf;

use anyhow::{Context as _, Result};
use serde_json::{Map, Value, json};

use super::Layout;
use super::file;
use super::manifest::Manifest;
use super::net_d;
use genie_core::cni::get;
use genie_core::config::OWN_TYPE;
use genie_core::record::Store;

/// Whether anything is left that only our plugin can undo.
///
/// # Errors
/// The records cannot be read.
pub fn is_needed(layout: &Layout) -> Result<bool> {
    let dir = layout.on_host(&layout.state_dir);
    if !dir.exists() {
        return Ok(false);
    }
    Store::read_only(&dir).and_then(|store| store.has_attachments()).map_err(super::errors::said)
}

/// Replaces our configuration by the drain list. At any time one of the two is there.
///
/// # Errors
/// A file cannot be read, written or removed.
pub fn start(layout: &Layout, manifest: &mut Manifest) -> Result<()> {
    let own = own_config(layout)?;
    let text = serde_json::to_string_pretty(&list(layout, &own)?).context("the drain list")? + "\n";
    net_d::publish(layout, &layout.drain_list(), &text, manifest)?;
    manifest.remove(layout, &layout.conf()).map(|_| ())
}

/// The configuration that is being replaced, or our part of a drain list that an earlier start
/// made.
fn own_config(layout: &Layout) -> Result<Map<String, Value>> {
    let read = |path: PathBuf| file::read(&layout.on_host(&path)).map(Option::unwrap_or_default);
    if let Ok(conf) = serde_json::from_slice(&read(layout.conf())?) {
        return Ok(conf);
    }
    let list: Value = serde_json::from_slice(&read(layout.drain_list())?).unwrap_or_default();
    let us = list["plugins"].as_array().and_then(|plugins| plugins.last()?.as_object());
    Ok(us.cloned().unwrap_or_default())
}

/// The node's first network, with our plugin behind it. If there is no other network, our plugin is
/// alone and refuses every new pod, as a node without a network does.
fn list(layout: &Layout, own: &Map<String, Value>) -> Result<Value> {
    let networks = net_d::networks(layout)?.networks;
    let mut list = match networks.first() {
        Some(network) => network.list.to_value(),
        None => json!({
            "cniVersion": get(own, "cniVersion").cloned().unwrap_or(json!("1.0.0")),
            "name": get(own, "name").cloned().unwrap_or(json!("genie")),
            "plugins": [],
        }),
    };
    let mut plugin = json!({
        "type": OWN_TYPE, "drain": true,
        "conf_dir": layout.conf_dir, "state_dir": layout.state_dir, "cache_dir": layout.cache_dir,
    });
    for key in ["bin_dirs", "timeout", "log_level"] {
        if let Some(value) = get(own, key) {
            plugin[key] = value.clone();
        }
    }
    if let Some(plugins) = list["plugins"].as_array_mut() {
        plugins.push(plugin);
    }
    // The plugins of the network's own directory are in the list already.
    list["loadOnlyInlinedPlugins"] = true.into();
    Ok(list)
}
