//! A node with a container runtime and without Kubernetes. It has the conf dir of the reference
//! scenario, the real calico (on its etcd) and the real flannel. Pod sandboxes are made through
//! CRI.
//!
//! The node is a set of namespaces, with a disk of its own in a temporary directory. Beside it is
//! the `world`, a namespace from which tests see the node from outside.

mod crictl;
mod crio;
mod networks;
mod pod;

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

pub use crictl::network_ready;
pub use pod::Pod;

use crate::cluster::{BIN_DIR, Containerd, Datastore, Place, await_that, cgroup, image, left, namespaces, output};
use crate::netns::Namespace;
use crate::programs;

/// The node's address in its world.
pub const NODE_IP: &str = "192.0.2.1";
/// The address of the world.
const WORLD_IP: &str = "192.0.2.2";
/// etcd's address: the node's loopback is its own.
const ETCD: &str = "http://127.0.0.1:2379";
/// The directory of the scenario's files on the node.
const SCENARIO: &str = "/var/lib/scenario";
/// The node's name, for calico.
const NAME: &str = "master";

/// How long a start may take on a busy machine.
const PATIENCE: Duration = Duration::from_mins(2);
/// How many lines of a log an error has.
const LOG_LINES: usize = 30;

/// Prints further traces of attachments on the node: files that the scenario keeps in other
/// directories, and what a runtime keeps of a sandbox.
const TRACES: &str = r"
cd /var/lib/scenario
find flannel/pods host-local genie/state -type f ! -name lock ! -name 'last_reserved_ip.*' 2> /dev/null
find /var/lib/cni/results /var/lib/cni/cache /run/netns -mindepth 1 -type f 2> /dev/null
grep -o '/run/netns/[^ ]*' /proc/mounts | sort -u
true
";

/// The runtime of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Runtime {
    /// containerd.
    Containerd(Containerd),
    /// CRI-O.
    Crio,
}

impl Runtime {
    /// containerd 1.6.
    pub const CONTAINERD_1_6: Self = Self::Containerd(Containerd::Debian);
    /// containerd 2.
    pub const CONTAINERD_2: Self = Self::Containerd(Containerd::Current);

    /// The name of the runtime's daemon.
    fn daemon(self) -> &'static str {
        match self {
            Self::Containerd(_) => "containerd",
            Self::Crio => "crio",
        }
    }

    /// The path of the runtime's socket on the node.
    fn socket(self) -> &'static str {
        match self {
            Self::Containerd(_) => "/run/containerd/containerd.sock",
            Self::Crio => "/run/crio/crio.sock",
        }
    }
}

/// The node. Everything of it is removed when it is dropped.
#[derive(Debug)]
pub struct CriNode {
    runtime: Runtime,
    place: Place,
    life: Life,
    dir: TempDir,
    /// The network beyond the node.
    pub world: Namespace,
}

impl CriNode {
    /// Makes a node and starts its runtime.
    ///
    /// # Errors
    /// Something does not start.
    pub fn start(runtime: Runtime) -> Result<Self> {
        let node = Self::without_runtime(runtime)?;
        node.start_runtime()?;
        Ok(node)
    }

    /// Makes a node. Its runtime waits for [`Self::start_runtime`].
    ///
    /// # Errors
    /// Something does not start.
    pub fn without_runtime(runtime: Runtime) -> Result<Self> {
        let dir = tempfile::Builder::new().prefix("genie-cri-").tempdir()?;
        let (files, logs) = (dir.path().join("files"), dir.path().join("logs"));
        fs::create_dir(&logs)?;
        namespaces::make_files(&files)?;
        networks::write(&files)?;
        image::make_common(&dir.path().join("images"))?;
        let conf_dir = format!("{SCENARIO}/net.d");
        match runtime {
            Runtime::Containerd(containerd) => containerd.configure(&files, &conf_dir, BIN_DIR, "")?,
            Runtime::Crio => crio::configure(&files, &conf_dir)?,
        }
        let life = Life::begin(&files, &logs)?;
        let place = Place::of(NAME, life.first()?, Path::new("/run/pids"));
        let node = Self { runtime, place, life, dir, world: Namespace::new() };
        node.connect()?;
        let datastore = node.datastore();
        datastore.start(&node.dir.path().join("etcd"), &logs)?;
        datastore.prepare()?;
        datastore.register(NAME, NODE_IP)?;
        Ok(node)
    }

    /// Starts the runtime and waits until it serves.
    ///
    /// # Errors
    /// The runtime does not serve. The error has the end of its log.
    pub fn start_runtime(&self) -> Result<()> {
        let (tools, logs, images) = (programs::tools(), self.logs(), self.dir.path().join("images"));
        match self.runtime {
            Runtime::Containerd(containerd) => containerd.start(&self.place, &tools, &logs, &images)?,
            Runtime::Crio => crio::start(&self.place, &tools, &logs, &images)?,
        }
        await_that(self.runtime.daemon(), PATIENCE, || self.pods().map(|_| None)).with_context(|| self.log())
    }

    /// Kills the runtime with -9.
    ///
    /// # Errors
    /// The runtime does not end.
    pub fn kill_runtime(&self) -> Result<()> {
        self.place.kill(self.runtime.daemon())
    }

    /// Runs a shell command on the node and returns its output.
    ///
    /// # Errors
    /// The command fails.
    pub fn run(&self, script: &str) -> Result<String> {
        output(self.place.command("sh").args(["-c", script]))
    }

    /// A file of the node. The node's own are only those below /etc, /opt, /run, /var/cache,
    /// /var/lib and /var/log.
    pub fn file(&self, path: &str) -> PathBuf {
        self.dir.path().join("files").join(path.trim_start_matches('/'))
    }

    /// The end of the runtime's log.
    pub fn log(&self) -> String {
        let log = self.logs().join(format!("{NAME}-{}.log", self.runtime.daemon()));
        let text = fs::read_to_string(log).unwrap_or_default();
        let lines: Vec<_> = text.lines().collect();
        lines[lines.len().saturating_sub(LOG_LINES)..].join("\n")
    }

    /// The traces of attachments on the node and in calico's datastore, one on each line.
    ///
    /// # Errors
    /// The traces cannot be found out.
    pub fn traces(&self) -> Result<BTreeSet<String>> {
        let mut traces = self.datastore().traces()?;
        for script in [left::TRACES, TRACES] {
            traces.extend(self.run(script)?.lines().map(ToOwned::to_owned));
        }
        Ok(traces)
    }

    /// Checks that there is no trace that is not in `before`.
    ///
    /// # Errors
    /// There are such traces. The error lists them.
    pub fn nothing_since(&self, before: &BTreeSet<String>) -> Result<()> {
        let left: Vec<_> = self.traces()?.difference(before).cloned().collect();
        ensure!(left.is_empty(), "left on the node: {left:#?}");
        Ok(())
    }

    fn datastore(&self) -> Datastore {
        Datastore::new(self.place.clone(), ETCD)
    }

    fn logs(&self) -> PathBuf {
        self.dir.path().join("logs")
    }

    /// Connects the node with the world, which routes to the pods over the node.
    fn connect(&self) -> Result<()> {
        let (world, node) = (self.world.name(), self.life.first()?.to_string());
        let mut link = Command::new("ip");
        link.args(["link", "add", "eth0", "netns", world, "type", "veth", "peer", "name", "eth0", "netns", &node]);
        output(&mut link)?;
        self.world.run(&format!(
            "ip address add {WORLD_IP}/24 dev eth0 && ip link set eth0 up && ip route add default via {NODE_IP}"
        ));
        self.run(&format!(
            "ip link set lo up && ip address add {NODE_IP}/24 dev eth0 && ip link set eth0 up &&
             ip route add default via {WORLD_IP} && sysctl -q -w net.ipv4.ip_forward=1"
        ))?;
        Ok(())
    }
}

/// The node's first process, and the cgroup of all its processes. Both end when this value is
/// dropped; the process ends also when we are killed.
#[derive(Debug)]
struct Life {
    files: PathBuf,
    /// The parent of the first process. It ends when the first process does.
    parent: Child,
    cgroup: String,
}

impl Life {
    fn begin(files: &Path, logs: &Path) -> Result<Self> {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let cgroup = format!("genie-cri-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        cgroup::make(&cgroup)?;
        let become_node = namespaces::become_node(files, NAME, &cgroup, &programs::holder());
        let mut bound = Command::new("setpriv");
        bound.args(["--pdeathsig", "KILL", "--"]).arg(become_node.get_program()).args(become_node.get_args());
        let log = File::create(logs.join("node.log"))?;
        let parent = bound.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn().context("setpriv")?;
        let life = Self { files: files.into(), parent, cgroup };
        await_that("the node", PATIENCE, || life.first().map(|_| None))?;
        Ok(life)
    }

    /// The process id of the first process.
    fn first(&self) -> Result<u32> {
        let text = fs::read_to_string(self.files.join("holder")).context("the node does not run (it takes root)")?;
        text.trim_end().parse().context("the node does not run yet")
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        // The parent still waits for the process, so no other one has its number.
        let first = self.first().ok().and_then(|pid| Pid::from_raw(i32::try_from(pid).ok()?));
        if first.is_none_or(|first| kill_process(first, Signal::KILL).is_err()) {
            _ = self.parent.kill();
        }
        _ = self.parent.wait();
        cgroup::remove(&self.cgroup);
    }
}
