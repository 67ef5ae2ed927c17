//! What attachments leave behind, for a comparison of before and after.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;

use super::Cluster;
use super::control::etcdctl;
use super::node::ClusterNode;
use super::shell::output;

/// Prints one line for each trace. Not among them is what outlives the last pod by design:
/// the bridge, portmap's shared chains, host-local's bookkeeping, and what is the runtime's own:
/// `results`, and the empty namespaces that a killed containerd forgets.
const TRACES: &str = r"
ip -o link show | sed -n 's/^[0-9]*: \([^:@]*\).*/link \1/p' | grep -vx 'link cni0'
iptables-save | grep -oE 'CNI-(DN-|SN-)?[0-9a-f]{20,}' | sort -u
ip -4 route show | sed -n 's/ *$//; s/^.* dev cali/route &/p'
find /var/lib/cni -path /var/lib/cni/results -prune -o -type f ! -name lock ! -name 'last_reserved_ip.*' -print
find /var/lib/genie/records /var/lib/genie/spool -type f 2> /dev/null
true
";

impl ClusterNode {
    /// What is left on the node of attachments, one line each.
    pub fn traces(&self) -> Result<BTreeSet<String>> {
        Ok(self.run(TRACES)?.lines().map(|line| format!("{}: {line}", self.name)).collect())
    }
}

impl Cluster {
    /// What is left in the cluster of attachments, one line each.
    pub fn traces(&self) -> Result<BTreeSet<String>> {
        let mut traces = Self::traces_in_calico()?;
        for node in self.nodes() {
            traces.extend(node.traces()?);
        }
        Ok(traces)
    }

    fn traces_in_calico() -> Result<BTreeSet<String>> {
        let mut traces = BTreeSet::new();
        let keys = output(etcdctl().args(["get", "--prefix", "--keys-only", "/calico"]))?;
        let lasting = |key: &&str| key.contains("/ipam/v2/handle/") || key.contains("/workloadendpoints/");
        traces.extend(keys.lines().filter(lasting).map(ToOwned::to_owned));
        let blocks = output(etcdctl().args(["get", "--prefix", "--print-value-only", "/calico/ipam/v2/assignment"]))?;
        for block in blocks.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok()) {
            let used = block["allocations"].as_array().map(Vec::as_slice).unwrap_or_default();
            let used = used.iter().filter(|address| !address.is_null()).count();
            if used > 0 {
                traces.insert(format!("{used} addresses in {}", block["cidr"]));
            }
        }
        Ok(traces)
    }
}
