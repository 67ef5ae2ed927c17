//! Multus, configured as by its own deployment.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use genie_tests::programs;
use serde_json::{Value, json};

use super::contender::Reach;
use super::site::{Kind, Site, VERSION};

/// How long the daemon may take until it serves.
const PATIENCE: Duration = Duration::from_mins(1);

/// Starts the daemon as in its pod: the host's files are below `/hostroot`, changes of mounts are
/// seen (`HostToContainer`), and the service account's files are where Kubernetes puts them. The
/// `/var` of this process is not touched.
const RUN: &str = r#"
set -e
mount --rbind / "$1/hostroot"
mount --bind "$1/var" /var
exec "$1/multus-daemon" -config "$1/daemon-config.json"
"#;

/// Creates the account of Multus, with the permissions of `deployments/multus-daemonset-thick.yml`.
pub fn create_account(site: &Site) {
    let name = json!({"name": "multus"});
    let rules = json!([
        {"apiGroups": ["k8s.cni.cncf.io"], "resources": ["*"], "verbs": ["*"]},
        {"apiGroups": [""], "resources": ["pods", "pods/status"], "verbs": ["get", "list", "update", "watch"]},
        {"apiGroups": ["", "events.k8s.io"], "resources": ["events"], "verbs": ["create", "patch", "update"]},
    ]);
    let rbac = "rbac.authorization.k8s.io";
    site.server.create_all(&[
        json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "multus", "namespace": "kube-system"}}),
        json!({"apiVersion": format!("{rbac}/v1"), "kind": "ClusterRole", "metadata": name, "rules": rules}),
        json!({
            "apiVersion": format!("{rbac}/v1"), "kind": "ClusterRoleBinding", "metadata": name,
            "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", "name": "multus"},
            "subjects": [{"kind": "ServiceAccount", "name": "multus", "namespace": "kube-system"}],
        }),
    ]);
}

/// Writes the account's credentials where the thin plugin and the daemon of this reach look for them.
///
/// # Panics
/// When the API server gives no token.
pub fn write_credentials(site: &Site, reach: &Reach) {
    let token = site.server.kubectl(&["create", "token", "multus", "--namespace", "kube-system", "--duration", "24h"]);
    let account = site.at(&reach.file("thick")).join("var/run/secrets/kubernetes.io/serviceaccount");
    fs::create_dir_all(&account).expect("a new directory");
    fs::write(account.join("token"), token.trim()).expect("a new file");
    fs::copy(authority(site), account.join("ca.crt")).expect("a file can be copied");
    // The thin entrypoint writes this, but with the certificate in a file.
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "multus-context",
        "clusters": [{"name": "local", "cluster": {"server": reach.url, "certificate-authority": account.join("ca.crt")}}],
        "users": [{"name": "multus", "user": {"token": token.trim()}}],
        "contexts": [{"name": "multus-context", "context": {"cluster": "local", "user": "multus"}}],
    });
    fs::write(kubeconfig_file(site, reach), kubeconfig.to_string()).expect("a new file");
}

/// The thin plugin's configuration as its entrypoint writes it (`--multus-conf-file=auto`), in the
/// form in which a runtime hands it over.
pub fn thin(site: &Site, reach: &Reach, kind: Kind) -> Value {
    json!({
        "cniVersion": VERSION, "name": "multus-cni-network", "type": "multus",
        "kubeconfig": kubeconfig_file(site, reach), "delegates": [site.list(kind, 0)],
        // The entrypoint sets none of these. They are set so that nothing outside of our directory
        // is touched.
        "cniDir": site.at("thin"), "confDir": site.at("none"),
    })
}

/// The simplest configuration of Multus: all pods get the same networks, and there is no API
/// server.
pub fn inline(site: &Site, kind: Kind, networks: usize) -> Value {
    let delegates: Vec<_> = (0..networks).map(|index| site.list(kind, index)).collect();
    json!({
        "cniVersion": VERSION, "name": "multus-cni-network", "type": "multus", "delegates": delegates,
        "cniDir": site.at("inline"), "confDir": site.at("none"),
    })
}

/// The thick plugin's daemon. It is killed when this value is dropped.
pub struct Daemon {
    process: Child,
    config: Value,
    dir: PathBuf,
}

impl Daemon {
    /// Starts the daemon, and waits until it has written the shim's configuration. It does so after
    /// it has begun to serve.
    ///
    /// # Panics
    /// When the daemon does not write it.
    pub fn start(site: &Site, reach: &Reach) -> Self {
        let dir = site.at(&reach.file("thick"));
        for part in ["hostroot", "net.d", "var/lib", "state"] {
            fs::create_dir_all(dir.join(part)).expect("a new directory");
        }
        fs::copy(programs::tool("multus-daemon"), dir.join("multus-daemon")).expect("a program can be copied");
        for kind in [Kind::Noop, Kind::Bridge, Kind::Gated] {
            fs::create_dir(dir.join(kind.plugin())).expect("a new directory");
            fs::write(first_network(&dir, kind), site.plugin_config(kind, 0).to_string()).expect("a new file");
        }
        fs::copy(first_network(&dir, Kind::Noop), dir.join("net.d/10-net.conf")).expect("a file can be copied");
        // As in deployments/multus-daemonset-thick.yml, with our directories and our version.
        let config = json!({
            "chrootDir": dir.join("hostroot"), "cniVersion": VERSION, "logLevel": "verbose", "logToStderr": true,
            "cniConfigDir": dir.join("net.d"), "multusAutoconfigDir": dir.join("net.d"), "multusConfigFile": "auto",
            "socketDir": dir.join("run"), "daemonSocketDir": dir.join("run"), "cniDir": dir.join("state"),
            "confDir": site.at("none"), "binDir": site.bin(),
        });
        fs::write(dir.join("daemon-config.json"), config.to_string()).expect("a new file");
        let port = reach.url.rsplit(':').next().unwrap_or_default().to_owned();
        let process = Command::new("unshare")
            .args(["--mount", "--propagation", "slave", "sh", "-c", RUN, "multus-daemon"])
            .arg(&dir)
            .env("MULTUS_NODE_NAME", "node1")
            .env("KUBERNETES_SERVICE_HOST", "127.0.0.1")
            .env("KUBERNETES_SERVICE_PORT", port)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(File::create(dir.join("log")).expect("a new file"))
            .spawn()
            .expect("unshare starts");
        let mut daemon = Self { process, config: Value::Null, dir: dir.clone() };
        let deadline = Instant::now() + PATIENCE;
        while daemon.config.is_null() {
            let written = fs::read_to_string(dir.join("net.d/00-multus.conf")).unwrap_or_default();
            daemon.config = serde_json::from_str(&written).unwrap_or_default();
            let log = || fs::read_to_string(dir.join("log")).unwrap_or_default();
            assert!(Instant::now() < deadline, "the daemon of Multus does not serve; it says:\n{}", log());
            std::thread::sleep(Duration::from_millis(50));
        }
        daemon
    }

    /// The daemon's process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The shim's configuration as the daemon wrote it, with the first network of a kind.
    pub fn shim(&self, kind: Kind) -> Value {
        let mut config = self.config.clone();
        config["clusterNetwork"] = json!(first_network(&self.dir, kind));
        config
    }
}

impl Drop for Daemon {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// The file of the first network for the daemon. It holds one plugin, not a list: of a list, 4.3.0
/// remembers only the keys that it knows itself. host-local's DEL then fails because its ranges are
/// missing, the shim reports success, and the next ADD finds the address taken.
fn first_network(dir: &Path, kind: Kind) -> PathBuf {
    dir.join(kind.plugin()).join("10-net.conf")
}

fn kubeconfig_file(site: &Site, reach: &Reach) -> PathBuf {
    site.at(&reach.file("multus.kubeconfig"))
}

/// The certificate authority of the API server.
fn authority(site: &Site) -> PathBuf {
    let text = fs::read_to_string(site.server.kubeconfig()).expect("the server wrote it");
    let config: Value = serde_json::from_str(&text).expect("it is JSON");
    config["clusters"][0]["cluster"]["certificate-authority"].as_str().unwrap_or_default().into()
}
