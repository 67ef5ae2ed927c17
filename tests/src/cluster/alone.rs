//! Networks that containerd can give a pod by itself, without us. A pod's start with us is measured
//! beside a start with one of these.

use std::fs;

use anyhow::Result;

use super::node::ClusterNode;

/// These networks. The handler `alone-NAME` of a `RuntimeClass` stands for each.
pub const ALONE: [&str; 2] = ["calico", "flannel"];

impl ClusterNode {
    /// Gives each network a directory of its own. Returns the handlers that read these directories,
    /// for containerd's configuration. A table of handlers replaces the usual one, so the usual
    /// handler is in it, too.
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
