//! CRI-O.

use std::fs;
use std::path::Path;

use anyhow::Result;

use crate::cluster::{Place, image, output};

const STORAGE: &str = "/var/lib/containers/storage";
const RUN_STORAGE: &str = "/run/containers/storage";
const POLICY: &str = "/etc/containers/policy.json";
const CONFIG: &str = "/etc/crio/crio.conf";

/// Writes the configuration of CRI-O onto a node's disk.
pub(super) fn configure(files: &Path, conf_dir: &str) -> Result<()> {
    let file = |path: &str| files.join(path.trim_start_matches('/'));
    for dir in ["/etc/crio", "/etc/containers"] {
        fs::create_dir_all(file(dir))?;
    }
    fs::write(file(POLICY), r#"{"default": [{"type": "insecureAcceptAnything"}]}"#)?;
    let tools = crate::programs::tools();
    let config = format!(
        r#"[crio]
root = "{STORAGE}"
runroot = "{RUN_STORAGE}"
storage_driver = "vfs"
[crio.api]
listen = "/run/crio/crio.sock"
[crio.runtime]
cgroup_manager = "cgroupfs"
conmon_cgroup = "pod"
pinns_path = "{}"
default_runtime = "runc"
[crio.runtime.runtimes.runc]
runtime_path = "/usr/sbin/runc"
runtime_root = "/run/runc"
monitor_path = "/usr/bin/conmon"
[crio.image]
pause_image = "{}"
signature_policy = "{POLICY}"
[crio.network]
network_dir = "{conf_dir}"
plugin_dirs = ["/opt/cni/bin"]
"#,
        tools.join("bin/pinns").display(),
        image::PAUSE,
    );
    Ok(fs::write(file(CONFIG), config)?)
}

/// Gives CRI-O its images and starts it.
pub(super) fn start(place: &Place, tools: &Path, logs: &Path, images: &Path) -> Result<()> {
    if !place.path(STORAGE).join("vfs-images").is_dir() {
        let archive = images.join("pause.tar");
        let mut copy = place.command(tools.join("bin/copyimg"));
        copy.args(["--root", STORAGE, "--runroot", RUN_STORAGE, "--storage-driver", "vfs"]);
        copy.args(["--signature-policy", POLICY, "--image-name", image::PAUSE]);
        output(copy.arg("--import-from").arg(format!("oci-archive:{}", archive.display())))?;
    }
    place.start("crio", logs, &tools.join("bin/crio"), |command| {
        command.args(["--config", CONFIG, "--config-dir", ""]);
    })
}
