//! What an agent does when it is stopped: it takes everything away when its `DaemonSet` was
//! removed, and nothing when that is in doubt.

use std::fs::{self, File};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use genie_tests::apiserver::ApiServer;
use genie_tests::programs;
use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tempfile::TempDir;

/// How long a test waits for something before it fails.
const SOON: Duration = Duration::from_mins(1);

/// The server of all tests. Each test has its own namespace.
static SERVER: LazyLock<ApiServer> = LazyLock::new(ApiServer::start);

/// A node with an agent of the `DaemonSet` `genie` in a namespace. The agent has a service account
/// of its own.
struct Installed {
    namespace: &'static str,
    dir: TempDir,
    agent: Child,
}

impl Installed {
    fn new(namespace: &'static str) -> Self {
        let metadata = |name: &str| json!({"name": name, "namespace": namespace});
        SERVER.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}));
        let labels = json!({"app": "genie"});
        let template =
            json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "c", "image": "none"}]}});
        SERVER.create_all(&[
            json!({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": metadata("genie")}),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "Role", "metadata": metadata("genie"),
                "rules": [{"apiGroups": ["apps"], "resources": ["daemonsets"], "resourceNames": ["genie"],
                    "verbs": ["get", "list", "watch"]}]}),
            json!({"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "RoleBinding", "metadata": metadata("genie"),
                "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "genie"},
                "subjects": [{"kind": "ServiceAccount", "name": "genie", "namespace": namespace}]}),
            json!({"apiVersion": "apps/v1", "kind": "DaemonSet", "metadata": metadata("genie"),
                "spec": {"selector": {"matchLabels": labels}, "template": template}}),
        ]);
        let dir = tempfile::tempdir().unwrap();
        for part in ["config", "host/etc/cni/net.d"] {
            fs::create_dir_all(dir.path().join(part)).unwrap();
        }
        fs::write(dir.path().join("config/00-genie.conf"), json!({"name": "g", "type": "genie"}).to_string()).unwrap();
        let network = json!({"cniVersion": "1.0.0", "name": "n", "type": "bridge"});
        fs::write(dir.path().join("host/etc/cni/net.d/10-n.conf"), network.to_string()).unwrap();
        let mut kubeconfig: serde_json::Value =
            serde_json::from_slice(&fs::read(SERVER.kubeconfig()).unwrap()).unwrap();
        let token = SERVER.kubectl(&["create", "token", "genie", "-n", namespace]);
        kubeconfig["users"][0]["user"] = json!({"token": token.trim()});
        fs::write(dir.path().join("kubeconfig"), kubeconfig.to_string()).unwrap();
        let agent = Command::new(programs::dist("genie-host"))
            .args(["agent", "--node", "node1", "--listen", "none", "--daemon-set", "genie", "--log-level", "debug"])
            .args(["--namespace", namespace, "--config"])
            .arg(dir.path().join("config"))
            .arg("--host-root")
            .arg(dir.path().join("host"))
            .arg("--kubeconfig")
            .arg(dir.path().join("kubeconfig"))
            .stdin(Stdio::null())
            .stderr(File::create(dir.path().join("log")).unwrap())
            .spawn()
            .unwrap();
        let installed = Self { namespace, dir, agent };
        installed.until("it is installed", || installed.conf().exists());
        installed.until("the DaemonSet is watched", || installed.log().contains("the DaemonSet was seen"));
        installed
    }

    fn conf(&self) -> PathBuf {
        self.dir.path().join("host/etc/cni/net.d/00-genie.conf")
    }

    fn log(&self) -> String {
        fs::read_to_string(self.dir.path().join("log")).unwrap()
    }

    #[track_caller]
    fn until(&self, what: &str, holds: impl Fn() -> bool) {
        let deadline = Instant::now() + SOON;
        while !holds() {
            assert!(Instant::now() < deadline, "waited in vain until {what}; the agent says:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    fn delete(&self, what: &str) {
        SERVER.kubectl(&["delete", what, "genie", "-n", self.namespace]);
    }

    /// Deletes the agent's service account, so that the API server knows it no longer.
    fn lose_identity(&self) {
        self.delete("serviceaccount");
        let is_refused = || {
            let asked = Command::new(programs::tool("kubectl"))
                .args(["get", "daemonset", "genie", "-n", self.namespace, "--kubeconfig"])
                .arg(self.dir.path().join("kubeconfig"))
                .env("HOME", self.dir.path())
                .output()
                .unwrap();
            // This is kubectl's text for the status 401.
            String::from_utf8_lossy(&asked.stderr).contains("Unauthorized")
        };
        self.until("its token is refused", is_refused);
    }

    /// Stops the agent as the kubelet does. Returns whether genie is still installed.
    fn stop(mut self) -> bool {
        let agent = Pid::from_raw(i32::try_from(self.agent.id()).unwrap()).unwrap();
        kill_process(agent, Signal::TERM).unwrap();
        assert!(self.agent.wait().unwrap().success(), "{}", self.log());
        self.conf().exists()
    }
}

impl Drop for Installed {
    fn drop(&mut self) {
        _ = self.agent.kill();
        _ = self.agent.wait();
    }
}

#[test]
fn an_agent_that_the_api_server_refuses_takes_nothing_away() {
    let installed = Installed::new("refused");
    installed.lose_identity();
    assert!(installed.stop(), "the node has lost its plugin although the DaemonSet is there");
}

#[test]
fn who_deletes_the_daemon_set_and_its_identity_removes_the_installation() {
    let installed = Installed::new("deleted-with-identity");
    installed.delete("daemonset");
    installed.lose_identity();
    assert!(!installed.stop(), "it stays on the node although the DaemonSet is gone");
}

#[test]
fn who_deletes_the_daemon_set_alone_removes_the_installation() {
    let installed = Installed::new("deleted-alone");
    installed.delete("daemonset");
    assert!(!installed.stop());
}

#[test]
fn an_agent_that_is_restarted_takes_nothing_away() {
    assert!(Installed::new("restarted").stop());
}
