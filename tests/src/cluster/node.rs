//! A node: namespaces with files of their own, containerd, kubelet, kube-proxy and flanneld.

use std::env;
use std::fs::{self, File};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context as _, Result};
use serde_json::{Value, json};

use super::cgroup;
use super::control::{BRIDGE, ETCD};
use super::namespaces;
use super::place::Place;
use super::shell::{await_that, command, output, run_lines};
use super::{CONTROL_IP, Cluster, FLANNEL_NETWORK};

/// The plugins of a node's own networks.
const PLUGINS: [&str; 8] =
    ["bridge", "calico", "calico-ipam", "flannel", "host-local", "loopback", "macvlan", "portmap"];
/// The daemons of a node, in the order of their start.
pub(crate) const DAEMONS: [&str; 4] = ["containerd", "flanneld", "kube-proxy", "kubelet"];

/// A node.
#[derive(Clone, Debug)]
pub struct ClusterNode {
    /// The node's name in the cluster.
    pub name: String,
    /// The node's address.
    pub ip: String,
    pub(super) cluster: Cluster,
    /// The node's disk.
    pub(super) files: PathBuf,
}

impl ClusterNode {
    pub(super) fn new(cluster: &Cluster, number: u8) -> Self {
        let name = format!("node{number}");
        let ip = CONTROL_IP.replace(".0.1", &format!(".0.1{number}"));
        Self { files: cluster.dir.join(&name), name, ip, cluster: cluster.clone() }
    }

    /// The node's namespaces.
    ///
    /// # Errors
    /// The node does not run.
    pub fn place(&self) -> Result<Place> {
        let holder = fs::read_to_string(self.files.join("holder")).context("the node does not run")?;
        Ok(Place::of(&self.name, holder.trim().parse().context("the node does not run yet")?, Path::new("/run/pids")))
    }

    /// Runs a shell command on the node and returns its output.
    pub fn run(&self, script: &str) -> Result<String> {
        output(self.place()?.command("sh").args(["-c", script]))
    }

    /// A file of the node. The node's own are only those below `namespaces::OWN_FILES`.
    pub fn file(&self, path: &str) -> PathBuf {
        self.files.join(path.trim_start_matches('/'))
    }

    /// The log of a daemon.
    pub fn log(&self, daemon: &str) -> PathBuf {
        self.cluster.logs.join(format!("{}-{daemon}.log", self.name))
    }

    /// Makes the node's disk.
    pub(crate) fn create(&self) -> Result<()> {
        namespaces::make_files(&self.files)?;
        let plugins = self.file("opt/cni/bin");
        fs::create_dir_all(&plugins)?;
        for plugin in PLUGINS {
            let from = self.cluster.tools.join("cni").join(plugin);
            output(command("cp").arg("-d").arg(from).arg(&plugins)).context("run: tests/tools/build")?;
        }
        for (file, text) in self.networks() {
            let path = self.file("etc/cni/net.d").join(file);
            fs::create_dir_all(self.file("etc/cni/net.d"))?;
            fs::write(&path, text.to_string())?;
            fs::set_permissions(&path, fs::Permissions::from_mode(0o600))?;
        }
        fs::create_dir_all(self.file("etc/kube-flannel"))?;
        let flannel = json!({"Network": FLANNEL_NETWORK, "Backend": {"Type": "host-gw"}});
        fs::write(self.file("etc/kube-flannel/net-conf.json"), flannel.to_string())?;
        fs::create_dir_all(self.file("var/lib/calico"))?;
        fs::write(self.file("var/lib/calico/mtu"), "1440")?;
        self.write_containerd_config()?;
        self.write_kubelet_config()
    }

    /// Switches the node on: its namespaces, its link, and all its daemons.
    pub fn start(&self) -> Result<()> {
        _ = fs::remove_file(self.files.join("holder"));
        let cgroup = self.cgroup();
        cgroup::make(&cgroup)?;
        let log =
            File::options().create(true).append(true).open(self.cluster.logs.join(format!("{}.log", self.name)))?;
        let mut become_node = namespaces::become_node(&self.files, &self.name, &cgroup, &env::current_exe()?);
        let mut child = become_node.stdout(log.try_clone()?).stderr(log).process_group(0).spawn()?;
        std::thread::spawn(move || child.wait());
        await_that(&format!("{} to start", self.name), Duration::from_secs(30), || self.place().map(|_| None))?;
        self.connect()?;
        for daemon in DAEMONS {
            self.start_daemon(daemon)?;
        }
        Ok(())
    }

    /// Pulls the plug: every process of the node is gone, with its interfaces, its iptables rules
    /// and `/run`. Its disk stays.
    pub fn pull_the_plug(&self) -> Result<()> {
        let holder = fs::read_to_string(self.files.join("holder")).context("the node does not run")?;
        output(command("sh").args(["-c", "kill -KILL $0", holder.trim()]))?;
        let process = format!("/proc/{}", holder.trim());
        await_that("the node's end", Duration::from_mins(1), || {
            Ok(Path::new(&process).exists().then(|| "its first process runs".into()))
        })?;
        fs::remove_dir_all(self.file("run"))?;
        fs::create_dir(self.file("run"))?;
        cgroup::remove(&self.cgroup());
        Ok(())
    }

    fn cgroup(&self) -> String {
        format!("{}/{}", self.cluster.cgroup, self.name)
    }

    /// Starts a daemon of the node.
    pub fn start_daemon(&self, daemon: &str) -> Result<()> {
        match daemon {
            "containerd" => self.start_containerd(),
            "kubelet" => self.start_kubelet(),
            "kube-proxy" => self.start_proxy(),
            "flanneld" => self.start_flanneld(),
            other => anyhow::bail!("a node has no daemon {other}"),
        }
    }

    /// Kills a daemon, as the kernel does when memory is short, and starts it again.
    pub fn restart_daemon(&self, daemon: &str) -> Result<()> {
        self.place()?.kill(daemon)?;
        self.start_daemon(daemon)
    }

    fn connect(&self) -> Result<()> {
        let holder = fs::read_to_string(self.files.join("holder"))?;
        let link = format!("to-{}", self.name);
        run_lines(&format!(
            "ip link add {link} type veth peer name eth0 netns {}
             ip link set {link} master {BRIDGE} up",
            holder.trim()
        ))?;
        self.run(&format!(
            "ip link set lo up && ip address add {}/24 dev eth0 && ip link set eth0 up &&
             ip route add default via {CONTROL_IP} && sysctl -q -w net.ipv4.ip_forward=1",
            self.ip
        ))?;
        Ok(())
    }

    fn start_flanneld(&self) -> Result<()> {
        let program = self.cluster.program("flanneld");
        self.place()?.start("flanneld", &self.cluster.logs, &program, |command| {
            command.env("NODE_NAME", &self.name);
            command.args(["--kube-subnet-mgr", "--ip-masq", "--iface=eth0"]);
            command.arg("--net-config-path=/etc/kube-flannel/net-conf.json");
            command.arg("--kubeconfig-file").arg(self.cluster.credentials("admin"));
        })
    }

    fn start_proxy(&self) -> Result<()> {
        let config = json!({
            "kind": "KubeProxyConfiguration", "apiVersion": "kubeproxy.config.k8s.io/v1alpha1",
            "mode": "iptables", "hostnameOverride": self.name, "clusterCIDR": FLANNEL_NETWORK,
            "clientConnection": {"kubeconfig": self.cluster.credentials("proxy")},
            // These settings are the machine's, and not the node's to change.
            "conntrack": {"maxPerCore": 0, "min": 0, "tcpEstablishedTimeout": "0s", "tcpCloseWaitTimeout": "0s"},
            "iptables": {"minSyncPeriod": "100ms", "syncPeriod": "30s"},
        });
        fs::write(self.file("etc/kube-proxy.json"), config.to_string())?;
        let program = self.cluster.program("kube-proxy");
        self.place()?.start("kube-proxy", &self.cluster.logs, &program, |command| {
            command.arg("--config=/etc/kube-proxy.json");
        })
    }

    /// The node's own networks, as they were installed before us.
    fn networks(&self) -> [(&'static str, Value); 3] {
        let portmap = json!({"type": "portmap", "snat": true, "capabilities": {"portMappings": true}});
        let calico = json!({
            "type": "calico", "log_level": "error", "etcd_endpoints": ETCD, "mtu": 1440,
            "nodename": self.name, "nodename_file_optional": true,
            "ipam": {"type": "calico-ipam"}, "policy": {"type": "k8s"},
            "kubernetes": {"kubeconfig": self.cluster.credentials("admin")},
        });
        let flannel = json!({"type": "flannel", "delegate": {"hairpinMode": true, "isDefaultGateway": true}});
        let macvlan = json!({
            "cniVersion": "0.3.1", "name": "macvlan", "type": "macvlan", "master": "eth0", "mode": "bridge",
            "ipam": {"type": "host-local", "subnet": "10.89.0.0/24", "rangeStart": format!("{}0", self.ip),
                     "rangeEnd": format!("{}9", self.ip)},
        });
        [
            ("10-calico.conflist", json!({"cniVersion": "0.3.1", "name": "calico", "plugins": [calico, portmap]})),
            ("10-flannel.conflist", json!({"cniVersion": "0.3.1", "name": "cbr0", "plugins": [flannel, portmap]})),
            ("10-macvlan.conf", macvlan),
        ]
    }
}
