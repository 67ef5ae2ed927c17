//! Definitions that pods get unasked, and those that they may ask for.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::account::Fate;
use super::ours::Ours;
use super::paths::{file_name, of_host};
use super::{Given, Multus, THIN, is_empty};

/// Where Multus looks for definitions that are named without a namespace.
pub(super) const NAMESPACE: &str = "kube-system";
/// The namespace whose definitions every pod may have, unless `globalNamespaces` says otherwise.
const GLOBAL: &str = "default";

/// The namespace of definitions that the configuration names.
pub(super) fn namespace(given: &Given<'_>) -> String {
    given.text("multusNamespace").unwrap_or(NAMESPACE).to_owned()
}

fn names(value: &Value) -> Option<Vec<&str>> {
    value.as_array()?.iter().map(Value::as_str).collect()
}

/// The keys that say something of definitions.
const OF_DEFINITIONS: [&str; 6] =
    ["kubeconfig", "defaultNetworks", "systemNamespaces", "multusNamespace", "namespaceIsolation", "globalNamespaces"];

/// Whether Multus reaches no API server, and nobody wants it to: its thin plugin, of which nothing else
/// than its file is known.
pub(super) fn is_without_cluster(given: &Given<'_>) -> bool {
    let Multus { daemon, flags, .. } = given.multus;
    let is_alone = given.text("type") == Some(THIN) && daemon.is_empty() && flags.is_empty();
    is_alone && OF_DEFINITIONS.iter().all(|key| given.get(key).is_none())
}

/// `kubeconfig`.
pub(super) fn kubeconfig(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    if !is_empty(value) || !is_without_cluster(given) {
        return Fate::not_needed("the agent writes one of its own, and keeps its token fresh");
    }
    ours.reads_definitions = false;
    Fate::translated(
        "no entry network-attachment: without a kubeconfig Multus attaches no definition; import the file that the \
         nodes have, if pods shall get theirs",
    )
}

/// `defaultNetworks`: definitions, and networks of the conf dir by their names or paths.
pub(super) fn default_networks(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(names) = names(value) else { return Fate::wrong("a list of texts") };
    if names.is_empty() {
        return Fate::not_needed("it is empty");
    }
    let (mut networks, mut lost) = (Vec::new(), Vec::new());
    for written in names {
        let path = of_host(written, given);
        match file_name(&path).filter(|_| path.parent() == Some(&ours.conf_dir)) {
            Some(file) => networks.push(file),
            None if written.starts_with('/') => lost.push(path.display().to_string()),
            None => networks.push(written.to_owned()),
        }
    }
    if !networks.is_empty() {
        ours.settings.insert("defaultNetworks".into(), json!(networks));
    }
    if lost.is_empty() {
        return Fate::translated(
            "\"defaultNetworks\" of network-attachment: each a network of conf_dir, else a NetworkAttachmentDefinition",
        );
    }
    Fate::cannot(format!(
        "{}: no file of {}; copy the network there, and name its file",
        lost.join(", "),
        ours.conf_dir.display()
    ))
}

/// `systemNamespaces`.
pub(super) fn system_namespaces(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(names) = names(value) else { return Fate::wrong("a list of texts") };
    if given.get("defaultNetworks").is_none() {
        return Fate::not_needed("without defaultNetworks it excepts nobody from anything");
    }
    ours.settings.insert("systemNamespaces".into(), json!(names));
    Fate::same("\"systemNamespaces\" of network-attachment")
}

/// `multusNamespace`.
pub(super) fn multus_namespace(value: &Value, _: &Given<'_>, ours: &mut Ours) -> Fate {
    match value.as_str() {
        None => Fate::wrong("a text"),
        Some("") => Fate::not_needed("it is empty"),
        Some(namespace) => {
            ours.settings.insert("namespace".into(), json!(namespace));
            Fate::translated("\"namespace\" of network-attachment")
        }
    }
}

/// `namespaceIsolation`: what the entry of `network-attachment` is granted.
pub(super) fn isolation(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(isolated) = value.as_bool() else { return Fate::wrong("true or false") };
    if !isolated {
        ours.definitions = vec![json!({"definitions": ["*"]})];
        return Fate::translated(
            "grant {\"definitions\": [\"*\"]}: pods may have the definitions of every namespace. {\"definitions\": \
             \"own\"} isolates them",
        );
    }
    let mut shared = global(given);
    let needed = needed(given);
    let added: Vec<_> = needed.into_iter().filter(|namespace| !shared.contains(namespace)).collect();
    shared.extend(added.iter().cloned());
    ours.definitions = vec![json!({"definitions": "own"})];
    if !shared.is_empty() {
        ours.definitions.push(json!({"definitions": shared}));
    }
    let grant = Value::from(ours.definitions.clone());
    Fate::translated(match &*added.join(", ") {
        "" => format!("grant {grant}"),
        added => format!(
            "grant {grant}; {added} for defaultNetworks, so pods may ask for its others, too: give defaultNetworks a \
             namespace of their own"
        ),
    })
}

/// The namespaces of the definitions that pods get unasked. The grant is one for all ways of naming
/// a definition.
fn needed(given: &Given<'_>) -> BTreeSet<String> {
    let own = namespace(given);
    let is_installed = |name: &str| {
        given.node.networks.as_ref().is_some_and(|networks| networks.networks.iter().any(|n| n.list.name == name))
    };
    let written = given.get("defaultNetworks").and_then(names).unwrap_or_default();
    let definitions = written.into_iter().filter(|name| !name.starts_with('/') && !is_installed(name));
    definitions.map(|name| name.split_once('/').map_or(&*own, |(namespace, _)| namespace).to_owned()).collect()
}

/// The namespaces whose definitions every pod may have.
fn global(given: &Given<'_>) -> Vec<String> {
    let listed = given.text("globalNamespaces").unwrap_or(GLOBAL);
    listed.split(',').map(str::trim).filter(|name| !name.is_empty()).map(ToOwned::to_owned).collect()
}

/// `globalNamespaces`.
pub(super) fn global_namespaces(value: &Value, given: &Given<'_>, _: &mut Ours) -> Fate {
    let Some(written) = value.as_str() else { return Fate::wrong("a text") };
    match written {
        "" => Fate::not_needed("it is empty"),
        _ if !given.flag("namespaceIsolation") => Fate::not_needed("without namespaceIsolation it excepts nobody"),
        _ => Fate::translated(format!("grant {}", json!({"definitions": global(given)}))),
    }
}
