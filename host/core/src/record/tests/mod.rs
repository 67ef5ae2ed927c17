//! Records as interruptions leave them.

mod gone;
mod lock;
mod measure;
mod state;
mod torn;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Header;
use super::Lock;
use super::Planned;
use super::Pod;
use super::Store;
use super::VERSION;
use super::boot_id;

struct Dir {
    directory: TempDir,
    store: Store,
}

impl Dir {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Store::open(directory.path()).unwrap();
        Self { directory, store }
    }

    fn lock(&self) -> Lock {
        self.store.lock("c1", soon()).unwrap()
    }

    /// The record of c1's eth0.
    fn record(&self) -> PathBuf {
        self.directory.path().join("records/c1@eth0.json")
    }

    /// Every file below the state directory.
    fn files(&self) -> Vec<String> {
        let mut files = Vec::new();
        for part in fs::read_dir(self.directory.path()).unwrap() {
            for file in fs::read_dir(part.unwrap().path()).unwrap() {
                let path = file.unwrap().path();
                files.push(path.strip_prefix(self.directory.path()).unwrap().display().to_string());
            }
        }
        files.sort();
        files
    }
}

/// A header with this many attachments.
fn header(attachments: usize) -> Header {
    Header {
        version: VERSION,
        boot_id: boot_id(),
        container: "c1".into(),
        interface: "eth0".into(),
        netns: "/run/netns/one".into(),
        network: "k8s-pod-network".into(),
        cni_args: "IgnoreUnknown=1;A=b=c".into(),
        pod: Some(Pod { namespace: "ns".into(), name: "p".into(), uid: "u".into() }),
        created: 1_700_000_000,
        path: vec!["/opt/cni/bin".into()],
        attachments: (0..attachments).map(planned).collect(),
        decision: json!({"selector": "annotation"}),
    }
}

fn planned(index: usize) -> Planned {
    let list =
        json!({"cniVersion": "1.0.0", "name": "n", "plugins": [{"type": "bridge", "big": 9_007_199_254_740_993_u64}]});
    let runtime_config = json!({"portMappings": [{"HostPort": 8080}]}).as_object().unwrap().clone();
    Planned { interface: format!("eth{index}"), list, cni_args: "IP=10.0.0.1".into(), runtime_config }
}

fn result(index: usize) -> Value {
    json!({"cniVersion": "1.0.0", "dns": {"domain": format!("d{index}\nsecond line")}})
}

/// A deadline that no test should reach.
fn soon() -> Instant {
    Instant::now() + Duration::from_mins(1)
}
