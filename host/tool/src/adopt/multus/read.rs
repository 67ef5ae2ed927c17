//! Reads Multus' file, and its daemon's configuration.

use anyhow::{Context as _, Result, anyhow, bail};
use serde_json::{Map, Value};

use super::TYPES;
use genie_core::cni::get;

/// Multus' file in the conf dir.
#[derive(Debug, Default)]
pub struct File {
    /// Multus' own object, with the name and version of its list.
    pub members: Map<String, Value>,
    /// The other plugins of its list, by their places there.
    pub beside: Vec<(usize, Value)>,
}

/// Keys that only Multus has, whatever its program is called.
const OWN: [&str; 2] = ["clusterNetwork", "delegates"];

impl File {
    /// Reads the file's content: one plugin, or a list in which Multus is one.
    ///
    /// # Errors
    /// It is no JSON, or nothing in it is Multus.
    pub fn parse(text: &str) -> Result<Self> {
        let mut list = object(text)?;
        let Some(plugins) = list.remove("plugins") else {
            let file = Self { members: list, beside: Vec::new() };
            return if is_multus(&file.members) { Ok(file) } else { Err(not_multus()) };
        };
        let Value::Array(plugins) = plugins else { bail!("its \"plugins\" is no list") };
        let mut file = Self::default();
        for (index, plugin) in plugins.into_iter().enumerate() {
            match plugin {
                Value::Object(members) if file.members.is_empty() && is_multus(&members) => file.members = members,
                plugin => file.beside.push((index, plugin)),
            }
        }
        if file.members.is_empty() {
            return Err(not_multus());
        }
        // What the list says goes before what its plugin says, as libcni has it.
        for (key, value) in list {
            file.members.retain(|name, _| !name.eq_ignore_ascii_case(&key));
            file.members.insert(key, value);
        }
        Ok(file)
    }
}

fn not_multus() -> anyhow::Error {
    anyhow!("it is no configuration of Multus: no plugin in it is of the type {}", TYPES.join(" or "))
}

fn is_multus(plugin: &Map<String, Value>) -> bool {
    let kind = get(plugin, "type").and_then(Value::as_str).unwrap_or_default();
    TYPES.contains(&kind) || OWN.iter().any(|key| get(plugin, key).is_some())
}

/// Reads the daemon's configuration.
///
/// # Errors
/// It is no JSON object.
pub fn daemon(text: &str) -> Result<Map<String, Value>> {
    object(text)
}

fn object(text: &str) -> Result<Map<String, Value>> {
    // The decoder's message holds nothing of the text but its place.
    let value: Value = serde_json::from_str(text).context("it is not JSON")?;
    match value {
        Value::Object(object) => Ok(object),
        _ => bail!("it is not a JSON object"),
    }
}
