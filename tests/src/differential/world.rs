//! What all cases share: the API server with their objects, and a network namespace for the pods.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::Case;
use super::case::STATUS;
use crate::apiserver::ApiServer;
use crate::definitions;
use crate::netns::Namespace;

/// The name of every pod.
pub const POD: &str = "p";

/// The world of some cases.
pub struct World {
    /// The API server.
    pub server: ApiServer,
    /// The network namespace of all pods. One pod is there at a time.
    pub netns: Namespace,
    dir: TempDir,
}

impl Default for World {
    fn default() -> Self {
        Self::new()
    }
}

impl World {
    /// A world in which there are definitions, and none of them yet.
    ///
    /// # Panics
    /// When the API server does not start.
    pub fn new() -> Self {
        let world = Self {
            server: ApiServer::start(),
            netns: Namespace::new(),
            dir: tempfile::Builder::new().prefix("genie-differential-").tempdir().expect("a temporary directory"),
        };
        let text = fs::read_to_string(world.server.kubeconfig()).expect("the server wrote it");
        fs::write(world.dead_kubeconfig(), text.replace(&world.server.url(), "https://127.0.0.1:1")).expect("a file");
        definitions::install(&world.server);
        world
    }

    /// Creates the objects of cases: namespaces, definitions, pods.
    ///
    /// # Panics
    /// When the API server refuses one.
    pub fn create<'a>(&self, cases: impl IntoIterator<Item = &'a Case>) {
        let (mut namespaces, mut objects) = (BTreeSet::new(), Vec::new());
        for case in cases {
            namespaces.insert(case.namespace());
            for definition in case.definitions() {
                let namespace = format!("{}{}", case.namespace(), definition.suffix);
                let spec = definition.config.map_or_else(|| json!({}), |config| json!({"config": config}));
                objects.push(json!({
                    "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
                    "metadata": {"name": definition.name, "namespace": namespace}, "spec": spec,
                }));
                namespaces.insert(namespace);
            }
            objects.push(json!({
                "apiVersion": "v1", "kind": "Pod",
                "metadata": {"name": POD, "namespace": case.namespace(), "annotations": case.annotations()},
                "spec": {"nodeName": "node1", "containers": [{"name": "c", "image": "none"}]},
            }));
        }
        let namespaces =
            namespaces.iter().map(|name| json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
        self.server.create_all(&namespaces.chain(objects).collect::<Vec<_>>());
    }

    /// The uids of all pods, by namespace.
    pub fn uids(&self) -> Vec<(String, String)> {
        let text = self.server.kubectl(&[
            "get",
            "pods",
            "--all-namespaces",
            "-o",
            "jsonpath={range .items[*]}{.metadata.namespace} {.metadata.uid}{\"\\n\"}{end}",
        ]);
        text.lines().filter_map(|line| line.split_once(' ')).map(|(a, b)| (a.to_owned(), b.to_owned())).collect()
    }

    /// The status that a pod's annotation has, if it has one.
    pub fn status(&self, case: &Case) -> Option<String> {
        let pod = self.server.get(&["pod", "--namespace", &case.namespace(), POD]);
        pod["metadata"]["annotations"][STATUS].as_str().map(ToOwned::to_owned)
    }

    /// A kubeconfig by which nobody is reached.
    pub fn dead_kubeconfig(&self) -> PathBuf {
        self.dir.path().join("dead")
    }

    /// A directory of the world's own.
    ///
    /// # Panics
    /// When it cannot be made.
    pub fn directory(&self, name: &str) -> PathBuf {
        let directory = self.dir.path().join(name);
        fs::create_dir_all(&directory).expect("a directory");
        directory
    }

    /// The default routes of the pod: family, interface, gateway.
    ///
    /// # Panics
    /// When `ip` does not answer.
    pub fn default_routes(&self) -> Value {
        let of = |family: &str| -> Vec<String> {
            let listed = self.netns.run(&format!("ip -j -{family} route show default"));
            let routes: Value = serde_json::from_str(&listed).unwrap_or_default();
            let routes = routes.as_array().cloned().unwrap_or_default();
            let text = |route: &Value, key: &str| route[key].as_str().unwrap_or_default().to_owned();
            routes.iter().map(|route| format!("{} via {}", text(route, "dev"), text(route, "gateway"))).collect()
        };
        json!({"v4": of("4"), "v6": of("6")})
    }
}
