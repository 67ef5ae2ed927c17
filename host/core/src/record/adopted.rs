//! Attachments that a runtime made without us: before genie was installed, or while it was being
//! removed. We have no record of them, but libcni, by which every runtime attaches, has a file:
//!
//! ```text
//! <cni_cache_dir>/results/<network>-<container>-<interface>
//! ```

use std::ffi::OsStr;
use std::fmt::Display;
use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::Deserialize;
use serde_json::{Map, Value};

use super::io::{files, io_error};
use super::store::{Store, has_record};
use crate::cni::{CniArgs, CniError, NetworkList, code, get};

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
    /// The entries of our own plugin in that list.
    pub own: Vec<Map<String, Value>>,
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

/// What libcni names a file by.
#[derive(Clone, Copy, Debug)]
pub struct Key<'a> {
    /// The network's name.
    pub network: &'a str,
    /// The container's id.
    pub container: &'a str,
    /// The interface inside the container.
    pub interface: &'a str,
}

/// A file of libcni that cannot be used.
#[derive(Debug)]
pub struct Unusable {
    /// The file.
    pub path: Box<Path>,
    /// The container and the interface, if the file tells them.
    pub of: Option<(String, String)>,
    /// What is wrong: [`code::IO`] when it cannot be read, else [`code::RECORD`].
    pub error: CniError,
}

/// The attachments that were made to the key's container and interface without us, under any
/// network's name. `own_types` are the plugin types that mean this plugin: what it attached has a
/// record.
///
/// A damaged file of our own network, which the key names, is ignored as libcni ignores it: the
/// record told of that attachment. Any other one is an item with [`code::RECORD`], and is moved away
/// as a damaged record is, so that the next call goes on without it.
///
/// # Errors
/// [`code::IO`] when the files cannot be listed; an item may fail with it, too.
pub fn of_interface(
    cni_cache_dir: &Path,
    store: &Store,
    key: &Key<'_>,
    own_types: &[&str],
) -> Result<Vec<Result<Adopted, CniError>>, CniError> {
    let ending = format!("-{}-{}", key.container, key.interface);
    let is_meant = |container: &str, interface: &str| container == key.container && interface == key.interface;
    let mut found = Vec::new();
    for path in files(&results(cni_cache_dir))? {
        if !path.as_os_str().as_encoded_bytes().ends_with(ending.as_bytes()) {
            continue;
        }
        match read(path, own_types) {
            Ok(Some(adopted)) if is_meant(&adopted.container, &adopted.interface) => found.push(Ok(adopted)),
            Ok(_) => {}
            // The ends of two containers' names may be the same.
            Err(Unusable { of: Some((container, interface)), .. }) if !is_meant(&container, &interface) => {}
            Err(Unusable { path, .. }) if *path == *file(cni_cache_dir, key) => {
                let file = path.display();
                tracing::warn!(%file, "a damaged file of libcni is ignored: the record told of what genie attached");
            }
            Err(Unusable { error, .. }) if error.code == code::IO => found.push(Err(error)),
            Err(Unusable { path, error, .. }) => found.push(Err(store.quarantine(&path, error))),
        }
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
    let found = all_without_record(cni_cache_dir, state_dir, own_types)?;
    Ok(found.filter_map(Result::ok).filter(|adopted| is_there(&adopted.netns)).collect())
}

/// All attachments that were made without us and have no record, whether they still exist or not,
/// and all files that cannot be used.
///
/// # Errors
/// [`code::IO`] when the files cannot be listed.
pub fn all_without_record(
    cni_cache_dir: &Path,
    state_dir: &Path,
    own_types: &[&str],
) -> Result<impl Iterator<Item = Result<Adopted, Unusable>>, CniError> {
    let read = files(&results(cni_cache_dir))?.into_iter().filter_map(|path| read(path, own_types).transpose());
    let is_recorded = |adopted: &Adopted| has_record(state_dir, &adopted.container, &adopted.interface);
    Ok(read.filter(move |read| !read.as_ref().is_ok_and(is_recorded)))
}

/// Removes the runtime's file of an attachment that we made when our configuration had another
/// name: the runtime's DEL only removes the file under today's name.
///
/// # Errors
/// [`code::IO`] when the file cannot be removed.
pub fn forget(cni_cache_dir: &Path, key: &Key<'_>) -> Result<(), CniError> {
    remove(&file(cni_cache_dir, key))
}

impl Unusable {
    /// Whether the file's name is one of this network.
    pub fn may_be_of(&self, network: &str) -> bool {
        let name = self.path.file_name().map(OsStr::as_encoded_bytes).unwrap_or_default();
        name.strip_prefix(network.as_bytes()).is_some_and(|rest| rest.starts_with(b"-"))
    }
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

/// The file that libcni keeps of an attachment.
fn file(cni_cache_dir: &Path, key: &Key<'_>) -> PathBuf {
    results(cni_cache_dir).join(format!("{}-{}-{}", key.network, key.container, key.interface))
}

fn remove(path: &Path) -> Result<(), CniError> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error("cannot remove", path, &error)),
        _ => Ok(()),
    }
}

/// Reads one file. The result is none for a file of another kind, one that is gone by now, and one
/// of an attachment of ours.
fn read(path: PathBuf, own_types: &[&str]) -> Result<Option<Adopted>, Unusable> {
    let value = match read_json(&path) {
        Ok(Some(value)) => value,
        Ok(None) => return Ok(None),
        Err(error) => return Err(Unusable { path: path.into(), of: None, error }),
    };
    if value.get("kind").and_then(Value::as_str) != Some(KIND) {
        return Ok(None);
    }
    let text = |key| value.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
    let of = text("containerId").zip(text("ifName"));
    understand(&path, value, own_types).map_err(|error| Unusable { path: path.into(), of, error })
}

fn read_json(path: &Path) -> Result<Option<Value>, CniError> {
    let bytes = match fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(io_error("cannot read", path, &error)),
    };
    serde_json::from_slice(&bytes).map(Some).map_err(|error| damaged(path, &error))
}

fn understand(path: &Path, value: Value, own_types: &[&str]) -> Result<Option<Adopted>, CniError> {
    // The decoder's error would quote what it found, which may be a token.
    let cached: Cached =
        serde_json::from_value(value).map_err(|_| damaged(path, &"its members are not those of libcni"))?;
    let config = BASE64_STANDARD.decode(&cached.config).map_err(|error| damaged(path, &error))?;
    let config: Value = serde_json::from_slice(&config).map_err(|_| damaged(path, &"its configuration is not JSON"))?;
    let mut list = NetworkList::from_value(&config).map_err(|error| damaged(path, &error.msg))?;
    let (own, others): (Vec<_>, Vec<_>) = list.plugins.into_iter().partition(|plugin| {
        let kind = get(plugin, "type").and_then(Value::as_str).unwrap_or_default();
        own_types.contains(&kind)
    });
    if others.is_empty() {
        return Ok(None);
    }
    list.plugins = others;
    let pairs =
        |args: Vec<(String, String)>| args.iter().map(|(k, v)| format!("{k}={v}")).collect::<Vec<_>>().join(";");
    Ok(Some(Adopted {
        path: path.into(),
        container: cached.container_id,
        interface: cached.if_name,
        list,
        own,
        netns: cached.netns,
        args: cached.cni_args.map(pairs),
        runtime_config: cached.capability_args.unwrap_or_default(),
        result: cached.result,
    }))
}

fn damaged(path: &Path, what: &dyn Display) -> CniError {
    let message = format!(
        "{} tells of a network that was attached before genie had this node, and cannot be understood: {what}; that \
         network may have kept addresses or interfaces, look into the file for what to clean up",
        path.display()
    );
    CniError::new(code::RECORD, message)
}
