//! The control plane: etcd, the API server, the controllers and the scheduler, and the bridge that
//! connects it with the nodes.

use std::env;
use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use anyhow::Result;

use super::calico::Datastore;
use super::place::Place;
use super::shell::{await_that, run_lines};
use super::{CONTROL_IP, Cluster, FLANNEL_NETWORK, SERVICE_NETWORK};

/// The name of the bridge. Its address is that of the control plane.
pub(crate) const BRIDGE: &str = "fabric";
/// The address of etcd, for Kubernetes and for calico.
pub(crate) const ETCD: &str = "http://10.89.0.1:2379";

/// The port of the API server, and of its proxy.
pub const API_PORT: u16 = 6443;
const API_SERVER: &str = "kube-apiserver";
/// How long the first start may take on a busy machine.
const START: Duration = Duration::from_mins(3);

/// Makes the bridge.
pub(crate) fn make_bridge() -> Result<()> {
    run_lines(&format!(
        "ip link set lo up
         ip link add {BRIDGE} type bridge
         ip address add {CONTROL_IP}/24 dev {BRIDGE}
         ip link set {BRIDGE} up
         sysctl -q -w net.ipv4.ip_forward=1"
    ))
}

impl Cluster {
    /// The place where the control plane runs.
    pub fn control(&self) -> Place {
        Place::here(&self.dir.join("control"))
    }

    /// The etcd, for Kubernetes and for calico.
    pub(crate) fn datastore(&self) -> Datastore {
        Datastore::new(self.control(), ETCD)
    }

    /// Starts the API server and waits until it is ready.
    pub fn start_api_server(&self) -> Result<()> {
        let credentials = self.dir.join("credentials");
        let file = |name: &str| credentials.join(name).to_string_lossy().into_owned();
        self.control().start(API_SERVER, &self.logs, &self.program(API_SERVER), |command| {
            let flags = [
                ("etcd-servers", ETCD.into()),
                // The proxy has this port on the address that everybody knows.
                ("bind-address", "127.0.0.1".into()),
                ("secure-port", API_PORT.to_string()),
                ("advertise-address", CONTROL_IP.into()),
                ("service-cluster-ip-range", SERVICE_NETWORK.into()),
                ("tls-cert-file", file("serving.crt")),
                ("tls-private-key-file", file("serving.key")),
                ("client-ca-file", file("ca.crt")),
                ("kubelet-client-certificate", file("api-server.crt")),
                ("kubelet-client-key", file("api-server.key")),
                ("kubelet-preferred-address-types", "InternalIP".into()),
                ("authorization-mode", "Node,RBAC".into()),
                ("enable-admission-plugins", "NodeRestriction".into()),
                ("allow-privileged", "true".into()),
                ("service-account-issuer", "https://kubernetes.default.svc".into()),
                ("service-account-key-file", file("tokens.pub")),
                ("service-account-signing-key-file", file("tokens.key")),
                ("cert-dir", file("")),
            ];
            command.args(flags.map(|(flag, value)| format!("--{flag}={value}")));
        })?;
        self.await_api_server()
    }

    /// Starts the proxy before the API server. It is this program, started as `proxy`.
    pub(crate) fn start_proxy(&self) -> Result<()> {
        self.control().start("proxy", &self.logs, &env::current_exe()?, |command| {
            let (from, to) = (format!("{CONTROL_IP}:{API_PORT}"), format!("127.0.0.1:{API_PORT}"));
            command.args(["proxy", &from, &to]).arg(self.delay_file());
        })
    }

    /// Delays every answer of the API server from now on.
    pub fn slow_api_server(&self, delay: Duration) -> Result<()> {
        Ok(fs::write(self.delay_file(), delay.as_millis().to_string())?)
    }

    fn delay_file(&self) -> PathBuf {
        self.dir.join("api-delay")
    }

    /// Kills the API server. When this returns, the API is gone.
    pub fn stop_api_server(&self) -> Result<()> {
        self.control().kill(API_SERVER)
    }

    fn await_api_server(&self) -> Result<()> {
        let kubectl = self.kubectl();
        await_that("the API server", START, || kubectl.run(&["get", "--raw", "/readyz"]).map(|_| None))
    }

    pub(crate) fn start_controllers(&self) -> Result<()> {
        let credentials = self.dir.join("credentials");
        let file = |name: &str| credentials.join(name).to_string_lossy().into_owned();
        let manager = "kube-controller-manager";
        self.control().start(manager, &self.logs, &self.program(manager), |command| {
            command.args(common(&file("controller-manager.kubeconfig")));
            command.args([
                format!("--service-account-private-key-file={}", file("tokens.key")),
                format!("--root-ca-file={}", file("ca.crt")),
                format!("--cluster-cidr={FLANNEL_NETWORK}"),
                "--allocate-node-cidrs=true".into(),
                "--use-service-account-credentials=true".into(),
                // Cases wait for the work of controllers.
                "--kube-api-qps=200".into(),
                "--kube-api-burst=400".into(),
            ]);
        })?;
        let scheduler = "kube-scheduler";
        self.control().start(scheduler, &self.logs, &self.program(scheduler), |command| {
            command.args(common(&file("scheduler.kubeconfig")));
        })
    }
}

fn common(kubeconfig: &str) -> [String; 5] {
    [
        format!("--kubeconfig={kubeconfig}"),
        format!("--authentication-kubeconfig={kubeconfig}"),
        format!("--authorization-kubeconfig={kubeconfig}"),
        "--leader-elect=false".into(),
        "--bind-address=127.0.0.1".into(),
    ]
}
