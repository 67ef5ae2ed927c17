//! What a selector's imports answer during a call.

use serde_json::Value;

use crate::network::Catalogue;
use crate::node;
use crate::pod::{Identity, Manifests, Source};
use crate::selector::facts::Facts;

/// Facts of one call: of its pod, the cluster and this node.
pub struct CallFacts<'a> {
    manifests: Vec<Manifests>,
    pod: &'a Identity,
    node: &'a str,
    catalogue: &'a Catalogue,
}

impl<'a> CallFacts<'a> {
    /// Nothing is read until a selector asks.
    pub fn new(sources: &[Source], pod: &'a Identity, node: &'a str, catalogue: &'a Catalogue) -> Self {
        let manifests = sources.iter().filter_map(|source| match source {
            Source::Manifests(dir) => Some(Manifests::new(dir)),
            Source::Runtime | Source::Args => None,
        });
        Self { manifests: manifests.collect(), pod, node, catalogue }
    }

    fn pod_manifest(&self) -> Result<crate::pod::PodFacts, String> {
        for manifests in &self.manifests {
            if let Some(pod) = manifests.pod(self.pod).map_err(|error| error.msg)? {
                return Ok(pod);
            }
        }
        Err(format!(
            "no source of pod facts knows more of pod {}/{} than its annotations",
            self.pod.namespace, self.pod.name
        ))
    }
}

impl CallFacts<'_> {
    fn find_object(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<Value>, String> {
        if self.manifests.is_empty() {
            return Err("this configuration has no source of cluster objects (\"pods\": [{\"manifests\": DIR}])".into());
        }
        for manifests in &self.manifests {
            let found = manifests.object(api_version, kind, namespace, name).map_err(|error| error.msg)?;
            if found.is_some() {
                return Ok(found);
            }
        }
        Ok(None)
    }
}

impl Facts for CallFacts<'_> {
    fn labels(&self) -> Result<Vec<(String, String)>, String> {
        self.pod_manifest().map(|pod| pod.labels.into_iter().collect())
    }

    fn service_account(&self) -> Result<String, String> {
        self.pod_manifest()?.service_account.ok_or_else(|| "the service account is not known".into())
    }

    fn owner(&self) -> Result<Option<(String, String)>, String> {
        self.pod_manifest().map(|pod| pod.owner)
    }

    fn object(
        &self,
        api_version: &str,
        kind: &str,
        namespace: Option<&str>,
        name: &str,
    ) -> Result<Option<String>, String> {
        Ok(self.find_object(api_version, kind, namespace, name)?.map(|object| object.to_string()))
    }

    fn traffic(&self, prefix: &str) -> Result<(u64, u64), String> {
        node::traffic(prefix)
    }

    fn node_label(&self, key: &str) -> Result<Option<String>, String> {
        let node = self.find_object("v1", "Node", None, self.node)?;
        let node = node.ok_or_else(|| format!("nothing is known of node {:?}", self.node))?;
        Ok(node["metadata"]["labels"][key].as_str().map(ToOwned::to_owned))
    }

    fn free_addresses(&self, network: &str) -> Result<Option<u64>, String> {
        let installed = self.catalogue.find(network).ok_or_else(|| format!("no network {network:?} is installed"))?;
        Ok(node::free_addresses(&installed.list))
    }
}
