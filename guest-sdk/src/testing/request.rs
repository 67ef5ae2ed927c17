//! Requests in one line.

use crate::{Network, Plan, PodName, Request};

/// The request for the pod `demo/pod` without annotations, whose interface is
/// `eth0`, on the node `node` where nothing is installed. Change what the test
/// is about, by the methods of [`Request`] or in its fields.
pub fn request() -> Request {
    Request {
        pod: PodName { namespace: "demo".to_owned(), name: "pod".to_owned(), uid: None },
        annotations: Vec::new(),
        container: "container".to_owned(),
        interface: "eth0".to_owned(),
        node: "node".to_owned(),
        networks: Vec::new(),
        decided: None,
        attributes: Vec::new(),
    }
}

/// For tests: see [`request`](request()).
impl Request {
    /// For another pod.
    #[must_use]
    pub fn for_pod(mut self, namespace: &str, name: &str) -> Self {
        namespace.clone_into(&mut self.pod.namespace);
        name.clone_into(&mut self.pod.name);
        self
    }

    /// With one more annotation.
    #[must_use]
    pub fn with_annotation(mut self, key: &str, value: &str) -> Self {
        self.annotations.push((key.to_owned(), value.to_owned()));
        self.annotations.sort();
        self
    }

    /// With one more installed network: its file, its `name` and the types of
    /// its plugins. Add them in the order of their files' names.
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

    /// With one more attribute.
    #[must_use]
    pub fn with_attribute(mut self, key: &str, value: &str) -> Self {
        self.attributes.push((key.to_owned(), value.to_owned()));
        self
    }

    /// As an entry with `"run": "always"` sees it after an earlier decision.
    #[must_use]
    pub fn after(mut self, decided: Plan) -> Self {
        self.decided = Some(decided);
        self
    }
}
