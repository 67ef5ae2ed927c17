//! Network configurations: what a `.conflist` or `.conf` file holds, and what each of its plugins
//! gets on stdin (specification, sections 1 and 3).

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::Verb;
use super::Version;
use super::fields::object;
use super::get;

mod parse;

/// A network: plugins that are called one after another.
///
/// A configuration of a single plugin is a list with one entry.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NetworkList {
    /// The network's name, a valid identifier.
    pub name: String,
    /// The version that every plugin is called with.
    pub cni_version: Version,
    /// CHECK must not be called.
    pub disable_check: bool,
    /// GC must not be called.
    pub disable_gc: bool,
    /// Plugins from the directory named like the network are not added. The loader of the file sees
    /// to that.
    pub load_only_inlined_plugins: bool,
    /// Each plugin's object as it was written, in the order of ADD. When the list is empty, the
    /// plugins are in the directory named like the network.
    pub plugins: Vec<Map<String, Value>>,
}

impl NetworkList {
    /// The list as one JSON object, which [`NetworkList::parse_list`] reads back to the
    /// same list.
    pub fn to_value(&self) -> Value {
        let mut list = Map::new();
        list.insert("cniVersion".into(), self.cni_version.as_str().into());
        list.insert("name".into(), self.name.as_str().into());
        let flags = [
            ("disableCheck", self.disable_check),
            ("disableGC", self.disable_gc),
            ("loadOnlyInlinedPlugins", self.load_only_inlined_plugins),
        ];
        for (key, _) in flags.into_iter().filter(|(_, set)| *set) {
            list.insert(key.into(), true.into());
        }
        if !self.plugins.is_empty() {
            list.insert("plugins".into(), self.plugins.clone().into());
        }
        Value::Object(list)
    }

    /// The plugins' types in order, which are the names of the programs to call.
    pub fn types(&self) -> Vec<&str> {
        let kind = |plugin| get(plugin, "type").and_then(Value::as_str).unwrap_or_default();
        self.plugins.iter().map(kind).collect()
    }

    /// The capabilities that at least one plugin declares.
    pub fn capabilities(&self) -> BTreeSet<String> {
        self.plugins.iter().flat_map(declared).map(String::from).collect()
    }

    /// What the plugin at `index` gets on stdin: its object with the list's name and version and,
    /// when `verb` is about an attachment, with
    ///
    /// - `runtimeConfig`: those values of `runtime_config` whose capability this plugin declares;
    ///   left out when there are none,
    /// - `prevResult`: `prev_result`, when there is one. The caller chooses it and its version.
    ///
    /// Keys that only a runtime may set are removed from the file's object: these two, and all that
    /// start with `cni.dev/`. Every other key stays unchanged, `capabilities` too, since libcni
    /// passes it on. For GC, the caller adds the attachments. An `index` past the end gives a
    /// configuration without a type.
    pub fn plugin_config(
        &self,
        index: usize,
        runtime_config: &Map<String, Value>,
        prev_result: Option<&Value>,
        verb: Verb,
    ) -> Value {
        let plugin = self.plugins.get(index);
        let mut config = plugin.cloned().unwrap_or_default();
        config.retain(|key, _| !is_runtime_key(key));
        config.insert("name".into(), self.name.as_str().into());
        config.insert("cniVersion".into(), self.cni_version.as_str().into());
        if verb.is_attachment() {
            let wanted: Map<_, _> = plugin
                .into_iter()
                .flat_map(declared)
                .filter_map(|name| Some((name.to_owned(), runtime_config.get(name)?.clone())))
                .collect();
            if !wanted.is_empty() {
                config.insert("runtimeConfig".into(), wanted.into());
            }
            if let Some(previous) = prev_result {
                config.insert("prevResult".into(), previous.clone());
            }
        }
        Value::Object(config)
    }
}

/// The capabilities that a plugin declares as `true`.
fn declared(plugin: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let capabilities = object(plugin, "capabilities").ok().flatten();
    capabilities.into_iter().flatten().filter(|(_, set)| **set == Value::Bool(true)).map(|(name, _)| name.as_str())
}

/// Whether only a runtime may set the key. Plugins match keys without regard to case, so this does
/// too.
fn is_runtime_key(key: &str) -> bool {
    let is_reserved = |prefix: &str| key.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix));
    key.eq_ignore_ascii_case("runtimeConfig") || key.eq_ignore_ascii_case("prevResult") || is_reserved("cni.dev/")
}

#[cfg(test)]
mod tests;
