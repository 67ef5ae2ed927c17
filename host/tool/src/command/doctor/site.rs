//! The node as its configuration describes it. All checks use it.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value};

use crate::approve;
use genie_core::cni::{CniError, NetworkList, Verb, code};
use genie_core::config::{Config, OWN_TYPE, Paths};
use genie_core::network::Catalogue;

/// The node.
pub struct Site {
    /// The directory where the runtime reads network configurations.
    pub conf_dir: PathBuf,
    /// The directory where the runtime finds plugins.
    pub bin_dir: PathBuf,
    /// Whether the runtime is taken to read these directories, whatever its configuration seems to
    /// say.
    pub trust_dirs: bool,
    /// What the runtime finds in the conf dir.
    pub files: Result<Catalogue, CniError>,
    /// The name of our configuration's file. There is none when no file can be used.
    pub file: Option<String>,
    /// Our configuration. It is empty when there is none.
    pub map: Map<String, Value>,
    /// The configuration as it is understood, or everything that is wrong with it.
    pub config: Result<Config, Vec<CniError>>,
    /// The configuration's directories, or the usual ones.
    pub paths: Paths,
    /// The directories of plugins.
    pub path: Vec<PathBuf>,
}

impl Site {
    /// Reads our configuration. When a part of it is wrong, the directories are the usual ones.
    ///
    /// # Errors
    /// The usual directories are not known either, which is a defect.
    pub fn read(conf_dir: &Path, bin_dir: &Path) -> Result<Self, CniError> {
        let files = Catalogue::load(conf_dir, &[OWN_TYPE]);
        let names = files.as_ref().map(|files| files.own.as_slice()).unwrap_or_default();
        let own = names.iter().find_map(|file| Some((Some(file.clone()), plugin(&conf_dir.join(file))?)));
        let (file, map) = own.unwrap_or_default();
        let read = file.as_ref().and_then(|file| repeated(&conf_dir.join(file)));
        let config = read.map_or_else(|| approve::read(&map), |error| Err(vec![error]));
        let paths = Paths::from_map(&map).or_else(|_| Paths::from_map(&Map::new()))?;
        let path = if paths.bin_dirs.is_empty() { vec![bin_dir.into()] } else { paths.bin_dirs.clone() };
        let (conf_dir, bin_dir) = (conf_dir.into(), bin_dir.into());
        Ok(Self { conf_dir, bin_dir, trust_dirs: false, files, file, config, map, paths, path })
    }
}

/// The error of a configuration that has a key twice. Everything else that is wrong in it is found where it
/// is read.
fn repeated(file: &Path) -> Option<CniError> {
    let bytes = fs::read(file).ok()?;
    let error = approve::json::read(&bytes).err()?;
    Some(CniError::new(code::INVALID_CONFIG, error.to_string()))
}

/// Our part of a configuration, as the runtime would hand it over to us.
fn plugin(file: &Path) -> Option<Map<String, Value>> {
    let bytes = fs::read(file).ok()?;
    let is_list = file.extension().is_some_and(|extension| extension == "conflist");
    let list = if is_list { NetworkList::parse_list(&bytes) } else { NetworkList::parse_conf(&bytes) }.ok()?;
    let index = list.types().iter().position(|kind| *kind == OWN_TYPE)?;
    match list.plugin_config(index, &Map::new(), None, Verb::Status) {
        Value::Object(map) => Some(map),
        _ => None,
    }
}
