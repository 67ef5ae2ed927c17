//! Reads a runtime's configuration.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

use super::beneath;
use super::known::{Kind, Known};
use crate::install::{BIN_DIR, on_host};
use genie_core::config::CONF_DIR;

/// How deeply imports are followed: a file names a further one, and so on.
const DEEPEST: usize = 4;
/// The names that containerd's plugin for Kubernetes has had.
const CRI: [&str; 3] = ["io.containerd.cri.v1.runtime", "io.containerd.grpc.v1.cri", "cri"];

/// A runtime and the directories that it reads.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Runtime {
    /// The runtime's usual name.
    pub name: &'static str,
    /// Where the runtime reads network configurations.
    pub conf_dir: PathBuf,
    /// Where the runtime looks for plugins. An empty list means that this is not known.
    pub bin_dirs: Vec<PathBuf>,
    /// How this is known, for messages.
    pub from: String,
}

/// Reads a runtime's configuration. The result is none when the runtime is not there, serves no
/// Kubernetes, or its configuration is not understood here.
pub fn read(root: &Path, known: &Known) -> Option<Runtime> {
    let config = Path::new(known.config);
    let (files, table) = match known.kind {
        Kind::Containerd => containerd(root, config)?,
        Kind::Crio(parts) => crio(root, config, Path::new(parts))?,
    };
    let dir = |text: &str| {
        let text = match known.variable {
            Some((variable, path)) => text.replace(variable, path),
            None => text.to_owned(),
        };
        PathBuf::from(text)
    };
    let Some(file) = files.last() else {
        // There is no configuration. Directories that exist may tell.
        let by_itself = known.conf_dir.filter(|dir| beneath::exists(root, Path::new(dir)));
        let runs = beneath::exists(root, Path::new(known.socket));
        let (conf_dir, from) = match (by_itself, known.is_own) {
            (Some(dir), _) => (dir, format!("the directory of {}", known.name)),
            (None, false) if runs => (CONF_DIR, "its default".to_owned()),
            _ => return None,
        };
        let bin_dirs = if known.is_own { Vec::new() } else { usual_bin_dirs(known.kind) };
        return Some(Runtime { name: known.name, conf_dir: conf_dir.into(), bin_dirs, from });
    };
    let (conf_key, said) = match known.kind {
        Kind::Containerd => ("conf_dir", of_containerd(&table)?),
        Kind::Crio(_) => ("network_dir", of_crio(&table)),
    };
    let from = match &said.conf_dir {
        Some(_) => format!("{conf_key} of {}", file.display()),
        None => format!("the default: {} names no {conf_key}", file.display()),
    };
    let bin_dirs: Vec<_> = said.bin_dirs.iter().map(|text| dir(text)).collect();
    Some(Runtime {
        name: known.name,
        conf_dir: said.conf_dir.map_or_else(|| CONF_DIR.into(), |text| dir(&text)),
        bin_dirs: if bin_dirs.is_empty() { usual_bin_dirs(known.kind) } else { bin_dirs },
        from,
    })
}

/// The usual directories. Those of CRI-O depend on its package.
fn usual_bin_dirs(kind: Kind) -> Vec<PathBuf> {
    if kind == Kind::Containerd { vec![BIN_DIR.into()] } else { Vec::new() }
}

/// What a configuration says. A field is empty when the configuration says nothing of it.
#[derive(Default)]
struct Said {
    conf_dir: Option<String>,
    bin_dirs: Vec<String>,
}

/// Returns none when containerd's plugin for Kubernetes is switched off.
fn of_containerd(config: &Table) -> Option<Said> {
    let off = texts(config.get("disabled_plugins"));
    if CRI.iter().any(|part| off.iter().any(|off| off == part)) {
        return None;
    }
    let mut said = Said::default();
    for part in CRI {
        let cni = config.get("plugins").and_then(|all| all.get(part)?.get("cni"));
        let text = |key| cni.and_then(|cni| cni.get(key)?.as_str()).filter(|text| !text.is_empty());
        said.conf_dir = said.conf_dir.or_else(|| text("conf_dir").map(ToOwned::to_owned));
        if said.bin_dirs.is_empty() {
            said.bin_dirs = texts(cni.and_then(|cni| cni.get("bin_dirs")));
        }
        if said.bin_dirs.is_empty() {
            said.bin_dirs.extend(text("bin_dir").map(ToOwned::to_owned));
        }
    }
    Some(said)
}

fn of_crio(config: &Table) -> Said {
    let network = config.get("crio").and_then(|crio| crio.get("network"));
    let text = |key| network.and_then(|network| network.get(key)?.as_str()).filter(|text| !text.is_empty());
    let mut bin_dirs = texts(network.and_then(|network| network.get("plugin_dirs")));
    bin_dirs.extend(text("plugin_dir").map(ToOwned::to_owned));
    Said { conf_dir: text("network_dir").map(ToOwned::to_owned), bin_dirs }
}

fn texts(value: Option<&Value>) -> Vec<String> {
    let values = value.and_then(Value::as_array).into_iter().flatten();
    values.filter_map(Value::as_str).filter(|text| !text.is_empty()).map(ToOwned::to_owned).collect()
}

/// Reads a file and its imports, each over those before it. Returns the merged table, and the files
/// of which messages name the last.
fn containerd(root: &Path, file: &Path) -> Option<(Vec<PathBuf>, Table)> {
    let mut files = Vec::new();
    let mut table = Table::new();
    import(root, file, DEEPEST, &mut files, &mut table)?;
    // Messages name the main file: its imports are part of it.
    files.truncate(1);
    Some((files, table))
}

/// Returns none when a file exists and cannot be read.
fn import(root: &Path, file: &Path, deeper: usize, files: &mut Vec<PathBuf>, table: &mut Table) -> Option<()> {
    if !beneath::exists(root, file) {
        return Some(());
    }
    let own: Table = beneath::read(root, file).ok()?.parse().ok()?;
    let imports = texts(own.get("imports"));
    files.push(file.into());
    merge(table, own);
    if deeper > 0 {
        for pattern in imports {
            for file in matching(root, &file.parent().unwrap_or(Path::new("/")).join(pattern)) {
                import(root, &file, deeper - 1, files, table)?;
            }
        }
    }
    Some(())
}

/// Reads the main file, and those of the directory in the order of their names. Returns as
/// [`containerd`] does.
fn crio(root: &Path, file: &Path, parts: &Path) -> Option<(Vec<PathBuf>, Table)> {
    let mut files = Vec::new();
    let mut table = Table::new();
    for file in std::iter::once(file.to_owned()).chain(matching(root, &parts.join("*"))) {
        if beneath::exists(root, &file) {
            let own: Table = beneath::read(root, &file).ok()?.parse().ok()?;
            // Messages name the last file, so it must be one that names the conf dir, if any does.
            let says = of_crio(&own).conf_dir.is_some();
            let at = if says || files.is_empty() { files.len() } else { files.len() - 1 };
            files.insert(at, file);
            merge(&mut table, own);
        }
    }
    Some((files, table))
}

/// The files that match a pattern with at most one `*`, which is in its last part.
fn matching(root: &Path, pattern: &Path) -> BTreeSet<PathBuf> {
    let (Some(dir), Some(name)) = (pattern.parent(), pattern.file_name().and_then(|name| name.to_str())) else {
        return BTreeSet::new();
    };
    let Some((before, after)) = name.split_once('*') else { return BTreeSet::from([pattern.to_owned()]) };
    let names = fs::read_dir(on_host(root, dir)).into_iter().flatten().flatten();
    let names = names.filter(|entry| !entry.path().is_dir()).filter_map(|entry| entry.file_name().into_string().ok());
    let is_meant =
        |name: &String| name.len() >= before.len() + after.len() && name.starts_with(before) && name.ends_with(after);
    names.filter(is_meant).map(|name| dir.join(name)).collect()
}

/// Merges two tables. `over` wins, key by key.
fn merge(table: &mut Table, over: Table) {
    for (key, value) in over {
        match (table.get_mut(&key), value) {
            (Some(Value::Table(table)), Value::Table(over)) => merge(table, over),
            (_, value) => _ = table.insert(key, value),
        }
    }
}
