//! A node in a temporary directory, on which one thing at a time is wrong.

mod installed;
mod running;

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::api;
use super::configuration;
use super::credentials;
use super::directories;
use super::finding::{Finding, Level};
use super::networks;
use super::records;
use super::selectors;
use super::site::Site;
use super::spool;

const CAPABILITY: &str = "io.kubernetes.cri.pod-annotations";

struct Node {
    dir: TempDir,
    config: Value,
}

impl Node {
    /// A node on which nothing is wrong.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |part: &str| json!(dir.path().join(part));
        let config = json!({
            "cniVersion": "1.0.0", "name": "k8s-pod-network", "type": "genie", "capabilities": {CAPABILITY: true},
            "conf_dir": at("net.d"), "state_dir": at("state"), "cache_dir": at("cache"), "agent": at("agent.sock"),
        });
        let node = Self { dir, config };
        node.write("net.d/10-cbr0.conf", r#"{"cniVersion": "1.0.0", "name": "cbr0", "type": "bridge"}"#, 0o600);
        node.write("bin/bridge", "", 0o755);
        node
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.config[key] = value;
        self
    }

    fn path(&self, part: &str) -> PathBuf {
        self.dir.path().join(part)
    }

    fn write(&self, part: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(part);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    /// Writes a program, by another process. A program cannot be started while a process has it
    /// open for writing; and if this process opened it, a child that another thread starts in the
    /// meantime would have it open, too.
    fn program(&self, part: &str, script: &str) {
        let text = self.write("script", &format!("#!/bin/sh\n{script}\n"), 0o755);
        assert!(Command::new("cp").arg(text).arg(self.path(part)).status().unwrap().success());
    }

    fn site(&self) -> Site {
        self.write("net.d/00-genie.conf", &self.config.to_string(), 0o600);
        Site::read(&self.path("net.d"), &self.path("bin")).unwrap()
    }

    fn make(&self, dir: &str, mode: u32) {
        fs::create_dir_all(self.path(dir)).unwrap();
        fs::set_permissions(self.path(dir), Permissions::from_mode(mode)).unwrap();
    }
}

/// Everything that is wrong.
fn problems(found: Vec<Finding>) -> Vec<(Level, String)> {
    assert!(!found.is_empty(), "an area without a finding says nothing");
    let wrong = found.into_iter().filter(|finding| finding.level != Level::Ok);
    wrong.inspect(|finding| assert!(finding.advice.is_some(), "{finding:?}")).map(|f| (f.level, f.what)).collect()
}

/// Asserts that exactly one thing is wrong, of this level and with this text.
#[track_caller]
fn assert_one(found: Vec<Finding>, level: Level, text: &str) {
    let found = problems(found);
    assert!(matches!(&found[..], [(of, what)] if *of == level && what.contains(text)), "{text:?}: {found:?}");
}

#[track_caller]
fn assert_none(found: Vec<Finding>) {
    assert_eq!(problems(found), []);
}

#[test]
fn nothing_is_wrong_with_a_good_node() {
    let node = Node::new();
    for mode in ["state", "cache"] {
        node.make(mode, 0o700);
    }
    let site = node.site();
    for check in [configuration::check, directories::check, networks::check, selectors::check, credentials::check] {
        assert_none(check(&site));
    }
    assert_none(records::check(&site));
    assert_none(spool::check(&site));
    assert_eq!(api::check(&site), [], "no API server is named");
}

#[test]
fn looking_makes_nothing() {
    let node = Node::new();
    let site = node.site();
    for (_, check) in super::AREAS {
        check(&site);
    }
    let mut parts: Vec<_> = fs::read_dir(node.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    parts.sort();
    assert_eq!(parts, ["bin", "net.d"]);
}

#[test]
fn a_finding_as_text_and_as_json() {
    let finding = super::finding::warn("it is so", "do this");
    assert_eq!(finding.as_lines("agent"), ["warn  agent          it is so", "                     => do this"]);
    assert_eq!(
        finding.as_json("agent"),
        json!({"area": "agent", "level": "warn", "what": "it is so", "advice": "do this"})
    );
    let names: Vec<_> = (0..7).map(|n| n.to_string()).collect();
    assert_eq!(super::finding::some(&names), "0, 1, 2, 3, 4 and 2 more");
}
