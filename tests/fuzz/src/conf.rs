//! Network configurations: files, lists, and the conf dir.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use genie_core::cni::{NetworkList, Verb, Version, get, names};
use genie_core::network::Catalogue;
use serde_json::{Map, Value, json};

use crate::choices::{Choices, document};
use crate::shapes;

/// Reads a file.
pub fn conf(bytes: &[u8]) {
    let list = document(bytes, shapes::conf_list);
    let plugin = document(bytes, shapes::plugin);
    let read = [
        NetworkList::parse_list(bytes),
        NetworkList::parse_conf(bytes),
        NetworkList::from_value(&list),
        NetworkList::from_value(&plugin),
        NetworkList::parse_list(list.to_string().as_bytes()),
    ];
    read.iter().flatten().for_each(laws);
}

/// Checks what holds for every network that can be read.
pub fn laws(list: &NetworkList) {
    assert!(names::is_identifier(&list.name), "{list:?}");
    let kinds = list.types();
    assert!(kinds.iter().all(|kind| !kind.is_empty() && !kind.contains('/')), "{kinds:?}");
    let printed = list.to_value().to_string();
    assert_eq!(NetworkList::parse_list(printed.as_bytes()).as_ref(), Ok(list), "{printed}");

    let declared = list.capabilities();
    let supplied = declared.iter().map(String::as_str).chain(["unknown"]);
    let supplied: Map<_, _> = supplied.map(|name| (name.to_owned(), json!(1))).collect();
    let previous = json!({"cniVersion": list.cni_version.as_str()});
    for (index, plugin) in list.plugins.iter().enumerate() {
        for verb in [Verb::Add, Verb::Del, Verb::Check, Verb::Gc, Verb::Status] {
            let config = list.plugin_config(index, &supplied, Some(&previous), verb);
            plugin_laws(list, plugin, verb, &config);
        }
    }
}

/// Checks that a plugin gets only what its file says and what the runtime may set.
fn plugin_laws(list: &NetworkList, plugin: &Map<String, Value>, verb: Verb, config: &Value) {
    let config = config.as_object().expect("a configuration is an object");
    assert_eq!(config["name"], json!(list.name));
    assert_eq!(config["cniVersion"], json!(list.cni_version.as_str()));
    assert_eq!(config.contains_key("prevResult"), verb.is_attachment());
    assert!(verb.is_attachment() || !config.contains_key("runtimeConfig"));
    if let Some(runtime) = config.get("runtimeConfig").and_then(Value::as_object) {
        let declared = get(plugin, "capabilities").expect("only what is declared is supplied");
        assert!(runtime.keys().all(|key| declared[key] == json!(true)), "{runtime:?} of {declared}");
    }
    let set = ["name", "cniVersion", "runtimeConfig", "prevResult"];
    for (key, value) in config.iter().filter(|(key, _)| !set.contains(&key.as_str())) {
        assert_eq!(plugin.get(key), Some(value), "{key} is not of the file");
        let reserved = ["runtimeconfig", "prevresult"].contains(&key.to_ascii_lowercase().as_str());
        assert!(!reserved && !key.to_ascii_lowercase().starts_with("cni.dev/"), "{key} is the runtime's");
    }
}

/// Reads a directory of files: `{FILE: CONTENT}`, where the content is a text or JSON. A name with
/// a `/` is in a directory below.
pub fn conf_dir(bytes: &[u8]) {
    let own = ["genie"];
    let files = document(bytes, directory);
    let dir = tempfile::tempdir().expect("a temporary directory");
    for (name, content) in files.as_object().into_iter().flatten().take(8) {
        write(dir.path(), name, content);
    }
    let catalogue = Catalogue::load(dir.path(), &own).expect("a directory that can be read");

    let networks = catalogue.networks.iter().map(|network| &network.file);
    let files = networks.chain(&catalogue.own).chain(&catalogue.loopback);
    let files: Vec<_> = files.chain(catalogue.unusable.iter().map(|(file, _)| file)).collect();
    assert_eq!(files.iter().collect::<BTreeSet<_>>().len(), files.len(), "twice the same file: {files:?}");
    assert!(files.iter().all(|file| dir.path().join(file).is_file()), "{files:?}");
    assert!(catalogue.networks.is_sorted_by(|one, next| one.file < next.file));
    for network in &catalogue.networks {
        assert_eq!(catalogue.find(&network.file).map(|found| &found.file), Some(&network.file));
        assert!(catalogue.find(&network.list.name).is_some());
        let kinds = network.list.types();
        assert!(!kinds.is_empty() && kinds.iter().all(|kind| !own.contains(kind)), "{kinds:?}");
    }
    let shown = catalogue.for_selectors();
    assert!(shown.iter().all(|network| Version::parse(&network.cni_version).is_some()), "{shown:?}");
    assert_eq!(shown.len(), catalogue.networks.len());
}

/// Writes a file. What cannot be a file is left out.
fn write(dir: &Path, name: &str, content: &Value) {
    let parts: Vec<_> = name.split('/').collect();
    let plain =
        |part: &&str| !part.is_empty() && *part != "." && *part != ".." && !part.contains('\0') && part.len() < 200;
    if parts.len() > 2 || !parts.iter().all(plain) {
        return;
    }
    let path = dir.join(name);
    if let Some(above) = path.parent() {
        _ = fs::create_dir(above);
    }
    // There may be a file where a directory is wanted.
    _ = match content {
        Value::String(text) => fs::write(path, text),
        json => fs::write(path, json.to_string()),
    };
}

fn directory(choices: &mut Choices<'_>) -> Value {
    let mut files = Map::new();
    for _ in 0..choices.below(5) {
        let file = choices.word(&[
            "10-a.conflist",
            "10-b.conf",
            "20-c.json",
            "d.conflist",
            "net/a.conf",
            "k8s-pod-network/b.conf",
            "x",
        ]);
        let content = match choices.below(6) {
            0 => choices.text().into(),
            1 | 2 => shapes::plugin(choices),
            _ => shapes::conf_list(choices),
        };
        files.insert(file, content);
    }
    files.into()
}
