//! What a selector may read, and what it may say.
//!
//! The imports of a component limit what it can do: everything beyond `log` must be granted. Its
//! answers are checked against the same grants: without any, a selector can only choose among the
//! installed networks, order them, name their interfaces, and refuse the pod.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::cni::{CniError, code};

mod annotations;
mod arguments;
mod capabilities;
mod cluster;
mod definitions;
mod inline;
mod missing;
mod networks;
mod patch;
mod pattern;
mod plan;
mod result;
#[cfg(test)]
mod tests;
mod words;

use crate::object::ObjectName;
use crate::selector::contract::{Imports, interface};
pub use annotations::NETWORK_STATUS;
pub use cluster::{Cluster, Home};
use definitions::Definitions;
use pattern::Patterns;
pub use plan::is_same;

/// What a configuration entry grants its selector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Grants {
    /// The items as they are written, for messages.
    items: Vec<Value>,
    plain: BTreeSet<Plain>,
    /// The grant `cluster`: which objects may be read.
    pub cluster: Cluster,
    /// The installed networks that may be chosen; none means every one.
    networks: Option<Patterns>,
    /// The NetworkAttachmentDefinitions that may be chosen.
    definitions: Definitions,
    /// The plugin types of inline configurations.
    inline: BTreeSet<String>,
    /// The paths that a merge patch may touch, member by member.
    patch: BTreeSet<Vec<String>>,
    /// Keys of `CNI_ARGS`.
    args: BTreeSet<String>,
    /// Members of `runtimeConfig`.
    capabilities: BTreeSet<String>,
    /// The annotations that may be published.
    annotations: Patterns,
    /// Whether the selector may import what it is not granted.
    #[serde(default)]
    any_import: bool,
}

/// A grant without anything beyond its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Plain {
    /// The import `pod`.
    Pod,
    /// The import `node`.
    Node,
    /// `ips` and `mac` of an attachment.
    Addresses,
    /// `via` and `never` of an attachment's default route.
    DefaultRoute,
    /// A merged result that holds more than the networks answered.
    Result,
}

/// What `grant` may hold, for a message.
const THERE_ARE: &str = r#"there are "pod", "node", "cluster", "addresses", "default-route", "result", and objects: {"networks": ["tenant-*"]}, {"definitions": "own"}, {"inline": ["macvlan"]}, {"patch": ["ipam.subnet"]}, {"args": ["KEY"]}, {"capabilities": ["bandwidth"]}, {"annotations": ["example.org/*"]}, {"cluster": ["v1/Namespace"]}"#;

impl Grants {
    /// Reads a configuration entry's `grant`: a list of names and of objects with one member, as in
    /// docs/configuration.md. Null grants nothing.
    ///
    /// # Errors
    /// The text says what is wrong and what would be right.
    pub fn from_json(value: &Value) -> Result<Self, String> {
        let mut grants = Self::default();
        let list = match value {
            Value::Null => return Ok(grants),
            Value::Array(list) => list,
            other => return Err(format!("grant is {other}, not a list such as [\"pod\"]")),
        };
        for item in list {
            grants.add(item)?;
        }
        Ok(grants)
    }

    /// The least grants that a module with these imports needs. For what it may ask the cluster, when
    /// that is not known: all that a grant can allow without naming a kind.
    pub fn of_imports(imports: &Imports) -> Self {
        let mut grants = Self::default();
        for name in imports.names.iter().filter_map(|import| interface(import)) {
            let is_cluster = name == "cluster";
            if is_cluster && (imports.has_namespace_labels() || imports.of_cluster.is_empty()) {
                _ = grants.add(&of_own_namespace());
            }
            if !is_cluster || imports.has_get() || imports.of_cluster.is_empty() {
                // An import that needs no grant has no grant of its name.
                _ = grants.add(&name.into());
            }
        }
        grants
    }

    fn add(&mut self, item: &Value) -> Result<(), String> {
        self.items.push(item.clone());
        if self.cluster.add(item)? {
            return Ok(());
        }
        let unknown = || format!("grant holds {item}: {THERE_ARE}");
        if item.is_string() {
            self.plain.insert(Plain::deserialize(item).map_err(|_| unknown())?);
            return Ok(());
        }
        let members = item.as_object().filter(|members| members.len() == 1).ok_or_else(unknown)?;
        for (key, value) in members {
            let texts = || texts(key, value);
            match key.as_str() {
                "networks" => self.networks.get_or_insert_default().extend(texts()?),
                "definitions" if value == "own" => self.definitions.add_own(),
                "definitions" => self.definitions.extend(texts()?),
                "inline" => self.inline.extend(texts()?),
                "patch" => self.patch.extend(texts()?.iter().map(|path| patch::members(path))),
                "args" => self.args.extend(arguments::check_keys(texts()?)?),
                "capabilities" => self.capabilities.extend(capabilities::check_names(texts()?)?),
                "annotations" => self.annotations.extend(annotations::check_keys(texts()?)?),
                _ => return Err(unknown()),
            }
        }
        Ok(())
    }

    /// Whether this is granted.
    pub fn has(&self, plain: Plain) -> bool {
        self.plain.contains(&plain)
    }

    /// Lets the selector import what it is not granted (`"imports": "any"`). It grants nothing: a
    /// question to such an import ends the call, as every question is held against the grants.
    pub fn permit_any_import(&mut self) {
        self.any_import = true;
    }

    /// Fails when one of these imports is not granted, unless the selector may import any.
    /// `selector` is the selector's name in the configuration.
    pub fn check_imports(&self, selector: &str, imports: &Imports) -> Result<(), CniError> {
        if self.any_import {
            return Ok(());
        }
        let missing = |import: &String| match interface(import)? {
            "pod" => (!self.has(Plain::Pod)).then(|| json!("pod")),
            "node" => (!self.has(Plain::Node)).then(|| json!("node")),
            // A plain "cluster" would not do for the labels of the pod's namespace.
            "cluster" if imports.has_namespace_labels() => self.cluster.is_empty().then(of_own_namespace),
            "cluster" => self.cluster.is_empty().then(|| json!("cluster")),
            _ => None,
        };
        let missing = imports.names.iter().filter_map(|import| Some((import.as_str(), missing(import)?)));
        let (names, items): (Vec<_>, Vec<_>) = missing.unzip();
        if names.is_empty() {
            return Ok(());
        }
        let message = format!(
            "selector {selector:?} imports {}, which is not granted to it: {}",
            names.join(" and "),
            self.advice(&items)
        );
        Err(CniError::new(code::INVALID_CONFIG, message))
    }

    /// The item that a selector lacks to read the labels of the pod's namespace; none when it may.
    pub fn lacks_own_namespace(&self) -> Option<Value> {
        let home = Home { namespace: "any".into(), ..Home::default() };
        let own = ObjectName::new("v1", "Namespace", None, &home.namespace).ok()?;
        self.cluster.lacks(&own, &home)
    }

    /// Whether the selector may import what it is not granted.
    pub fn permits_any_import(&self) -> bool {
        self.any_import
    }

    /// Checks that this object may be read.
    ///
    /// # Errors
    /// It may not. The text says what would grant it.
    pub fn permit_object(&self, object: &ObjectName, home: &Home) -> Result<(), String> {
        let Some(item) = self.cluster.lacks(object, home) else { return Ok(()) };
        let of = object.api_version();
        Err(format!("asked for {object} of {of}, which is not granted to it: {}", self.advice(&[item])))
    }

    /// The advice to an operator who wants to grant these items, too. It has the whole `grant`: what an
    /// entry writes replaces what it had.
    pub fn advice(&self, missing: &[Value]) -> String {
        let all: Vec<_> = self.items.iter().chain(missing).map(ToString::to_string).collect();
        format!("if it may have that, write \"grant\": [{}] in its entry of the configuration", all.join(", "))
    }
}

/// The grant of the pod's own namespace.
fn of_own_namespace() -> Value {
    json!({"cluster": ["v1/Namespace"]})
}

/// The texts of a grant's list.
fn texts(key: &str, value: &Value) -> Result<Vec<String>, String> {
    let wrong = || format!("grant holds {{\"{key}\": {value}}}: write a list of texts that are not empty");
    let list = value.as_array().filter(|list| !list.is_empty()).ok_or_else(wrong)?;
    list.iter().map(|text| text.as_str().filter(|text| !text.is_empty()).map(String::from).ok_or_else(wrong)).collect()
}
