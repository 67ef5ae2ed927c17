//! Attachments that a runtime made without us: before genie was installed, or while it was being
//! removed. We have no record of them, but libcni, by which every runtime attaches, has a file:
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

/// The kind of file that can be used. Older files (before libcni 0.8 of 2020) hold only results,
/// from which an attachment cannot be undone.
const KIND: &str = "cniCacheV1";

/// An attachment that a runtime made by itself.
#[derive(Clone, Debug)]
pub struct Adopted {
    /// The file of libcni that describes it.
    pub path: PathBuf,
    /// The container's id.
    pub container: String,
    /// The interface inside the container.
    pub interface: String,
    /// The network's plugins, without our own.
    pub list: NetworkList,
    /// The path of the container's network namespace; may be empty.
    pub netns: String,
    /// `CNI_ARGS`; none when the file does not hold them.
    pub args: Option<String>,
    /// Values for capabilities.
    pub runtime_config: Map<String, Value>,
    /// The answer to ADD.
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

/// The attachments that were made to a container's interface without us. `own_types` are the plugin
/// types that mean this plugin: what it attached has a record.
///
/// # Errors
/// [`code::IO`] when a file cannot be read; [`code::RECORD`] when the file of such an attachment
/// cannot be understood.
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

/// All attachments that were made without us and still exist: `is_there` says so of the network
/// namespace, and there is no record. Files that cannot be understood are left out.
///
/// # Errors
/// [`code::IO`] when the files cannot be listed.
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

/// Removes the runtime's file of an attachment that we made when our configuration had another
/// name: the runtime's DEL only removes the file under today's name.
///
/// # Errors
/// [`code::IO`] when the file cannot be removed.
pub fn forget(cni_cache_dir: &Path, network: &str, container: &str, interface: &str) -> Result<(), CniError> {
    remove(&results(cni_cache_dir).join(format!("{network}-{container}-{interface}")))
}

impl Adopted {
    /// The pod, as `NAMESPACE/NAME`; none when `CNI_ARGS` do not name it.
    pub fn pod(&self) -> Option<String> {
        let args = CniArgs::new(self.args.as_deref().unwrap_or_default());
        Some(format!("{}/{}", args.get("K8S_POD_NAMESPACE")?, args.get("K8S_POD_NAME")?))
    }

    /// Removes the file, since nothing is attached any more.
    ///
    /// # Errors
    /// [`code::IO`] when the file cannot be removed.
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

/// Reads one file. The result is none for a file of another kind, one that is gone by now, and one
/// of an attachment of ours.
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
    // The decoder's error would quote what it found, which may be a token.
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
