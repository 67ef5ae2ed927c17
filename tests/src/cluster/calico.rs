//! calico's datastore: an etcd with the objects that calico/node and calicoctl would have written.
//! Without them calico's plugin refuses to work.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::CALICO_POOL;
use super::place::Place;
use super::shell::{await_that, output};

/// How long the first start may take on a busy machine.
const START: Duration = Duration::from_mins(3);

/// An etcd, and the place where it runs.
#[derive(Clone, Debug)]
pub struct Datastore {
    place: Place,
    endpoint: String,
}

impl Datastore {
    /// The etcd of this place with this address. It need not run yet.
    pub(crate) fn new(place: Place, endpoint: &str) -> Self {
        Self { place, endpoint: endpoint.into() }
    }

    /// Starts etcd and waits until it answers.
    pub(crate) fn start(&self, dir: &Path, logs: &Path) -> Result<()> {
        let peer = "http://127.0.0.1:2380";
        self.place.start("etcd", logs, "etcd".as_ref(), |command| {
            command.arg("--data-dir").arg(dir);
            command.args(["--name", "e2e", "--listen-client-urls", &self.endpoint]);
            command.args(["--advertise-client-urls", &self.endpoint]);
            command.args(["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer]);
            command.args(["--initial-cluster", "e2e=http://127.0.0.1:2380", "--log-level", "warn"]);
        })?;
        await_that("etcd", START, || output(self.etcdctl().args(["endpoint", "health"])).map(|_| None))
    }

    /// Writes the pool, and that the datastore is ready.
    pub(crate) fn prepare(&self) -> Result<()> {
        let pool = json!({
            "cidr": CALICO_POOL, "blockSize": 26, "ipipMode": "Never", "vxlanMode": "Never",
            "natOutgoing": false, "nodeSelector": "all()", "allowedUses": ["Workload"],
        });
        self.put("IPPool", "ippools", "default-ipv4-ippool", pool)?;
        self.put("ClusterInformation", "clusterinformations", "default", json!({"datastoreReady": true}))
    }

    /// Adds a node, which may then ask for addresses.
    pub(crate) fn register(&self, node: &str, ip: &str) -> Result<()> {
        self.put("Node", "nodes", node, json!({"bgp": {"ipv4Address": format!("{ip}/24")}}))
    }

    /// The traces of attachments in the datastore, one on each line.
    pub fn traces(&self) -> Result<BTreeSet<String>> {
        let mut traces = BTreeSet::new();
        let get = |arguments: &[&str]| output(self.etcdctl().args(["get", "--prefix"]).args(arguments));
        let keys = get(&["--keys-only", "/calico"])?;
        let lasting = |key: &&str| key.contains("/ipam/v2/handle/") || key.contains("/workloadendpoints/");
        traces.extend(keys.lines().filter(lasting).map(ToOwned::to_owned));
        let blocks = get(&["--print-value-only", "/calico/ipam/v2/assignment"])?;
        for block in blocks.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let used = block["allocations"].as_array().map(Vec::as_slice).unwrap_or_default();
            let used = used.iter().filter(|address| !address.is_null()).count();
            if used > 0 {
                traces.insert(format!("{used} addresses in {}", block["cidr"]));
            }
        }
        Ok(traces)
    }

    #[allow(clippy::needless_pass_by_value)] // reads better where it is called
    fn put(&self, kind: &str, plural: &str, name: &str, spec: Value) -> Result<()> {
        let uid = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
        let object = json!({
            "apiVersion": "projectcalico.org/v3", "kind": kind, "spec": spec,
            "metadata": {"name": name, "uid": uid.trim(), "creationTimestamp": "2026-01-01T00:00:00Z"},
        });
        let key = format!("/calico/resources/v3/projectcalico.org/{plural}/{name}");
        let mut etcdctl = self.etcdctl();
        let mut child = etcdctl.arg("put").arg(key).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
        child.stdin.take().context("etcdctl's stdin")?.write_all(object.to_string().as_bytes())?;
        if !child.wait()?.success() {
            bail!("etcdctl cannot write calico's {kind} {name}");
        }
        Ok(())
    }

    fn etcdctl(&self) -> Command {
        let mut etcdctl = self.place.command("etcdctl");
        etcdctl.env("ETCDCTL_API", "3").args(["--endpoints", &self.endpoint, "--command-timeout", "5s"]);
        etcdctl
    }
}
