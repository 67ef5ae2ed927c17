//! A Kubernetes cluster of two nodes on this machine, for `make e2e`: the real control
//! plane, kubelet, containerd, kube-proxy and flanneld, with calico's datastore.
//!
//! Everything lives in a [`sandbox`]: a process, mount and network namespace. When it ends, every
//! process, mount, interface and iptables rule is gone. A node is such a sandbox inside of it, so
//! killing a node's first process is like pulling its plug. Files are in a file system in memory
//! that belongs to the sandbox, too; only logs and the KUBECONFIG are on the disk.

mod alone;
mod calico;
pub(crate) mod cgroup;
mod containerd;
mod control;
mod credentials;
pub(crate) mod image;
mod kubectl;
mod kubelet;
pub(crate) mod left;
pub(crate) mod namespaces;
mod node;
mod place;
pub mod proxy;
pub mod sandbox;
mod shell;

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

pub use alone::ALONE;
pub use calico::Datastore;
pub(crate) use containerd::BIN_DIR;
pub use containerd::Containerd;
pub use control::API_PORT;
pub use kubectl::{Kubectl, condition};
pub use node::ClusterNode;
pub use place::Place;
pub use shell::{await_that, output, succeeds};

/// The address of the control plane: that of the bridge to the nodes.
pub const CONTROL_IP: &str = "10.89.0.1";
/// The addresses that calico gives to pods.
pub const CALICO_POOL: &str = "172.120.0.0/16";
/// The addresses that flannel gives to nodes, a part to each.
pub const FLANNEL_NETWORK: &str = "172.96.0.0/16";
/// The addresses of Services. The first is that of the API server.
pub const SERVICE_NETWORK: &str = "10.96.0.0/16";
/// The address of the Service `kubernetes`.
pub const API_SERVICE_IP: &str = "10.96.0.1";

/// The programs that `tests/tools/build` leaves in `bin`.
const PROGRAMS: [&str; 7] =
    ["kube-apiserver", "kube-controller-manager", "kube-scheduler", "kube-proxy", "kubelet", "kubectl", "flanneld"];

/// The cluster as seen from inside of its sandbox.
#[derive(Clone, Debug)]
pub struct Cluster {
    /// The file system in memory, for everything that the cluster writes but logs.
    dir: PathBuf,
    /// The directory of the logs, with one file for each daemon.
    logs: PathBuf,
    /// The directory that `tests/tools/build` fills with the real programs.
    tools: PathBuf,
    /// The directory that `make build script` fills with our programs.
    dist: PathBuf,
    /// The parent of the containers' cgroups.
    cgroup: String,
}

impl Cluster {
    /// The cluster in the sandbox of this directory. This process is inside of the sandbox.
    pub fn new(dir: &Path, tools: &Path, dist: &Path) -> Result<Self> {
        let logs = dir.join("logs");
        fs::create_dir_all(&logs).with_context(|| logs.display().to_string())?;
        let cgroup = sandbox::Sandbox::cgroup(dir)?;
        Ok(Self { dir: sandbox::Sandbox::inside(dir), logs, tools: tools.into(), dist: dist.into(), cgroup })
    }

    /// Starts what does not run yet, and waits until both nodes are ready.
    pub fn start(&self) -> Result<()> {
        let done = self.dir.join("started");
        if done.exists() {
            return Ok(());
        }
        self.check_programs()?;
        control::make_bridge()?;
        credentials::make(&self.dir.join("credentials"))?;
        self.datastore().start(&self.dir.join("etcd"), &self.logs)?;
        self.start_proxy()?;
        self.start_api_server()?;
        self.start_controllers()?;
        image::make(&self.dir.join("images"), &self.dist)?;
        for node in self.nodes() {
            self.datastore().register(&node.name, &node.ip)?;
        }
        self.datastore().prepare()?;
        for node in self.nodes() {
            node.create()?;
            node.start()?;
        }
        self.kubectl().await_nodes()?;
        fs::write(done, "").context("the mark of a started cluster")
    }

    /// Both nodes.
    pub fn nodes(&self) -> [ClusterNode; 2] {
        [ClusterNode::new(self, 1), ClusterNode::new(self, 2)]
    }

    /// The node with this name.
    pub fn node(&self, name: &str) -> Result<ClusterNode> {
        self.nodes().into_iter().find(|node| node.name == name).with_context(|| format!("no node is called {name}"))
    }

    /// kubectl with the administrator's credentials.
    pub fn kubectl(&self) -> Kubectl {
        Kubectl::new(self.program("kubectl"), self.credentials("admin"))
    }

    /// One of the real programs.
    pub fn program(&self, name: &str) -> PathBuf {
        self.tools.join("bin").join(name)
    }

    /// The directory of the logs.
    pub fn logs(&self) -> &Path {
        &self.logs
    }

    /// A directory for files of a case. It is removed with the cluster.
    pub fn scratch(&self) -> Result<PathBuf> {
        let dir = self.dir.join("scratch");
        fs::create_dir_all(&dir).with_context(|| dir.display().to_string())?;
        Ok(dir)
    }

    /// The kubeconfig of one of our programs or roles.
    fn credentials(&self, who: &str) -> PathBuf {
        self.dir.join("credentials").join(format!("{who}.kubeconfig"))
    }

    fn check_programs(&self) -> Result<()> {
        for program in PROGRAMS {
            if !self.program(program).is_file() {
                bail!("{} is missing; run: tests/tools/build", self.program(program).display());
            }
        }
        for program in ["etcd", "etcdctl", "containerd", "runc", "openssl", "iptables", "busybox"] {
            if !succeeds(shell::command("which").arg(program)) {
                bail!("{program} is missing; run: tests/tools/packages");
            }
        }
        for program in ["genie", "genie-host", "script.wasm"] {
            if !self.dist.join(program).is_file() {
                bail!("{} is missing; run: make build script", self.dist.join(program).display());
            }
        }
        Ok(())
    }
}
