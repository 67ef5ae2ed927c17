//! What a runtime attached without us: before our time, or while we were on our way out. We
//! have no record of it; libcni, which every runtime attaches by, has a file:
//!
//! ```text
//! <cni_cache_dir>/results/<network>-<container>-<interface>
//! ```

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::io::{files, io_error};
use super::store::has_record;
use crate::cni::{CniArgs, CniError, NetworkList, code};

/// The kind of file that is understood. Before it (libcni 0.8, 2020) there were only results,
/// with nothing in them to undo an attachment by.
const KIND: &str = "cniCacheV1";

/// An attachment that a runtime made by itself.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// The file that tells of it.
    pub path: PathBuf,
    /// The container's id.
    pub container: String,
    /// The interface inside it.
    pub interface: String,
    /// The network's plugins, without our own.
    pub list: NetworkList,
    /// The path of the container's network namespace; may be empty.
    pub netns: String,
    /// `CNI_ARGS`; none when the file does not tell.
    pub args: Option<String>,
    /// Values for capabilities.
    pub runtime_config: Map<String, Value>,
    /// What ADD answered.
    pub result: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Cached {
    container_id: String,
    config: String,
    if_name: String,
    #[serde(default)]
    netns: String,
    #[serde(default)]
    cni_args: Option<Vec<(String, String)>>,
    #[serde(default)]
    capability_args: Option<Map<String, Value>>,
    #[serde(default)]
    result: Option<Value>,
}

/// What was attached to a container's interface without us. `own_types` are the plugin types
/// that mean this plugin: what it attached it has a record of.
///
/// # Errors
/// [`code::IO`], and [`code::RECORD`] for a file that tells of such an attachment and cannot
/// be understood.
pub fn of_interface(
    cni_cache_dir: &Path,
    container: &str,
    interface: &str,
    own_types: &[&str],
) -> Result<Vec<Adopted>, CniError> {
    let ending = format!("-{container}-{interface}");
    let mut found = Vec::new();
    for path in files(&results(cni_cache_dir))? {
        if !path.as_os_str().as_encoded_bytes().ends_with(ending.as_bytes()) {
            continue;
        }
        let adopted = read(&path, own_types)?;
        found.extend(adopted.filter(|adopted| adopted.container == container && adopted.interface == interface));
    }
    Ok(found)
}

/// All that was attached without us and is still there: its network namespace is, as `is_there`
/// tells, and no record tells of it. A file that is not understood tells of nothing.
///
/// # Errors
/// [`code::IO`].
pub fn without_record(
    cni_cache_dir: &Path,
    state_dir: &Path,
    own_types: &[&str],
    is_there: impl Fn(&str) -> bool,
) -> Result<Vec<Adopted>, CniError> {
    let files = files(&results(cni_cache_dir))?.into_iter();
    let read = files.filter_map(|path| read(&path, own_types).ok().flatten());
    let is_recorded = |adopted: &Adopted| has_record(state_dir, &adopted.container, &adopted.interface);
    Ok(read.filter(|adopted| is_there(&adopted.netns) && !is_recorded(adopted)).collect())
}

/// Removes the file that a runtime keeps of an attachment of ours, made when our
/// configuration had another name: its DEL removes the file of the name of today only.
///
/// # Errors
/// [`code::IO`].
pub fn forget(cni_cache_dir: &Path, network: &str, container: &str, interface: &str) -> Result<(), CniError> {
    remove(&results(cni_cache_dir).join(format!("{network}-{container}-{interface}")))
}

impl Adopted {
    /// The pod, as `NAMESPACE/NAME`, when `CNI_ARGS` told it.
    pub fn pod(&self) -> Option<String> {
        let args = CniArgs::new(self.args.as_deref().unwrap_or_default());
        Some(format!("{}/{}", args.get("K8S_POD_NAMESPACE")?, args.get("K8S_POD_NAME")?))
    }

    /// Removes the file: nothing is attached any more.
    ///
    /// # Errors
    /// [`code::IO`].
    pub fn forget(&self) -> Result<(), CniError> {
        remove(&self.path)
    }
}

fn results(cni_cache_dir: &Path) -> PathBuf {
    cni_cache_dir.join("results")
}

fn remove(path: &Path) -> Result<(), CniError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error("cannot remove", path, &error)),
        _ => Ok(()),
    }
}

/// None for a file of another kind, one that is gone by now, and one of what we attached.
fn read(path: &Path, own_types: &[&str]) -> Result<Option<Adopted>, CniError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("cannot read", path, &error)),
    };
    let damaged = |what: &dyn std::fmt::Display| {
        let message = format!(
            "{} tells of a network that was attached before genie had this node, and cannot be understood: {what}; \
             undo that network by hand and remove the file",
            path.display()
        );
        CniError::new(code::RECORD, message)
    };
    let value: Value = serde_json::from_slice(&bytes).map_err(|error| damaged(&error))?;
    if value.get("kind").and_then(Value::as_str) != Some(KIND) {
        return Ok(None);
    }
    // The decoder would quote what it found, and that may be a token.
    let cached: Cached = serde_json::from_value(value).map_err(|_| damaged(&"its members are not those of libcni"))?;
    let config = BASE64_STANDARD.decode(&cached.config).map_err(|error| damaged(&error))?;
    let config: Value = serde_json::from_slice(&config).map_err(|_| damaged(&"its configuration is not JSON"))?;
    let mut list = NetworkList::from_value(&config).map_err(|error| damaged(&error.msg))?;
    let own = |plugin: &Map<String, Value>| {
        let kind = crate::cni::get(plugin, "type").and_then(Value::as_str).unwrap_or_default();
        own_types.contains(&kind)
    };
    list.plugins.retain(|plugin| !own(plugin));
    if list.plugins.is_empty() {
        return Ok(None);
    }
    let pairs =
        |args: Vec<(String, String)>| args.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(";");
    Ok(Some(Adopted {
        path: path.into(),
        container: cached.container_id,
        interface: cached.if_name,
        list,
        netns: cached.netns,
        args: cached.cni_args.map(pairs),
        runtime_config: cached.capability_args.unwrap_or_default(),
        result: cached.result,
    }))
}
