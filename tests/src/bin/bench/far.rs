//! An API server that is far away, and what it is asked for.

use std::fs;
use std::net::TcpListener;
use std::path::PathBuf;

use genie_tests::apiserver::ApiServer;
use genie_tests::cluster::proxy::Proxy;
use serde_json::Value;
use tempfile::TempDir;

/// The API server behind a proxy that delays its answers.
pub struct Far {
    /// The administrator's kubeconfig by way of the proxy.
    pub kubeconfig: PathBuf,
    /// The proxy's address.
    pub url: String,
    delay: PathBuf,
    _dir: TempDir,
}

impl Far {
    /// A proxy that does not delay yet.
    ///
    /// # Panics
    /// When loopback has no free port.
    pub fn before(server: &ApiServer) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (kubeconfig, delay) = (dir.path().join("kubeconfig"), dir.path().join("delay"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let here = listener.local_addr().expect("a listener has an address");
        let target = server.url().trim_start_matches("https://").parse().expect("an address with its port");
        let proxy = Proxy { target, namespace: None, delay: Some(delay.clone()) };
        std::thread::spawn(move || proxy.serve(&listener));
        let url = format!("https://{here}");
        let text = fs::read_to_string(server.kubeconfig()).expect("the server wrote it");
        fs::write(&kubeconfig, text.replace(&server.url(), &url)).expect("a new file");
        let far = Self { kubeconfig, url, delay, _dir: dir };
        far.set(0);
        far
    }

    /// Delays every answer by this many milliseconds from now on.
    ///
    /// # Panics
    /// When the file for that cannot be written.
    pub fn set(&self, latency: u64) {
        fs::write(&self.delay, latency.to_string()).expect("the directory is ours");
    }
}

/// The verbs of all requests but our own, which come from kubectl. A watch is one request, from
/// before.
pub fn requests(server: &ApiServer) -> Vec<String> {
    let audit = server.audit();
    let ours = |request: &&Value| {
        let agent = request["userAgent"].as_str().unwrap_or_default();
        let verb = request["verb"].as_str().unwrap_or_default();
        !agent.starts_with("kubectl") && !agent.starts_with("kube-apiserver") && verb != "watch"
    };
    audit.iter().filter(ours).map(|request| request["verb"].as_str().unwrap_or_default().to_owned()).collect()
}
