//! The place where everything is measured side by side: one network namespace with a real API
//! server, pods with namespaces of their own, and the networks as files.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use genie_tests::apiserver::ApiServer;
use genie_tests::definitions;
use genie_tests::netns::Namespace;
use genie_tests::programs;
use serde_json::{Value, json};
use tempfile::TempDir;

/// The number of pods, one for each call of the largest burst.
pub const PODS: usize = 96;
/// The version of all configurations.
pub const VERSION: &str = "1.0.0";
/// The annotation that selects the networks after the first one for Multus.
pub const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
/// The annotation that Multus and genie publish.
const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

/// The kind of a delegate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A plugin that answers and does nothing.
    Noop,
    /// The real bridge with the real host-local.
    Bridge,
    /// As [`Kind::Noop`], but it answers only when the pipe of [`Site::gate`] is open for writing.
    Gated,
}

impl Kind {
    /// The name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Noop => "no-op",
            Self::Bridge => "bridge + host-local",
            Self::Gated => "no-op, held",
        }
    }

    /// The plugin's type.
    pub fn plugin(self) -> &'static str {
        match self {
            Self::Noop => "noop",
            Self::Bridge => "bridge",
            Self::Gated => "gated",
        }
    }

    /// The names of its networks, in the order in which a pod gets them.
    pub fn networks(self) -> [String; 3] {
        [1, 2, 3].map(|index| format!("{}{index}", self.plugin()))
    }

    /// The configuration of a network's only plugin.
    fn config(self, index: usize, leases: &Path) -> Value {
        match self {
            Self::Noop | Self::Gated => json!({"type": self.plugin()}),
            Self::Bridge => json!({
                "type": "bridge", "bridge": format!("br-{index}"), "isGateway": true,
                "ipam": {"type": "host-local", "dataDir": leases, "ranges": [[{"subnet": format!("10.9{index}.0.0/24")}]]},
            }),
        }
    }
}

/// A pod of the API server, and its network namespace.
pub struct Pod {
    /// The pod's name. Its namespace is `default`.
    pub name: String,
    /// The pod's uid.
    pub uid: String,
    /// The pod's network namespace.
    pub netns: Namespace,
}

/// The place.
pub struct Site {
    /// The API server.
    pub server: ApiServer,
    /// The pods.
    pub pods: Vec<Pod>,
    dir: TempDir,
}

impl Site {
    /// Makes the place. `noop` is the no-op delegate.
    ///
    /// # Panics
    /// When something is missing.
    pub fn new(noop: &Path) -> Self {
        let server = ApiServer::start();
        let dir = tempfile::Builder::new().prefix("genie-bench-").tempdir().expect("a temporary directory");
        for part in ["bin", "noop.d", "bridge.d", "gated.d"] {
            fs::create_dir(dir.path().join(part)).expect("a new directory");
        }
        let copy = |from: &Path, name: &str| {
            fs::copy(from, dir.path().join("bin").join(name)).expect("a program can be copied");
        };
        copy(noop, "noop");
        copy(noop, "gated");
        for plugin in ["bridge", "host-local"] {
            copy(&programs::plugins().join(plugin), plugin);
        }
        let made = Command::new("mkfifo").arg(dir.path().join("bin/gated.gate")).status();
        assert!(made.is_ok_and(|made| made.success()), "mkfifo makes a pipe");
        let mut site = Self { server, pods: Vec::new(), dir };
        site.write_networks();
        site.create_definitions();
        site.pods = site.create_pods();
        site
    }

    /// A path in the site's directory.
    pub fn at(&self, part: &str) -> PathBuf {
        self.dir.path().join(part)
    }

    /// The directory of plugins.
    pub fn bin(&self) -> PathBuf {
        self.at("bin")
    }

    /// The conf dir of a kind's networks.
    pub fn conf_dir(&self, kind: Kind) -> PathBuf {
        self.at(&format!("{}.d", kind.plugin()))
    }

    /// A network as a configuration list.
    ///
    /// # Panics
    /// When there is no such network.
    pub fn list(&self, kind: Kind, index: usize) -> Value {
        let name = &kind.networks()[index];
        json!({"cniVersion": VERSION, "name": name, "plugins": [kind.config(index + 1, &self.at("leases"))]})
    }

    /// The configuration of a network's only plugin, as libcni hands it over.
    pub fn plugin_config(&self, kind: Kind, index: usize) -> Value {
        let list = self.list(kind, index);
        let mut plugin = list["plugins"][0].clone();
        plugin["cniVersion"] = list["cniVersion"].clone();
        plugin["name"] = list["name"].clone();
        plugin
    }

    /// Annotates all pods so that every contender gives them the first `count` networks.
    pub fn select(&self, kind: Kind, count: usize) {
        let names = kind.networks();
        let ours = format!("cni={}", selection(kind, count));
        let theirs = match count {
            1 => format!("{NETWORKS}-"),
            _ => format!("{NETWORKS}={}", names[1..count].join(",")),
        };
        self.server.kubectl(&["annotate", "pods", "--all", "--overwrite", &ours, &theirs]);
    }

    /// How many networks the published status of a pod has.
    pub fn published(&self, pod: &Pod) -> usize {
        let pod = self.server.get(&["pod", &pod.name]);
        let status = pod["metadata"]["annotations"][STATUS].as_str().unwrap_or_default().to_owned();
        serde_json::from_str::<Vec<Value>>(&status).map_or(0, |networks| networks.len())
    }

    /// Removes the published status of a pod.
    pub fn unpublish(&self, pod: &Pod) {
        self.server.kubectl(&["annotate", "pod", &pod.name, &format!("{STATUS}-")]);
    }

    /// The pipe on which delegates of [`Kind::Gated`] wait. They go on when it is opened for
    /// writing.
    pub fn gate(&self) -> PathBuf {
        self.at("bin/gated.gate")
    }

    fn write_networks(&self) {
        for kind in [Kind::Noop, Kind::Bridge, Kind::Gated] {
            for index in 0..3 {
                let file = self.conf_dir(kind).join(format!("{}0-net.conflist", index + 1));
                fs::write(file, self.list(kind, index).to_string()).expect("a new file");
            }
        }
    }

    /// Creates the networks after the first one as objects of the API server.
    fn create_definitions(&self) {
        definitions::install(&self.server);
        let networks = [Kind::Noop, Kind::Bridge].into_iter().flat_map(|kind| [(kind, 1), (kind, 2)]);
        let objects = networks
            .map(|(kind, index)| definitions::definition("default", &kind.networks()[index], &self.list(kind, index)));
        self.server.create_all(&objects.collect::<Vec<_>>());
    }

    fn create_pods(&self) -> Vec<Pod> {
        let name = |index: usize| format!("web-5d4f8c7b9-{index:05}");
        let pod = |index| {
            json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": name(index), "namespace": "default", "labels": {"app": "web"}},
                "spec": {"nodeName": "node1", "containers": [{"name": "web", "image": "none"}]},
            })
        };
        self.server.create_all(&(0..PODS).map(pod).collect::<Vec<_>>());
        let listed = self.server.get(&["pods"]);
        let uid = |name: &str| {
            let pods = listed["items"].as_array().into_iter().flatten();
            let pod = pods.clone().find(|pod| pod["metadata"]["name"] == name).expect("it was created");
            pod["metadata"]["uid"].as_str().unwrap_or_default().to_owned()
        };
        (0..PODS).map(|index| Pod { name: name(index), uid: uid(&name(index)), netns: Namespace::new() }).collect()
    }
}

/// The value of the annotation `cni` for the first `count` networks.
pub fn selection(kind: Kind, count: usize) -> String {
    kind.networks()[..count].join(",")
}
