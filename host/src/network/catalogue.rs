//! The networks that the conf dir holds.

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::Path;

use serde_json::{Map, Value};

use crate::cni::{CniError, NetworkList, code};
use crate::selector::abi;

/// A usable network of the conf dir.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The file's name, without its directory.
    pub file: String,
    /// What is in it.
    pub list: NetworkList,
}

/// What the conf dir holds, in the order of the file names.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Usable networks.
    pub networks: Vec<Installed>,
    /// Files that name this plugin: a pod that asked for one would ask for itself.
    pub own: Vec<String>,
    /// Files that cannot be used, each with the reason.
    pub unusable: Vec<(String, String)>,
}

impl Catalogue {
    /// Reads the conf dir as a runtime does: `*.conflist`, `*.conf` and `*.json`
    /// in byte order of their names. A file that cannot be used takes nothing
    /// else with it. A directory that does not exist holds no networks.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn load(dir: &Path, own_types: &[&str]) -> Result<Self, CniError> {
        let mut catalogue = Self::default();
        for name in file_names(dir)? {
            match read_network(dir, &name) {
                Ok(list) if list.types().iter().any(|kind| own_types.contains(kind)) => catalogue.own.push(name),
                Ok(list) => catalogue.networks.push(Installed { file: name, list }),
                Err(reason) => {
                    tracing::warn!(file = %dir.join(&name).display(), reason, "network configuration ignored");
                    catalogue.unusable.push((name, reason));
                }
            }
        }
        Ok(catalogue)
    }

    /// The network that a plan's `installed` names: by file, else by name.
    pub fn find(&self, written: &str) -> Option<&Installed> {
        let by_file = self.networks.iter().find(|network| network.file == written);
        by_file.or_else(|| self.networks.iter().find(|network| network.list.name == written))
    }

    /// The networks as a selector sees them.
    pub fn for_selectors(&self) -> Vec<abi::Network> {
        self.networks
            .iter()
            .map(|network| abi::Network {
                name: network.list.name.clone(),
                file: network.file.clone(),
                plugins: network.list.types().into_iter().map(Into::into).collect(),
                cni_version: network.list.cni_version.to_string(),
                capabilities: network.list.capabilities().into_iter().collect(),
            })
            .collect()
    }

    /// One line that names all networks, for messages.
    pub fn summary(&self) -> String {
        if self.networks.is_empty() {
            return "none".into();
        }
        let names: Vec<_> =
            self.networks.iter().map(|network| format!("{} ({})", network.list.name, network.file)).collect();
        names.join(", ")
    }
}

fn file_names(dir: &Path) -> Result<BTreeSet<String>, CniError> {
    let failed = |error: io::Error| {
        CniError::new(code::IO, format!("cannot read the network configuration directory {}: {error}", dir.display()))
    };
    let entries = match fs::read_dir(dir) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(BTreeSet::new()),
        entries => entries.map_err(failed)?,
    };
    let mut names = BTreeSet::new();
    for entry in entries {
        let entry = entry.map_err(failed)?;
        let is_dir = entry.file_type().is_ok_and(|kind| kind.is_dir());
        match entry.file_name().into_string() {
            Ok(name) if !is_dir && extension(&name).is_some() => _ = names.insert(name),
            _ => {}
        }
    }
    Ok(names)
}

fn extension(name: &str) -> Option<&str> {
    let extension = Path::new(name).extension().and_then(OsStr::to_str)?;
    ["conf", "conflist", "json"].contains(&extension).then_some(extension)
}

fn read_network(dir: &Path, name: &str) -> Result<NetworkList, String> {
    let bytes = fs::read(dir.join(name)).map_err(|error| error.to_string())?;
    if extension(name) != Some("conflist") {
        return NetworkList::parse_conf(&bytes).map_err(|error| error.msg);
    }
    let mut list = NetworkList::parse_list(&bytes).map_err(|error| error.msg)?;
    if !list.load_only_inlined_plugins {
        append_plugins(&mut list, dir)?;
    }
    if list.plugins.is_empty() {
        return Err("it names no plugin".into());
    }
    Ok(list)
}

/// Appends the plugins of `DIR/NAME/*.conf` (CNI 1.1.0, section 1, and libcni
/// since 1.3).
fn append_plugins(list: &mut NetworkList, dir: &Path) -> Result<(), String> {
    let dir = dir.join(&list.name);
    let entries = match fs::read_dir(&dir) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => return Ok(()),
        entries => entries.map_err(|error| format!("{}: {error}", dir.display()))?,
    };
    let files: BTreeSet<_> = entries
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension() == Some(OsStr::new("conf")) && path.is_file())
        .collect();
    for file in files {
        let reason = |reason: String| format!("{}: {reason}", file.display());
        let bytes = fs::read(&file).map_err(|error| reason(error.to_string()))?;
        let plugin: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|error| reason(error.to_string()))?;
        if plugin.get("type").and_then(Value::as_str).unwrap_or_default().is_empty() {
            return Err(reason("no plugin type".into()));
        }
        list.plugins.push(plugin);
    }
    Ok(())
}
