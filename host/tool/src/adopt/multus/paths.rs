//! Directories and files.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::account::Fate;
use super::ours::Ours;
use super::{Given, flags};
use genie_core::config::CONF_DIR;

/// Where a host's directories are in the containers of Multus' manifests, whose paths stand in its
/// configuration.
const IN_CONTAINER: [&str; 2] = ["/hostroot", "/host"];

/// Where Multus looks for plugins first when `binDir` is not written.
pub(super) const DEFAULT_BIN_DIR: &str = "/opt/cni/bin";

/// A path of Multus' configuration as one of the node.
pub(super) fn of_host(path: &str, given: &Given<'_>) -> PathBuf {
    if let Some(path) = given.multus.manifest.of_host(path) {
        return path;
    }
    let path = Path::new(path);
    let mut roots = given.text("chrootDir").into_iter().chain(IN_CONTAINER).filter(|root| *root != "/");
    let beneath = roots.find_map(|root| path.strip_prefix(root).ok());
    let path = beneath.map_or_else(|| path.to_owned(), |rest| Path::new("/").join(rest));
    // Without a slash at the end.
    path.components().collect()
}

/// The name of a network's file; none when the path is that of a directory.
pub(super) fn file_name(path: &Path) -> Option<String> {
    let ending = path.extension().and_then(OsStr::to_str)?;
    let is_network = path.is_absolute() && ["conf", "conflist", "json"].contains(&ending);
    is_network.then(|| path.file_name().map(|name| name.to_string_lossy().into_owned())).flatten()
}

/// The directory where the runtime reads: as the caller says, else as Multus' own configuration does.
pub(super) fn conf_dir(given: &Given<'_>) -> PathBuf {
    if let Some(dir) = &given.node.conf_dir {
        return dir.clone();
    }
    let written = given.text("cniConfigDir").or_else(|| given.text("multusAutoconfigDir"));
    written.map_or_else(|| CONF_DIR.into(), |dir| of_host(dir, given))
}

/// `cniConfigDir`, `multusAutoconfigDir`.
pub(super) fn runtimes_dir(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(dir) = value.as_str() else { return Fate::wrong("a text") };
    let dir = of_host(dir, given);
    if dir != ours.conf_dir {
        return Fate::cannot(format!(
            "genie-host reads {} alone: copy the files of {} there, or name it by --conf-dir if the runtime reads it",
            ours.conf_dir.display(),
            dir.display()
        ));
    }
    if dir == Path::new(CONF_DIR) {
        return Fate::not_needed(format!("{CONF_DIR} is where genie-host looks"));
    }
    Fate::translated(format!("\"conf_dir\": {}, with the same as directories.conf of the chart", json!(dir)))
}

/// `confDir`: where Multus looks for the configuration of a definition that has none.
pub(super) fn networks_by_name(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(dir) = value.as_str() else { return Fate::wrong("a text") };
    let dir = of_host(dir, given);
    if dir == ours.conf_dir {
        return Fate::not_needed("definitions without a configuration mean the networks of conf_dir");
    }
    Fate::cannot(format!(
        "definitions without a configuration mean the networks of {}: copy the files of {} there, if it has any",
        ours.conf_dir.display(),
        dir.display()
    ))
}

/// The directory where the runtime finds plugins: as the caller says, else where Multus' flags put its
/// program.
fn runtimes_bin_dir(given: &Given<'_>) -> PathBuf {
    if let Some(dir) = &given.node.bin_dir {
        return dir.clone();
    }
    let flag = flags::text(&given.multus.flags, flags::BIN_DIR);
    flag.map_or_else(|| given.node.usual_bin_dir.clone(), |dir| of_host(&dir, given))
}

/// Whether the directory where Multus looks when nothing is written is not where the runtime looks.
pub(super) fn is_bin_dir_apart(given: &Given<'_>) -> bool {
    runtimes_bin_dir(given) != Path::new(DEFAULT_BIN_DIR)
}

/// `binDir`.
pub(super) fn bin_dir(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(dir) = value.as_str() else { return Fate::wrong("a text") };
    let (dir, runtimes) = (of_host(dir, given), runtimes_bin_dir(given));
    if dir == runtimes {
        return Fate::not_needed("it is the runtime's own directory, where genie-host looks");
    }
    let how = format!("\"bin_dirs\": {}: the runtime's is the second", json!([dir, runtimes]));
    // `bin_dirs` takes the place of what the runtime says, while Multus looks there besides.
    ours.bin_dirs = vec![dir, runtimes];
    Fate::translated(how)
}

/// `readinessindicatorfile`.
pub(super) fn readiness(value: &Value, given: &Given<'_>, ours: &mut Ours) -> Fate {
    let Some(file) = value.as_str() else { return Fate::wrong("a text") };
    if file.is_empty() {
        return Fate::not_needed("it is empty");
    }
    let file = of_host(file, given);
    if file.parent() == Some(&ours.conf_dir) {
        return Fate::translated(
            "until the default network is in conf_dir, ADD asks the runtime to try again, STATUS says that the node is \
             not ready, and its startup taint stays",
        );
    }
    Fate::cannot(format!(
        "nothing looks at {}. STATUS asks the default network's own plugins (CNI 1.1.0): let them answer, or let their \
         installer write their file into {} last",
        file.display(),
        ours.conf_dir.display()
    ))
}
