//! A real Kubernetes API server on loopback. It is alone: there are no controllers and no nodes.

use std::fs;
use std::io::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::programs;

/// How long the server may take to start.
const START_TIME: Duration = Duration::from_secs(90);

/// The token of the administrator.
const TOKEN: &str = "administrator";

/// Starts etcd and the API server. When its standard input ends, it ends both and removes their
/// files. That happens however the test's process ends.
const RUN: &str = r#"
cd "$1"; etcd_port=$2 peer_port=$3 port=$4 apiserver=$5
etcd --data-dir etcd --listen-client-urls "http://127.0.0.1:$etcd_port" \
    --advertise-client-urls "http://127.0.0.1:$etcd_port" --listen-peer-urls "http://127.0.0.1:$peer_port" \
    --initial-advertise-peer-urls "http://127.0.0.1:$peer_port" --initial-cluster "default=http://127.0.0.1:$peer_port" \
    --unsafe-no-fsync >etcd.log 2>&1 </dev/null & etcd=$!
"$apiserver" --etcd-servers "http://127.0.0.1:$etcd_port" --bind-address 127.0.0.1 --secure-port "$port" \
    --advertise-address 127.0.0.1 --endpoint-reconciler-type none --cert-dir certificates \
    --token-auth-file tokens --authorization-mode RBAC --service-cluster-ip-range 10.96.0.0/16 \
    --service-account-issuer https://kubernetes.default.svc --service-account-key-file key \
    --service-account-signing-key-file key --disable-admission-plugins ServiceAccount \
    --audit-policy-file audit-policy --audit-log-path audit >apiserver.log 2>&1 </dev/null & apiserver=$!
read -r _
kill -KILL $apiserver $etcd
wait
rm -rf "$1"
"#;

/// A running API server.
pub struct ApiServer {
    dir: PathBuf,
    port: u16,
    process: Child,
}

impl ApiServer {
    /// Starts a server and waits until it serves.
    ///
    /// # Panics
    /// When the server does not serve. The message has the end of its log.
    pub fn start() -> Self {
        let program = programs::tool("kube-apiserver");
        let dir = tempfile::tempdir().expect("a temporary directory").keep();
        let [etcd, peer, port] = free_ports();
        let write = |name: &str, text: &str| fs::write(dir.join(name), text).expect("the directory is ours");
        write("tokens", &format!("{TOKEN},admin,admin,system:masters\n"));
        write("audit-policy", &json!({"apiVersion": "audit.k8s.io/v1", "kind": "Policy", "omitStages": ["RequestReceived"],
            "rules": [{"level": "Metadata", "resources": [{"group": ""}, {"group": "events.k8s.io"}, {"group": "k8s.cni.cncf.io"}]}, {"level": "None"}]}).to_string());
        let key = Command::new("openssl").args(["genrsa", "-out"]).arg(dir.join("key")).arg("2048").output();
        assert!(key.is_ok_and(|key| key.status.success()), "openssl makes a key");
        let process = Command::new("sh")
            .args(["-c", RUN, "apiserver"])
            .arg(&dir)
            .args([etcd, peer, port].map(|port| port.to_string()))
            .arg(program)
            .stdin(Stdio::piped())
            .spawn()
            .expect("sh is there");
        let server = Self { dir, port, process };
        server.wait_until_ready();
        server
    }

    /// The server's address.
    pub fn url(&self) -> String {
        format!("https://127.0.0.1:{}", self.port)
    }

    /// A kubeconfig of the administrator. It trusts only the server's own certificate.
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.join("kubeconfig")
    }

    /// Runs kubectl as the administrator and returns its output.
    ///
    /// # Panics
    /// When it fails.
    #[track_caller]
    pub fn kubectl(&self, arguments: &[&str]) -> String {
        self.kubectl_with(arguments, "")
    }

    /// Checks whether the server would take these manifests as they are. It reads them strictly: an
    /// unknown or repeated field is an error.
    ///
    /// # Errors
    /// The server refuses them. The error is what kubectl says.
    pub fn would_take(&self, manifests: &str) -> Result<(), String> {
        let output = self.run(&["apply", "--dry-run=server", "--validate=strict", "-f", "-"], manifests);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if output.status.success() && said.is_empty() { Ok(()) } else { Err(said) }
    }

    /// An object as the server has it. It is null when there is none.
    ///
    /// # Panics
    /// When the server does not answer.
    #[track_caller]
    pub fn get(&self, arguments: &[&str]) -> Value {
        let text = self.kubectl(&[&["get", "-o", "json", "--ignore-not-found"], arguments].concat());
        if text.is_empty() { Value::Null } else { serde_json::from_str(&text).expect("kubectl prints JSON") }
    }

    /// Creates an object.
    ///
    /// # Panics
    /// When the server refuses it.
    #[track_caller]
    pub fn create(&self, object: &Value) -> Value {
        let text = self.kubectl_with(&["create", "-o", "json", "-f", "-"], &object.to_string());
        serde_json::from_str(&text).expect("kubectl prints JSON")
    }

    /// Creates many objects.
    ///
    /// # Panics
    /// When the server refuses one.
    #[track_caller]
    pub fn create_all(&self, objects: &[Value]) {
        let list = json!({"apiVersion": "v1", "kind": "List", "items": objects});
        self.kubectl_with(&["create", "-o", "name", "-f", "-"], &list.to_string());
    }

    /// Lets there be `NetworkAttachmentDefinition`s.
    ///
    /// # Panics
    /// When the server does not take the definition of the kind.
    pub fn define_network_attachments(&self) {
        self.create(&json!({
            "apiVersion": "apiextensions.k8s.io/v1", "kind": "CustomResourceDefinition",
            "metadata": {"name": "network-attachment-definitions.k8s.cni.cncf.io"},
            "spec": {
                "group": "k8s.cni.cncf.io", "scope": "Namespaced",
                "names": {
                    "plural": "network-attachment-definitions", "singular": "network-attachment-definition",
                    "kind": "NetworkAttachmentDefinition", "shortNames": ["net-attach-def"],
                },
                "versions": [{"name": "v1", "served": true, "storage": true, "schema": {"openAPIV3Schema": {
                    "type": "object",
                    "properties": {"spec": {"type": "object", "properties": {"config": {"type": "string"}}}},
                }}}],
            },
        }));
        let definition = "crd/network-attachment-definitions.k8s.cni.cncf.io";
        self.kubectl(&["wait", "--for=condition=Established", "--timeout=60s", definition]);
    }

    /// The requests that the server has answered, from its audit log.
    ///
    /// # Panics
    /// When there is no audit log.
    pub fn audit(&self) -> Vec<Value> {
        let text = fs::read_to_string(self.dir.join("audit")).expect("the audit log is on");
        text.lines().filter_map(|line| serde_json::from_str(line).ok()).collect()
    }

    #[track_caller]
    fn kubectl_with(&self, arguments: &[&str], input: &str) -> String {
        let output = self.run(arguments, input);
        assert!(
            output.status.success(),
            "kubectl {}: {}",
            arguments.join(" "),
            String::from_utf8_lossy(&output.stderr).trim()
        );
        String::from_utf8(output.stdout).expect("kubectl prints text")
    }

    fn run(&self, arguments: &[&str], input: &str) -> Output {
        let mut child = Command::new(programs::tool("kubectl"))
            .args(arguments)
            .env("KUBECONFIG", self.kubeconfig())
            .env("HOME", &self.dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("kubectl starts");
        child.stdin.take().expect("it was piped").write_all(input.as_bytes()).expect("kubectl reads its input");
        child.wait_with_output().expect("kubectl ends")
    }

    fn wait_until_ready(&self) {
        let deadline = Instant::now() + START_TIME;
        // The certificate exists once the server listens.
        let certificate = self.dir.join("certificates/apiserver.crt");
        loop {
            if certificate.is_file() && self.is_ready(&certificate) {
                return;
            }
            let log = fs::read_to_string(self.dir.join("apiserver.log")).unwrap_or_default();
            let end: Vec<_> = log.lines().rev().take(5).collect();
            assert!(Instant::now() < deadline, "the API server does not start: {end:#?}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    fn is_ready(&self, certificate: &Path) -> bool {
        let config = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "test",
            "clusters": [{"name": "test", "cluster": {"server": self.url(), "certificate-authority": certificate}}],
            "users": [{"name": "test", "user": {"token": TOKEN}}],
            "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
        });
        fs::write(self.kubeconfig(), config.to_string()).expect("the directory is ours");
        let asked = Command::new(programs::tool("kubectl"))
            .args(["get", "namespace", "default"])
            .env("KUBECONFIG", self.kubeconfig())
            .env("HOME", &self.dir)
            .output();
        asked.is_ok_and(|asked| asked.status.success())
    }
}

impl Drop for ApiServer {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        _ = self.process.wait();
    }
}

/// Ports that are free now. All are different.
fn free_ports<const N: usize>() -> [u16; N] {
    let listeners: [TcpListener; N] =
        std::array::from_fn(|_| TcpListener::bind("127.0.0.1:0").expect("loopback has free ports"));
    listeners.map(|listener| listener.local_addr().expect("it is bound").port())
}
