//! The traces of attachments, for a comparison of before and after.

use std::collections::BTreeSet;

use anyhow::Result;

use super::Cluster;
use super::node::ClusterNode;

/// Prints one line for each trace. Left out are things that outlive the last pod by design (the
/// bridges, portmap's shared chains, host-local's bookkeeping), and things of the runtime itself
/// (`results`, and the empty namespaces that a killed containerd forgets).
pub(crate) const TRACES: &str = r"
ip -o link show | sed -n 's/^[0-9]*: \([^:@]*\).*/link \1/p' | grep -vxE 'link (cni0|br-.*)'
iptables-save | grep -oE 'CNI-(DN-|SN-)?[0-9a-f]{20,}' | sort -u
ip -4 route show | sed -n 's/ *$//; s/^.* dev cali/route &/p'
find /var/lib/cni -path /var/lib/cni/results -prune -o -type f ! -name lock ! -name 'last_reserved_ip.*' -print
find /var/lib/genie/records /var/lib/genie/spool -type f 2> /dev/null
true
";

impl ClusterNode {
    /// The traces of attachments on the node, one on each line.
    pub fn traces(&self) -> Result<BTreeSet<String>> {
        Ok(self.run(TRACES)?.lines().map(|line| format!("{}: {line}", self.name)).collect())
    }
}

impl Cluster {
    /// The traces of attachments in the cluster, one on each line.
    pub fn traces(&self) -> Result<BTreeSet<String>> {
        let mut traces = self.datastore().traces()?;
        for node in self.nodes() {
            traces.extend(node.traces()?);
        }
        Ok(traces)
    }
}
