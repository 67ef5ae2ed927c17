//! Requests in one line.

use crate::fake::HOME;
use crate::{Network, Plan, PodName, Request};

/// A request for the pod `demo/pod`, which has no annotations and whose interface is
/// `eth0`, on the node `node`, where nothing is installed. The methods of [`Request`] and
/// its fields change it.
///
/// ```
/// use genie_selector::testing;
///
/// let request = testing::request()
///     .for_pod("shop", "web-1")
///     .with_annotation("cni", "calico")
///     .with_network("10-calico.conflist", "k8s-pod-network", &["calico", "portmap"]);
/// assert_eq!(request.pod.namespace, "shop");
/// ```
pub fn request() -> Request {
    Request {
        pod: PodName { namespace: HOME.to_owned(), name: "pod".to_owned(), uid: None },
        annotations: Vec::new(),
        container: "container".to_owned(),
        interface: "eth0".to_owned(),
        node: "node".to_owned(),
        networks: Vec::new(),
        decided: None,
        attributes: Vec::new(),
    }
}

/// These change a request of [`testing::request`](request()).
impl Request {
    /// Makes it a request for another pod.
    #[must_use]
    pub fn for_pod(mut self, namespace: &str, name: &str) -> Self {
        namespace.clone_into(&mut self.pod.namespace);
        name.clone_into(&mut self.pod.name);
        self
    }

    /// Adds an annotation.
    #[must_use]
    pub fn with_annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.push((key.to_owned(), value.to_owned()));
        self.annotations.sort();
        self
    }

    /// Adds an installed network: its file, its `name` and the types of its plugins. Add
    /// networks in the order of their files' names.
    #[must_use]
    pub fn with_network(mut self, file: &str, name: &str, plugins: &[&str]) -> Self {
        self.networks.push(Network {
            name: name.to_owned(),
            file: file.to_owned(),
            plugins: plugins.iter().map(|&plugin| plugin.to_owned()).collect(),
            cni_version: "1.0.0".to_owned(),
            capabilities: Vec::new(),
        });
        self
    }

    /// Adds an attribute.
    #[must_use]
    pub fn with_attribute(mut self, key: &str, value: &str) -> Self {
        self.attributes.push((key.to_owned(), value.to_owned()));
        self
    }

    /// Adds the decision of an earlier selector, which an entry with `"run": "always"` sees.
    #[must_use]
    pub fn after(mut self, decided: Plan) -> Self {
        self.decided = Some(decided);
        self
    }
}
