//! The plugin's credentials for the API server: a kubeconfig in the conf dir, where CNI-Genie's
//! configurations look for it. The token is in a file of its own, so that a new one every hour does
//! not wake the watchers of the conf dir.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use serde_json::json;

use super::Layout;
use super::file;
use super::manifest::Manifest;

/// Where Kubernetes puts a pod's credentials.
const DIR: &str = "/var/run/secrets/kubernetes.io/serviceaccount";

/// A pod's access to the API server.
#[derive(Clone, Debug)]
pub struct ServiceAccount {
    /// The directory of `token` and `ca.crt`, which the kubelet renews.
    pub dir: PathBuf,
    /// The API server's address or name.
    pub host: String,
    /// The API server's port.
    pub port: String,
}

impl ServiceAccount {
    /// The service account of our own pod. The result is none outside of a pod.
    pub fn of_pod() -> Option<Self> {
        let dir = PathBuf::from(DIR);
        dir.join("token").exists().then_some(())?;
        let port = std::env::var("KUBERNETES_SERVICE_PORT").unwrap_or_else(|_| "443".into());
        Some(Self { dir, host: std::env::var("KUBERNETES_SERVICE_HOST").ok()?, port })
    }

    /// The host as it is in a URL: an IPv6 address is in brackets, since a colon would begin the
    /// port.
    pub fn host_in_url(&self) -> String {
        if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() }
    }

    fn server(&self) -> String {
        format!("https://{}:{}", self.host_in_url(), self.port)
    }
}

/// The directory of the node's copies.
pub fn dir(layout: &Layout) -> PathBuf {
    layout.state_dir.join("credentials")
}

/// Brings the node's copies up to date, for root alone. A file that has not changed is not touched.
///
/// # Errors
/// A file cannot be read or written. The message quotes nothing of it.
pub fn refresh(layout: &Layout, account: &ServiceAccount, manifest: &mut Manifest) -> Result<()> {
    let dir = dir(layout);
    file::make_dir(&layout.on_host(&dir), 0o700)?;
    for name in ["ca.crt", "token"] {
        let content = required(&account.dir.join(name))?;
        file::place(&layout.on_host(&dir.join(name)), &content, 0o600)?;
    }
    let path = layout.kubeconfig();
    let at = layout.on_host(&path);
    file::make_dir(at.parent().unwrap_or(&at), 0o755)?;
    // JSON is YAML, and needs no quoting by us.
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "genie",
        "clusters": [{"name": "local", "cluster": {"server": account.server(), "certificate-authority": dir.join("ca.crt")}}],
        "users": [{"name": "genie", "user": {"tokenFile": dir.join("token")}}],
        "contexts": [{"name": "genie", "context": {"cluster": "local", "user": "genie"}}],
    });
    let text = format!("{kubeconfig:#}\n");
    manifest.add(layout, &path, text.as_bytes())?;
    file::place(&at, text.as_bytes(), 0o600).map(|_| ())
}

fn required(path: &Path) -> Result<Vec<u8>> {
    match file::read(path)? {
        Some(content) if !content.is_empty() => Ok(content),
        _ => bail!("{} is missing or empty: the pod has no credentials", path.display()),
    }
}
