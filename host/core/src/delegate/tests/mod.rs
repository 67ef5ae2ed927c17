//! Plugins made of shell scripts, and what the host tells them.

mod attach;
mod exec;
mod status_gc;
mod unit;

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::Attach;
use crate::cni::NetworkList;

/// A directory of plugins. Each one logs how it was called.
struct Plugins {
    directory: TempDir,
    path: Vec<PathBuf>,
}

impl Plugins {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let path = vec![directory.path().to_owned()];
        Self { directory, path }
    }

    /// A plugin that runs `script`, with `$log` as the common log file.
    fn script(&self, name: &str, script: &str) -> PathBuf {
        let program = self.directory.path().join(name);
        let log = self.directory.path().join("log");
        fs::write(&program, format!("#!/bin/sh\nlog={}\n{script}\n", log.display())).unwrap();
        fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
        program
    }

    /// A plugin that logs `VERB name`, keeps its stdin as `VERB.name`, and prints `result`.
    fn recorder(&self, name: &str, result: &str) {
        self.script(name, &format!("{}\ncat <<'END'\n{result}\nEND", Self::RECORD));
    }

    const RECORD: &str = r#"echo "$CNI_COMMAND ${0##*/}" >>"$log"; cat >"${0%/*}/$CNI_COMMAND.${0##*/}""#;

    /// The plugins that ran, in order.
    fn log(&self) -> Vec<String> {
        fs::read_to_string(self.directory.path().join("log")).unwrap_or_default().lines().map(String::from).collect()
    }

    /// The stdin that a recorder read.
    fn stdin(&self, verb: &str, name: &str) -> Value {
        let bytes = fs::read(self.directory.path().join(format!("{verb}.{name}"))).unwrap();
        serde_json::from_slice(&bytes).unwrap()
    }

    fn file(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }
}

/// A list of plugins without any settings.
fn list(version: &str, types: &[&str]) -> NetworkList {
    let plugins: Vec<Value> = types.iter().map(|kind| json!({"type": kind})).collect();
    NetworkList::from_value(&json!({"cniVersion": version, "name": "cbr0", "plugins": plugins})).unwrap()
}

static NO_CAPABILITIES: LazyLock<Map<String, Value>> = LazyLock::new(Map::new);

fn attach<'a>(list: &'a NetworkList, path: &'a [PathBuf]) -> Attach<'a> {
    Attach {
        list,
        container: "c1",
        netns: Some("/run/netns/one"),
        interface: "eth0",
        args: "IgnoreUnknown=1;A=b=c",
        runtime_config: &NO_CAPABILITIES,
        path,
        deadline: soon(),
    }
}

/// A deadline that no test should reach.
fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}

/// Whether a process with this id exists and is no zombie.
fn runs(pid: &str) -> bool {
    fs::read_to_string(Path::new("/proc").join(pid.trim()).join("stat"))
        .is_ok_and(|stat| !stat.rsplit_once(") ").unwrap_or_default().1.starts_with('Z'))
}

/// Waits for `condition`, which is bound to come true; the limit is for a broken build.
fn until(condition: impl Fn() -> bool) {
    let limit = Instant::now() + Duration::from_secs(30);
    while !condition() {
        assert!(Instant::now() < limit, "it never happened");
        std::thread::yield_now();
    }
}
