//! calico's datastore: the objects that calico/node and calicoctl would have written, without
//! which its plugin refuses to work.

use std::fs;
use std::io::Write as _;
use std::process::Stdio;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::CALICO_POOL;
use super::control::etcdctl;

/// The pool, and that all is well.
pub(crate) fn prepare() -> Result<()> {
    let pool = json!({
        "cidr": CALICO_POOL, "blockSize": 26, "ipipMode": "Never", "vxlanMode": "Never",
        "natOutgoing": false, "nodeSelector": "all()", "allowedUses": ["Workload"],
    });
    put("IPPool", "ippools", "default-ipv4-ippool", pool)?;
    put("ClusterInformation", "clusterinformations", "default", json!({"datastoreReady": true}))
}

/// A node that may ask for addresses.
pub(crate) fn register(node: &str, ip: &str) -> Result<()> {
    put("Node", "nodes", node, json!({"bgp": {"ipv4Address": format!("{ip}/24")}}))
}

#[allow(clippy::needless_pass_by_value)] // reads better where it is called
fn put(kind: &str, plural: &str, name: &str, spec: Value) -> Result<()> {
    let uid = fs::read_to_string("/proc/sys/kernel/random/uuid")?;
    let object = json!({
        "apiVersion": "projectcalico.org/v3", "kind": kind, "spec": spec,
        "metadata": {"name": name, "uid": uid.trim(), "creationTimestamp": "2026-01-01T00:00:00Z"},
    });
    let key = format!("/calico/resources/v3/projectcalico.org/{plural}/{name}");
    let mut etcdctl = etcdctl();
    let mut child = etcdctl.arg("put").arg(key).stdin(Stdio::piped()).stdout(Stdio::null()).spawn()?;
    child.stdin.take().context("etcdctl's stdin")?.write_all(object.to_string().as_bytes())?;
    if !child.wait()?.success() {
        bail!("etcdctl cannot write calico's {kind} {name}");
    }
    Ok(())
}
