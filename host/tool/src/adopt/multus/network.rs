//! The default network, and what else every pod gets.

use std::path::Path;

use serde_json::{Value, json};

use super::account::Fate;
use super::ours::{NetworkFile, Ours};
use super::paths::{file_name, of_host};
use super::{Given, definitions};
use genie_core::cni::NetworkList;
use genie_core::network::{Catalogue, Installed};

/// Where the files of networks begin that stood inside of Multus' configuration: behind ours and behind
/// those of networks' installers, so that no runtime takes one for the node's first.
const FIRST_FILE: usize = 80;

/// `clusterNetwork`: a definition, a network by its name, a directory, or a file.
pub(super) fn cluster_network(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    match value.as_str() {
        Some(name) if name.starts_with('/') => at_path(&of_host(name, given), given, ours),
        Some(name) if !name.is_empty() => by_name(name, given, ours),
        None if !value.is_null() => Fate::wrong("a text"),
        _ if given.get("delegates").is_some() => Fate::not_needed("delegates say it"),
        _ if given.get("multusMasterCNI").is_some() => Fate::not_needed("multusMasterCNI says it"),
        _ => first(given, ours),
    }
}

/// The first network of the conf dir, by its name: the first one may be another some day.
fn first(given: &Given<'_>, ours: &mut Ours) -> Fate {
    match given.node.networks.as_ref().map(|networks| networks.networks.first()) {
        Some(Some(network)) => {
            let file = network.file.clone();
            ours.networks = vec![file.clone()];
            Fate::translated(format!("default network {file:?}, which is the first one"))
        }
        Some(None) => Fate::cannot("the directory of --networks has no network"),
        None => Fate::cannot(
            "which network is the first one is for the node to say, and Multus' own file must not be it: give \
             --networks DIR, the node's conf dir or a copy",
        ),
    }
}

fn at_path(path: &Path, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(file) = file_name(path) else {
        return if path == ours.conf_dir { first(given, ours) } else { elsewhere(path, ours) };
    };
    ours.networks = vec![file.clone()];
    if path.parent() != Some(&ours.conf_dir) {
        return elsewhere(path, ours);
    }
    match &given.node.networks {
        Some(networks) if networks.find(&file).is_none() => {
            Fate::cannot(format!("default network {file:?}; the directory of --networks has no such network"))
        }
        _ => Fate::translated(format!("default network {file:?}")),
    }
}

fn elsewhere(path: &Path, ours: &Ours) -> Fate {
    let (path, dir) = (path.display(), ours.conf_dir.display());
    Fate::cannot(format!(
        "genie-host reads {dir} alone: have the installer of {path} write there, or copy the file; behind \
         00-genie.conf no runtime takes it"
    ))
}

fn by_name(name: &str, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let namespace = definitions::namespace(given);
    if let Some(config) = given.multus.manifest.definition(&namespace, name) {
        let what = format!("the NetworkAttachmentDefinition {namespace}/{name}");
        let Ok(value) = serde_json::from_str::<Value>(config) else {
            return Fate::cannot(format!("the configuration of {what} is not JSON"));
        };
        return match become_file(0, named(value, name), given, ours) {
            Ok((network, how)) => {
                ours.networks = vec![network];
                Fate::translated(format!("{what} {how}"))
            }
            Err(why) => Fate::cannot(format!("{what}: {why}")),
        };
    }
    // Multus looks for a definition first.
    let unless = format!(
        "If there is a NetworkAttachmentDefinition {namespace}/{name}, Multus takes that: give --manifest with it, and \
         it becomes a file"
    );
    let Some(networks) = &given.node.networks else {
        ours.networks = vec![name.to_owned()];
        return Fate::translated(format!("default network {name:?}, a network of the conf dir. {unless}"));
    };
    if let Some(Installed { file, .. }) = networks.networks.iter().find(|network| network.list.name == name) {
        ours.networks = vec![file.clone()];
        return Fate::translated(format!("default network {file:?}, which has that name. {unless}"));
    }
    ours.networks = vec![name.to_owned()];
    Fate::cannot(format!("the directory of --networks has no network of that name. {unless}"))
}

/// `delegates`: configurations that stand inside of Multus'. The first is the default network, and
/// every pod gets all of them.
pub(super) fn delegates(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(delegates) = value.as_array() else { return Fate::wrong("a list of objects") };
    if delegates.is_empty() {
        return Fate::not_needed("it is empty");
    }
    if given.get("clusterNetwork").is_some() {
        return Fate::not_needed("clusterNetwork goes before it");
    }
    let (mut told, mut failed) = (Vec::new(), false);
    for (index, delegate) in delegates.iter().enumerate() {
        match become_network(index, delegate, given, ours) {
            Ok((network, how)) => {
                let network = if index == 0 { network } else { format!("{network}@net{index}") };
                ours.networks.push(network);
                told.push(format!("delegates[{index}] {how}"));
            }
            Err(why) => {
                failed = true;
                told.push(format!("delegates[{index}]: {why}"));
            }
        }
    }
    let told = told.join("; ");
    if failed { Fate::cannot(told) } else { Fate::translated(told) }
}

/// The network that a delegate is, and how it became that.
fn become_network(
    index: usize,
    delegate: &Value,
    given: &Given<'_>,
    ours: &mut Ours,
) -> Result<(String, String), String> {
    let kind = NetworkList::from_value(&named(delegate.clone(), "")).map(|list| list.types().join("-"));
    let delegate = named(delegate.clone(), &kind.unwrap_or_default());
    let list = NetworkList::from_value(&delegate).map_err(|error| error.msg)?;
    if let Some(Installed { file, .. }) = given.node.networks.as_ref().and_then(|networks| installed(networks, &list)) {
        return Ok((file.clone(), format!("is the network of {file}")));
    }
    if index == 0 && is_made(given) {
        // `thin_entrypoint` has copied it from the node's own network.
        let network = given.text("multusMasterCNI").unwrap_or(&list.name).to_owned();
        let how = format!("is a copy of the node's network {network:?}, and becomes that one");
        return Ok((network, how));
    }
    become_file(index, delegate, given, ours)
}

/// Makes a file of the conf dir of a configuration.
fn become_file(index: usize, content: Value, given: &Given<'_>, ours: &mut Ours) -> Result<(String, String), String> {
    let list = NetworkList::from_value(&content).map_err(|error| error.msg)?;
    let ending = if content.get("plugins").is_some() { "conflist" } else { "conf" };
    let file = format!("{}-{}.{ending}", FIRST_FILE + index, list.name);
    let dir = ours.conf_dir.display().to_string();
    ours.files.push(NetworkFile { file: file.clone(), network: list.name, content });
    if !given.node.takes_files {
        return Err(format!("it has to be a file of each node's {dir}: --write DIR writes it ({file})"));
    }
    Ok((file.clone(), format!("is the file {file}; put it into {dir} of each node")))
}

/// The network of the conf dir that is this one.
fn installed<'a>(networks: &'a Catalogue, list: &NetworkList) -> Option<&'a Installed> {
    networks.networks.iter().find(|network| network.list.name == list.name && network.list.types() == list.types())
}

/// Whether Multus' file is made of the flags, and so of the node's first network.
fn is_made(given: &Given<'_>) -> bool {
    !given.multus.flags.is_empty() && given.text("multusConfigFile").is_none_or(|file| file == "auto")
}

/// The configuration with a name.
fn named(mut value: Value, name: &str) -> Value {
    let has_name = value["name"].as_str().is_some_and(|name| !name.is_empty());
    if let Value::Object(members) = &mut value
        && !has_name
    {
        members.insert("name".into(), json!(if name.is_empty() { "unnamed" } else { name }));
    }
    value
}

/// `multusMasterCNI`: the file of the default network.
pub(super) fn master(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(file) = value.as_str() else { return Fate::wrong("a text") };
    if file.is_empty() {
        return Fate::not_needed("it is empty");
    }
    if given.get("clusterNetwork").is_some() || given.get("delegates").is_some() {
        return Fate::not_needed("the file was made of it, and says the default network");
    }
    at_path(&ours.conf_dir.join(file), given, ours)
}

/// `auxiliaryCNIChainName`.
pub(super) fn auxiliary_chain(value: &Value, _: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(name) = value.as_str() else { return Fate::wrong("a text") };
    if name.is_empty() {
        return Fate::not_needed("it is empty");
    }
    Fate::cannot(format!(
        "no chain runs behind all networks: move the plugins of {name:?} to {}/NAME/, where NAME is the name of the \
         default network's list, and they run behind that",
        ours.conf_dir.display()
    ))
}
