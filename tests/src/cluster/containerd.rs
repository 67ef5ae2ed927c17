//! A node's containerd, and its images.

use std::fs;
use std::time::Duration;

use anyhow::Result;

use super::image;
use super::node::ClusterNode;
use super::shell::{await_that, output};

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
             snapshotter = \"native\"\n",
            image::PAUSE
        );
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
