//! A node in a temporary directory.

mod conf_dir;
mod configuration;
mod files;
mod removal;
mod turn;
mod waiting;

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Layout;
use super::Origin;
use super::credentials::ServiceAccount;
use super::install;
use super::manifest::Manifest;

struct Node {
    /// Removed when this value is dropped.
    _dir: TempDir,
    layout: Layout,
    source: Origin,
}

impl Node {
    /// A node with this ConfigMap, and a network of its own.
    fn new(conf: &Value) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |part: &str| dir.path().join(part);
        for part in ["host/etc/cni/net.d", "config", "programs", "account"] {
            fs::create_dir_all(at(part)).unwrap();
        }
        for (name, content) in [("genie", "plugin"), ("genie-host", "tool")] {
            fs::write(at("programs").join(name), content).unwrap();
        }
        for (name, content) in [("token", "first"), ("ca.crt", "authority")] {
            fs::write(at("account").join(name), content).unwrap();
        }
        let layout = Layout {
            host_root: at("host"),
            bin_dir: "/opt/cni/bin".into(),
            conf_dir: "/etc/cni/net.d".into(),
            state_dir: "/var/lib/genie".into(),
            cache_dir: "/var/cache/genie".into(),
        };
        let account = ServiceAccount { dir: at("account"), host: "fd00::1".into(), port: "443".into() };
        let source = Origin {
            config_dir: at("config"),
            programs: at("programs"),
            // This tool finds nothing. What ours finds is tested in `tests/tests/install.rs`.
            tool: "/bin/true".into(),
            node: Some("n1".into()),
            service_account: Some(account),
            trust_dirs: false,
        };
        let node = Self { _dir: dir, layout, source };
        node.config(conf);
        node.network("10-own.conf", &json!({"cniVersion": "0.4.0", "name": "own", "type": "bridge"}));
        node
    }

    fn config(&self, conf: &Value) {
        fs::write(self.source.config_dir.join("00-genie.conf"), conf.to_string()).unwrap();
    }

    fn network(&self, file: &str, conf: &Value) {
        fs::write(self.path("/etc/cni/net.d").join(file), conf.to_string()).unwrap();
    }

    fn install(&self) {
        install(&self.layout, &self.source).unwrap();
    }

    /// A path of the node.
    fn path(&self, path: impl AsRef<Path>) -> PathBuf {
        self.layout.on_host(path.as_ref())
    }

    fn manifest(&self) -> Manifest {
        Manifest::load(&self.layout).unwrap()
    }

    /// Our configuration in force.
    fn conf(&self) -> Value {
        serde_json::from_slice(&fs::read(self.path(self.layout.conf())).unwrap()).unwrap()
    }

    /// All files of the node.
    fn files(&self) -> Vec<String> {
        fn below(dir: &Path, root: &Path, files: &mut Vec<String>) {
            for entry in fs::read_dir(dir).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    below(&path, root, files);
                } else {
                    files.push(path.strip_prefix(root).unwrap().display().to_string());
                }
            }
        }
        let mut files = Vec::new();
        below(&self.layout.host_root, &self.layout.host_root, &mut files);
        files.sort();
        files
    }
}

/// The smallest configuration of a ConfigMap.
fn minimal() -> Value {
    json!({"name": "k8s-pod-network", "type": "genie"})
}

fn mode(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
