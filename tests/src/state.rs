//! The content of a node's directories: our state, and the conf dir.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::Node;

impl Node {
    /// All files below the state directory, relative to it, but for what DELs have left to the agent.
    pub fn state_files(&self) -> Vec<PathBuf> {
        files_below(&self.state_dir()).into_keys().filter(|path| !path.starts_with("gone")).collect()
    }

    /// The records of what is attached no more, which the agent is going to remove.
    pub fn left_to_the_agent(&self) -> Vec<PathBuf> {
        files_below(&self.state_dir().join("gone")).into_keys().collect()
    }

    /// The files of the conf dir with their contents.
    pub fn conf_files(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        files_below(&self.conf_dir())
    }

    /// The record of a container's interface: header and events, in order.
    ///
    /// # Panics
    /// When there is no record.
    pub fn record(&self, container: &str, interface: &str) -> Vec<Value> {
        let file = self.record_file(container, interface);
        let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        let json = |line: &str| serde_json::from_str(line.split_once(' ').map_or(line, |(_, json)| json));
        // An event begins on a new line, even after a torn line that a killed call left.
        let lines = text.lines().filter(|line| !line.is_empty());
        lines.map(|line| json(line).expect("a record's line is a checksum and JSON")).collect()
    }

    /// The path of the record of a container's interface.
    pub fn record_file(&self, container: &str, interface: &str) -> PathBuf {
        self.state_dir().join("records").join(format!("{container}@{interface}.json"))
    }

    /// An annotation that an ADD left in its record for publication.
    pub fn published(&self, container: &str, key: &str) -> Option<Value> {
        let record = self.record(container, "eth0");
        let done = record.iter().find_map(|line| line.get("done"))?;
        let text = done["annotations"].get(key)?.as_str()?;
        Some(serde_json::from_str(text).unwrap_or_else(|_| text.into()))
    }

    /// Writes the file in which libcni keeps an attachment that the runtime made with this
    /// configuration, and returns its path. `kept` has further members of the file.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn libcni_file(
        &self,
        network: &str,
        container: &str,
        interface: &str,
        config: &Value,
        kept: &Value,
    ) -> PathBuf {
        let file = self.dir().join("cni/results").join(format!("{network}-{container}-{interface}"));
        fs::create_dir_all(file.parent().expect("a file is in a directory")).expect("a directory");
        let mut cached = json!({
            "kind": "cniCacheV1", "containerId": container, "config": base64(&config.to_string()),
            "ifName": interface, "networkName": network,
        });
        let kept = kept.as_object().into_iter().flatten();
        kept.for_each(|(key, value)| cached[key] = value.clone());
        fs::write(&file, cached.to_string()).expect("a file of libcni");
        file
    }

    /// Fails the test when anything is left: a record, a lock, or a temporary file.
    ///
    /// # Panics
    /// When something is left.
    #[track_caller]
    pub fn assert_no_state(&self) {
        assert_eq!(self.state_files(), Vec::<PathBuf>::new(), "files are left in the state directory");
    }
}

/// Base64, as coreutils has it.
///
/// # Panics
/// When there is no such program.
pub fn base64(text: &str) -> String {
    let script = format!("printf %s '{text}' | base64 --wrap=0");
    let encoded = Command::new("sh").args(["-c", &script]).output().expect("base64 runs");
    String::from_utf8(encoded.stdout).expect("base64 is text")
}

fn files_below(dir: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut left = vec![dir.to_owned()];
    while let Some(next) = left.pop() {
        for entry in fs::read_dir(next).into_iter().flatten().flatten() {
            let path = entry.path();
            if path.is_dir() {
                left.push(path);
            } else {
                let name = path.strip_prefix(dir).unwrap_or(&path).to_owned();
                files.insert(name, fs::read(&path).unwrap_or_default());
            }
        }
    }
    files
}
