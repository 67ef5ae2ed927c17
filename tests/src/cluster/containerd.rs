//! containerd of either generation: its configuration, its start, its images.

use std::env;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::Result;

use super::image;
use super::node::ClusterNode;
use super::place::Place;
use super::shell::{await_that, output};

const CONFIG: &str = "etc/containerd/config.toml";

/// Which one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Containerd {
    /// 1.6, as Debian packages it.
    Debian,
    /// 2, as `tests/tools/build` builds it.
    Current,
}

impl Containerd {
    /// Writes its configuration onto a node's disk, with `more` at its end.
    pub(crate) fn configure(self, files: &Path, conf_dir: &str, more: &str) -> Result<()> {
        // Scores below zero take a capability that a container in CI has not; a native snapshot
        // is a plain copy, which any file system can do.
        let (pause, bin_dir) = (image::PAUSE, "/opt/cni/bin");
        let config = match self {
            Self::Debian => format!(
                r#"version = 2
[plugins."io.containerd.grpc.v1.cri"]
restrict_oom_score_adj = true
sandbox_image = "{pause}"
[plugins."io.containerd.grpc.v1.cri".containerd]
snapshotter = "native"
[plugins."io.containerd.grpc.v1.cri".cni]
bin_dir = "{bin_dir}"
conf_dir = "{conf_dir}"
"#
            ),
            Self::Current => format!(
                r#"version = 3
[plugins."io.containerd.cri.v1.runtime"]
restrict_oom_score_adj = true
[plugins."io.containerd.cri.v1.runtime".cni]
bin_dirs = ["{bin_dir}"]
conf_dir = "{conf_dir}"
[plugins."io.containerd.cri.v1.images"]
snapshotter = "native"
[plugins."io.containerd.cri.v1.images".pinned_images]
sandbox = "{pause}"
"#
            ),
        };
        let file = files.join(CONFIG);
        fs::create_dir_all(files.join("etc/containerd"))?;
        Ok(fs::write(file, config + more)?)
    }

    /// Starts it, waits until it answers, and gives it these images.
    pub(crate) fn start(self, place: &Place, tools: &Path, logs: &Path, images: &Path) -> Result<()> {
        let program = match self {
            Self::Debian => PathBuf::from("containerd"),
            Self::Current => tools.join("bin/containerd"),
        };
        place.start("containerd", logs, &program, |command| {
            if self == Self::Current {
                // Where it finds its shim.
                let path = env::var("PATH").unwrap_or_default();
                command.env("PATH", format!("{}:{path}", tools.join("bin").display()));
            }
        })?;
        let ctr = |arguments: &[&str]| output(place.command("ctr").args(arguments));
        await_that("containerd", Duration::from_mins(1), || ctr(&["version"]).map(|_| None))?;
        let there = ctr(&["-n", "k8s.io", "images", "list", "-q"])?;
        if there.contains(image::PAUSE) {
            return Ok(());
        }
        for archive in image::archives(images) {
            let archive = archive.to_string_lossy();
            ctr(&["-n", "k8s.io", "images", "import", "--snapshotter", "native", &archive])?;
        }
        Ok(())
    }
}

impl ClusterNode {
    pub(super) fn write_containerd_config(&self) -> Result<()> {
        Containerd::Debian.configure(&self.files, "/etc/cni/net.d", &self.handlers()?)
    }

    pub(super) fn start_containerd(&self) -> Result<()> {
        let images = self.cluster.dir.join("images");
        Containerd::Debian.start(&self.place()?, &self.cluster.tools, &self.cluster.logs, &images)
    }
}
