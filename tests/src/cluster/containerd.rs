//! A node's containerd, and its images.

use std::fs;
use std::time::Duration;

use anyhow::Result;

use super::image;
use super::node::ClusterNode;
use super::shell::{await_that, output};

/// Networks that a pod can have from containerd itself, past us: the handler `alone-NAME`
/// of a `RuntimeClass`. What we add to a pod's start is measured beside it.
pub const ALONE: [&str; 2] = ["calico", "flannel"];

/// A handler whose networks are in a directory of its own.
fn handler(network: &str) -> String {
    let table = format!("[plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.alone-{network}]");
    let directory = alone_directory(network);
    format!("{table}\nruntime_type = \"io.containerd.runc.v2\"\ncni_conf_dir = \"/{directory}\"\n")
}

fn alone_directory(network: &str) -> String {
    format!("etc/cni/alone-{network}.d")
}

impl ClusterNode {
    pub(super) fn write_containerd_config(&self) -> Result<()> {
        // Scores below zero take a capability that a container in CI has not; a native snapshot
        // is a plain copy, which any file system can do.
        let config = format!(
            "version = 2\n\
             [plugins.\"io.containerd.grpc.v1.cri\"]\n\
             restrict_oom_score_adj = true\n\
             sandbox_image = \"{}\"\n\
             [plugins.\"io.containerd.grpc.v1.cri\".containerd]\n\
             snapshotter = \"native\"\n\
             [plugins.\"io.containerd.grpc.v1.cri\".containerd.runtimes.runc]\n\
             runtime_type = \"io.containerd.runc.v2\"\n{}",
            image::PAUSE,
            ALONE.map(handler).concat()
        );
        for network in ALONE {
            let (file, directory) = (format!("10-{network}.conflist"), self.file(&alone_directory(network)));
            fs::create_dir_all(&directory)?;
            fs::copy(self.file("etc/cni/net.d").join(&file), directory.join(&file))?;
        }
        fs::create_dir_all(self.file("etc/containerd"))?;
        Ok(fs::write(self.file("etc/containerd/config.toml"), config)?)
    }

    pub(super) fn start_containerd(&self) -> Result<()> {
        let place = self.place()?;
        place.start("containerd", &self.cluster.logs, "containerd".as_ref(), |_| ())?;
        let ctr = |arguments: &[&str]| output(place.command("ctr").args(arguments));
        await_that("containerd", Duration::from_mins(1), || ctr(&["version"]).map(|_| None))?;
        let there = ctr(&["-n", "k8s.io", "images", "list", "-q"])?;
        if there.contains(image::PAUSE) {
            return Ok(());
        }
        for archive in image::archives(&self.cluster.dir.join("images")) {
            let archive = archive.to_string_lossy();
            ctr(&["-n", "k8s.io", "images", "import", "--snapshotter", "native", &archive])?;
        }
        Ok(())
    }
}
