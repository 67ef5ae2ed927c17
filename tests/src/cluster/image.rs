//! The images of the nodes. They are OCI layouts of one layer, since there is no registry to pull
//! from.

use std::fs;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::shell::{command, output};

/// The image of the container that holds a pod's namespaces.
pub(crate) const PAUSE: &str = "localhost/pause:e2e";
/// Our own image, made from `dist/`, with the name in `deploy/genie.yaml`.
pub const OWN: &str = concat!("docker.io/library/genie-host:", env!("CARGO_PKG_VERSION"));
/// The image of the scenario's pods.
const BUSYBOX: &str = "docker.io/library/busybox:1.25.0";
/// The programs of busybox that pods use.
const APPLETS: [&str; 10] = ["cat", "echo", "httpd", "ip", "ls", "ping", "sh", "sleep", "timeout", "wget"];

/// Makes the archives of all images.
pub(crate) fn make(dir: &Path, dist: &Path) -> Result<()> {
    make_common(dir)?;
    let own = dir.join("genie-host.root");
    for program in ["genie", "genie-host", "script.wasm"] {
        install(&dist.join(program), &own.join("usr/local/bin").join(program))?;
    }
    archive(dir, "genie-host", OWN, &json!({"Entrypoint": ["/usr/local/bin/genie-host"]}))
}

/// Makes the archives of all images but our own.
pub(crate) fn make_common(dir: &Path) -> Result<()> {
    fs::create_dir_all(dir)?;
    let busybox = dir.join("busybox.root");
    install(&which("busybox")?, &busybox.join("bin/busybox"))?;
    for applet in APPLETS {
        symlink("busybox", busybox.join("bin").join(applet))?;
    }
    fs::create_dir_all(busybox.join("tmp"))?;
    archive(dir, "busybox", BUSYBOX, &json!({"Cmd": ["/bin/sh"], "Env": ["PATH=/bin"]}))?;
    symlink("busybox.root", dir.join("pause.root"))?;
    archive(dir, "pause", PAUSE, &json!({"Entrypoint": ["/bin/sleep", "1000000000"]}))
}

/// The archives that exist, for `ctr images import`.
pub(crate) fn archives(dir: &Path) -> impl Iterator<Item = PathBuf> {
    let archives = ["busybox", "pause", "genie-host"].map(|name| dir.join(format!("{name}.tar")));
    archives.into_iter().filter(|archive| archive.is_file())
}

fn archive(dir: &Path, name: &str, reference: &str, config: &Value) -> Result<()> {
    let layout = dir.join(format!("{name}.layout"));
    let blobs = layout.join("blobs/sha256");
    fs::create_dir_all(&blobs)?;

    let layer = dir.join(format!("{name}.layer"));
    let root = dir.join(format!("{name}.root"));
    output(command("tar").args(["--owner=0", "--group=0", "-C"]).arg(root).arg("-cf").arg(&layer).arg("."))?;
    let layer_digest = digest(&layer)?;
    let layer_size = fs::metadata(&layer)?.len();
    fs::rename(&layer, blobs.join(&layer_digest))?;

    let blob = |value: &Value| -> Result<(String, usize)> {
        let (text, file) = (value.to_string(), dir.join("blob"));
        fs::write(&file, &text)?;
        let digest = digest(&file)?;
        fs::rename(&file, blobs.join(&digest))?;
        Ok((format!("sha256:{digest}"), text.len()))
    };
    let (config_digest, config_size) = blob(&json!({
        "architecture": architecture(), "os": "linux", "config": config,
        "rootfs": {"type": "layers", "diff_ids": [format!("sha256:{layer_digest}")]},
    }))?;
    let kind = |of: &str| format!("application/vnd.oci.image.{of}");
    let (manifest_digest, manifest_size) = blob(&json!({
        "schemaVersion": 2, "mediaType": kind("manifest.v1+json"),
        "config": {"mediaType": kind("config.v1+json"), "digest": config_digest, "size": config_size},
        "layers": [{
            "mediaType": kind("layer.v1.tar"), "digest": format!("sha256:{layer_digest}"), "size": layer_size,
        }],
    }))?;
    let index = json!({"schemaVersion": 2, "manifests": [{
        "mediaType": kind("manifest.v1+json"), "digest": manifest_digest, "size": manifest_size,
        "annotations": {"io.containerd.image.name": reference},
    }]});
    fs::write(layout.join("index.json"), index.to_string())?;
    fs::write(layout.join("oci-layout"), r#"{"imageLayoutVersion": "1.0.0"}"#)?;
    let file = dir.join(format!("{name}.tar"));
    output(command("tar").arg("-C").arg(&layout).arg("-cf").arg(file).arg("."))?;
    Ok(fs::remove_dir_all(layout)?)
}

fn install(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to.parent().context("a file is in a directory")?)?;
    fs::copy(from, to).with_context(|| from.display().to_string())?;
    Ok(fs::set_permissions(to, fs::Permissions::from_mode(0o755))?)
}

fn digest(file: &Path) -> Result<String> {
    let line = output(command("sha256sum").arg(file))?;
    Ok(line.split(' ').next().unwrap_or_default().to_owned())
}

fn which(program: &str) -> Result<PathBuf> {
    Ok(output(command("which").arg(program))?.trim().into())
}

fn architecture() -> &'static str {
    if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" }
}
