//! Networks that a pod can have from containerd itself, past us: what we add to a pod's start
//! is measured beside it.

use std::fs;

use anyhow::Result;

use super::node::ClusterNode;

/// These, each by the handler `alone-NAME` of a `RuntimeClass`.
pub const ALONE: [&str; 2] = ["calico", "flannel"];

impl ClusterNode {
    /// Gives each network a directory of its own, and answers the handlers that read them, for
    /// containerd's configuration. A table of handlers replaces the usual one.
    pub(super) fn handlers(&self) -> Result<String> {
        let table = |handler: &str, more: &str| {
            let table = format!("[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.{handler}]");
            format!("{table}\nruntime_type = \"io.containerd.runc.v2\"\n{more}")
        };
        let mut handlers = vec![table("runc", "")];
        for network in ALONE {
            let (file, directory) = (format!("10-{network}.conflist"), format!("etc/cni/alone-{network}.d"));
            fs::create_dir_all(self.file(&directory))?;
            fs::copy(self.file("etc/cni/net.d").join(&file), self.file(&directory).join(&file))?;
            handlers.push(table(&format!("alone-{network}"), &format!("cni_conf_dir = \"/{directory}\"\n")));
        }
        Ok(handlers.concat())
    }
}
