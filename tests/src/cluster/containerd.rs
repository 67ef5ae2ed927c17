//! containerd 1.6 and 2: configuration, start and images.

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
/// The directory where containerd looks for plugins by default.
pub(crate) const BIN_DIR: &str = "/opt/cni/bin";
/// The directory where containerd reads networks by default.
const CONF_DIR: &str = "/etc/cni/net.d";

/// The version of containerd.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Containerd {
    /// 1.6, as Debian packages it.
    Debian,
    /// 2, as `tests/tools/build` builds it.
    Current,
}

impl Containerd {
    /// Writes the configuration onto a node's disk, with `more` at its end.
    pub(crate) fn configure(self, files: &Path, conf_dir: &str, bin_dir: &str, more: &str) -> Result<()> {
        // Scores below zero need a capability that a container in CI does not have. A native
        // snapshot is a plain copy, which every file system can make.
        let pause = image::PAUSE;
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

    /// Starts containerd, waits until it answers, and gives it these images.
    pub(crate) fn start(self, place: &Place, tools: &Path, logs: &Path, images: &Path) -> Result<()> {
        let program = match self {
            Self::Debian => PathBuf::from("containerd"),
            Self::Current => tools.join("bin/containerd"),
        };
        place.start("containerd", logs, &program, |command| {
            if self == Self::Current {
                // containerd finds its shim in `PATH`.
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
        Containerd::Debian.configure(&self.files, CONF_DIR, BIN_DIR, &self.handlers()?)
    }

    /// Moves the node's networks and their plugins into other directories, and makes the runtime
    /// read these. Nothing is left in the usual ones.
    pub fn move_networks(&self, conf_dir: &str, bin_dir: &str) -> Result<()> {
        // The handlers are made from the usual directory, so before it is moved.
        let handlers = self.handlers()?;
        self.run(&format!(
            "mkdir -p {conf_dir} {bin_dir} && rmdir {conf_dir} {bin_dir} &&
             mv {CONF_DIR} {conf_dir} && mv {BIN_DIR} {bin_dir}"
        ))?;
        Containerd::Debian.configure(&self.files, conf_dir, bin_dir, &handlers)?;
        self.restart_daemon("containerd")
    }

    /// Undoes [`Self::move_networks`], however far that came.
    pub fn move_networks_back(&self, conf_dir: &str, bin_dir: &str) -> Result<()> {
        self.run(&format!(
            "if [ -d {conf_dir} ]; then rm -rf {CONF_DIR} && mv {conf_dir} {CONF_DIR}; fi &&
             if [ -d {bin_dir} ]; then rm -rf {BIN_DIR} && mv {bin_dir} {BIN_DIR}; fi"
        ))?;
        self.write_containerd_config()?;
        self.restart_daemon("containerd")
    }

    pub(super) fn start_containerd(&self) -> Result<()> {
        let images = self.cluster.dir.join("images");
        Containerd::Debian.start(&self.place()?, &self.cluster.tools, &self.cluster.logs, &images)
    }
}
