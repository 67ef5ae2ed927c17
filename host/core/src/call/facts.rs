//! What a selector's imports answer during a call.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;

use serde_json::{Value, json};

use crate::network::Catalogue;
use crate::node;
use crate::object::{ObjectName, labels_of};
use crate::pod::{Identity, PodFacts};
use crate::selector::sandbox::facts::{Facts, Question};
use crate::sources::{Lookup, PodSource};

/// The facts of one call: those of its pod, of the cluster and of this node.
pub struct CallFacts {
    sources: Vec<PodSource>,
    pod: Identity,
    node: String,
    catalogue: Arc<Catalogue>,
    deadline: Instant,
    /// What each source said of the pod, so that it is asked only once.
    told: Mutex<Vec<Option<PodFacts>>>,
}

impl CallFacts {
    /// Prepares the facts. Nothing is read until a selector asks.
    pub fn new(
        sources: &[PodSource],
        pod: &Identity,
        node: &str,
        catalogue: &Arc<Catalogue>,
        deadline: Instant,
    ) -> Self {
        Self {
            sources: sources.to_vec(),
            pod: pod.clone(),
            node: node.to_owned(),
            catalogue: Arc::clone(catalogue),
            deadline,
            told: Mutex::default(),
        }
    }

    /// A fact of the pod, from the first source that has it.
    fn of_pod<T>(&self, fact: impl Fn(&PodFacts) -> Option<T>) -> Result<T, String> {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        for (index, source) in self.sources.iter().enumerate() {
            if index == told.len() {
                told.push(source.pod(&self.pod, self.deadline).map_err(|error| error.msg)?);
            }
            if let Some(fact) = told.get(index).and_then(Option::as_ref).and_then(&fact) {
                return Ok(fact);
            }
        }
        Err(format!(
            "no source of pod facts knows more of pod {}/{} than its annotations",
            self.pod.namespace, self.pod.name
        ))
    }

    fn find_object(&self, object: &ObjectName) -> Result<Option<Value>, String> {
        let mut any = false;
        for source in &self.sources {
            match source.object(object, self.deadline).map_err(|error| error.msg)? {
                Lookup::Found(object) => return Ok(Some(object)),
                Lookup::Absent => any = true,
                Lookup::Silent => {}
            }
        }
        let none = "no source of cluster objects answers: the configuration names no API server \
                    (kubernetes.kubeconfig) and no manifests, and no agent runs";
        if any { Ok(None) } else { Err(none.into()) }
    }

    fn namespace_labels(&self) -> Result<BTreeMap<String, String>, String> {
        let name = &self.pod.namespace;
        if name.is_empty() {
            return Err("the runtime names no pod, and so no namespace".into());
        }
        let namespace = self.find_object(&ObjectName::new("v1", "Namespace", None, name)?)?;
        let namespace = namespace.ok_or_else(|| format!("nothing is known of namespace {name:?}"))?;
        Ok(labels_of(&namespace))
    }

    fn node_label(&self, key: &str) -> Result<Option<String>, String> {
        let node = self.find_object(&ObjectName::new("v1", "Node", None, &self.node)?)?;
        let node = node.ok_or_else(|| format!("nothing is known of node {:?}", self.node))?;
        Ok(node["metadata"]["labels"][key].as_str().map(ToOwned::to_owned))
    }

    fn free_addresses(&self, network: &str) -> Result<Option<u64>, String> {
        let installed = self.catalogue.find(network).ok_or_else(|| format!("no network {network:?} is installed"))?;
        Ok(node::free_addresses(&installed.list))
    }
}

impl Facts for CallFacts {
    fn answer(&self, question: &Question) -> Result<Value, String> {
        match question {
            Question::Labels => Ok(json!(
                self.of_pod(|pod| Some(pod.labels.iter().map(|(key, value)| json!([key, value])).collect::<Vec<_>>()))?
            )),
            Question::ServiceAccount => Ok(json!(self.of_pod(|pod| pod.service_account.clone())?)),
            Question::Owner => Ok(json!(self.of_pod(|pod| Some(pod.owner.clone()))?)),
            Question::Object(object) => Ok(json!(self.find_object(object)?.map(|object| object.to_string()))),
            Question::NamespaceLabels => Ok(json!(self.namespace_labels()?.iter().collect::<Vec<_>>())),
            Question::Traffic { prefix } => Ok(json!(node::traffic(prefix)?)),
            Question::NodeLabel { key } => Ok(json!(self.node_label(key)?)),
            Question::FreeAddresses { network } => Ok(json!(self.free_addresses(network)?)),
        }
    }
}
