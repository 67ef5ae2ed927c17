//! Refuses networks that lead back to this plugin.

use serde_json::{Map, Value};

use crate::cni::{CniError, NetworkList, code, get};

/// Refuses a list that runs this plugin, by a plugin's `type` or by the `type` of a
/// `delegate` inside it (as flannel's has), at any depth.
///
/// `own_types` are the names that this plugin is installed under.
///
/// [`code::INVALID_CONFIG`]; the message names the network and the type.
pub fn refuse_self(list: &NetworkList, own_types: &[&str]) -> Result<(), CniError> {
    match list.plugins.iter().find_map(|plugin| own_type(plugin, own_types)) {
        None => Ok(()),
        Some(own) => Err(CniError::new(
            code::INVALID_CONFIG,
            format!(
                "network {:?} refers to itself: its plugin type {own:?} is the plugin that chooses networks; \
                 name a network that it can choose instead",
                list.name
            ),
        )),
    }
}

fn own_type<'a>(plugin: &'a Map<String, Value>, own_types: &[&str]) -> Option<&'a str> {
    let mut next = Some(plugin);
    while let Some(object) = next {
        let name = get(object, "type").and_then(Value::as_str);
        if let Some(name) = name.filter(|name| own_types.contains(name)) {
            return Some(name);
        }
        next = get(object, "delegate").and_then(Value::as_object);
    }
    None
}
