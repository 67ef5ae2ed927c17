//! The catalogue: the networks of the conf dir.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::cni::{CniError, NetworkList, code};
use crate::selector::abi;

/// A usable network of the conf dir.
#[derive(Clone, Debug)]
pub struct Installed {
    /// The file's name, without its directory.
    pub file: String,
    /// The file's content.
    pub list: NetworkList,
}

/// The conf dir's files, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct Catalogue {
    /// Usable networks.
    pub networks: Vec<Installed>,
    /// Files that name this plugin: a pod that asked for one would ask for itself.
    pub own: Vec<String>,
    /// Files that cannot be used, each with the reason.
    pub unusable: Vec<(String, String)>,
    /// Files of the loopback and nothing else. No pod gets one as a network: the plugin knows no
    /// interface but `lo`, which the runtime sets up in every pod anyway, so the pod would have no
    /// address.
    pub loopback: Vec<String>,
    /// Files whose names do not fit their content, each with the right name in words.
    pub misnamed: Vec<(String, String)>,
}

/// The plugin that sets up `lo`.
const LOOPBACK: &str = "loopback";

impl Catalogue {
    /// Reads the conf dir as a runtime does: `*.conflist`, `*.conf` and `*.json` in byte order of
    /// their names. A file that cannot be used does not affect the others. A directory that does
    /// not exist holds no networks.
    ///
    /// # Errors
    /// The directory cannot be read.
    pub fn load(dir: &Path, own_types: &[&str]) -> Result<Self, CniError> {
        let mut catalogue = Self::default();
        for name in file_names(dir)? {
            let bytes = fs::read(dir.join(&name)).map_err(|error| error.to_string());
            let read = bytes.and_then(|bytes| read_network(Some(dir), &name, &bytes));
            match &read {
                Ok((_, Some(reason))) => tracing::warn!(file = %dir.join(&name).display(), "{reason}"),
                Ok((_, None)) => {}
                Err(reason) => {
                    tracing::warn!(file = %dir.join(&name).display(), reason, "network configuration ignored");
                }
            }
            catalogue.take(name, read, own_types);
        }
        Ok(catalogue)
    }

    /// The catalogue of a conf dir with these files, by their names and contents, and no others.
    pub fn of_files(files: &BTreeMap<String, Vec<u8>>, own_types: &[&str]) -> Self {
        let mut catalogue = Self::default();
        for (name, bytes) in files.iter().filter(|(name, _)| extension(name).is_some()) {
            catalogue.take(name.clone(), read_network(None, name, bytes), own_types);
        }
        catalogue
    }

    fn take(&mut self, name: String, read: Result<(NetworkList, Option<String>), String>, own_types: &[&str]) {
        match read {
            Ok((list, misnamed)) => {
                self.misnamed.extend(misnamed.map(|reason| (name.clone(), reason)));
                self.add(name, list, own_types);
            }
            Err(reason) => self.unusable.push((name, reason)),
        }
    }

    fn add(&mut self, file: String, list: NetworkList, own_types: &[&str]) {
        let types = list.types();
        if types.iter().any(|kind| own_types.contains(kind)) {
            self.own.push(file);
        } else if types.iter().all(|kind| *kind == LOOPBACK) {
            self.loopback.push(file);
        } else {
            self.networks.push(Installed { file, list });
        }
    }

    /// The network that a plan's `installed` names: by file, else by the network's name.
    pub fn find(&self, written: &str) -> Option<&Installed> {
        let by_file = self.networks.iter().find(|network| network.file == written);
        by_file.or_else(|| self.networks.iter().find(|network| network.list.name == written))
    }

    /// The network of a definition without a configuration (multi-network standard, section 3.4.1):
    /// a list of that name comes before a single configuration.
    pub fn of_definition(&self, name: &str) -> Option<&Installed> {
        let named = self.networks.iter().filter(|network| network.list.name == name);
        named.min_by_key(|network| extension(&network.file) != Some("conflist"))
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

    /// Why there is no such network as a plan's `installed` names. A pod's owner may read it,
    /// so it names no other networks.
    pub fn absent(&self, written: &str) -> String {
        if self.own.iter().any(|file| file == written) {
            return "it refers to itself".into();
        }
        if self.loopback.iter().any(|file| file == written) {
            return "it is the loopback, which every pod has, and no network".into();
        }
        let unusable = self.unusable.iter().find(|(file, _)| file == written);
        match (unusable, self.networks.len()) {
            (Some((_, reason)), _) => format!("it cannot be used: {reason}"),
            (None, count) => format!("it is not installed on this node; networks that are: {count}"),
        }
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

/// The network of a file with this content. Without `dir` no list gets further plugins. The second
/// part says what is wrong with the file's name, if it is read
/// nonetheless.
fn read_network(dir: Option<&Path>, name: &str, bytes: &[u8]) -> Result<(NetworkList, Option<String>), String> {
    if bytes.iter().all(u8::is_ascii_whitespace) {
        return Err("it is empty, so it is not written yet".into());
    }
    let is_list = extension(name) == Some("conflist");
    let (mut list, as_named) = NetworkList::parse_file(bytes, is_list).map_err(|error| error.msg)?;
    if let Some(dir) = dir.filter(|dir| is_list && !as_named && has_plugins(dir, &list.name)) {
        // So it is a list, and its plugins are in its directory.
        list = NetworkList::parse_list(bytes).map_err(|error| error.msg)?;
        append_plugins(&mut list, dir)?;
        return Ok((list, None));
    }
    if !as_named {
        let stem = name.rsplit_once('.').map_or(name, |(stem, _)| stem);
        let reason = if is_list {
            format!("{name} holds one plugin and no list, and runtimes do not read it so: name it {stem}.conf")
        } else {
            format!("{name} holds a list of plugins, and runtimes do not read it so: name it {stem}.conflist")
        };
        return Ok((list, Some(reason)));
    }
    if let Some(dir) = dir.filter(|_| is_list && !list.load_only_inlined_plugins) {
        append_plugins(&mut list, dir)?;
    }
    if list.plugins.is_empty() {
        return Err("it names no plugin".into());
    }
    Ok((list, None))
}

fn has_plugins(dir: &Path, network: &str) -> bool {
    plugin_files(&dir.join(network)).is_ok_and(|files| !files.is_empty())
}

/// The files that a list's directory adds to the list.
fn plugin_files(dir: &Path) -> Result<BTreeSet<PathBuf>, String> {
    let entries = match fs::read_dir(dir) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(BTreeSet::new());
        }
        entries => entries.map_err(|error| format!("{}: {error}", dir.display()))?,
    };
    let files = entries.filter_map(|entry| Some(entry.ok()?.path()));
    Ok(files.filter(|path| path.extension() == Some(OsStr::new("conf")) && path.is_file()).collect())
}

/// Appends the plugins of `DIR/NAME/*.conf` (CNI 1.1.0, section 1, and libcni since 1.3).
fn append_plugins(list: &mut NetworkList, dir: &Path) -> Result<(), String> {
    for file in plugin_files(&dir.join(&list.name))? {
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
