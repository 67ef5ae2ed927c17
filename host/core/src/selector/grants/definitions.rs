//! The grant `definitions`: which NetworkAttachmentDefinitions may be chosen.

use serde::{Deserialize, Serialize};
use serde_json::json;

use super::Grants;
use super::missing::{Missing, shortened};
use super::pattern::Patterns;
use crate::selector::abi::{DefinitionName, PodName};

/// The namespaces whose definitions may be chosen.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Definitions {
    /// Whether the pod's own namespace is one of them.
    own: bool,
    /// The other namespaces, by patterns.
    namespaces: Patterns,
}

impl Definitions {
    pub(super) fn add_own(&mut self) {
        self.own = true;
    }

    pub(super) fn extend(&mut self, namespaces: Vec<String>) {
        self.namespaces.extend(namespaces);
    }

    /// The grant in words for people; none when nothing is granted.
    pub(super) fn in_words(&self) -> Option<String> {
        let own = self.own.then(|| "the pod's own namespace".to_owned());
        let others = (!self.namespaces.is_empty()).then(|| self.namespaces.list());
        let all: Vec<_> = own.into_iter().chain(others).collect();
        (!all.is_empty()).then(|| all.join(", "))
    }
}

impl Grants {
    /// Whether a pod's plan may name this definition.
    pub fn permits_definition(&self, name: &DefinitionName, pod: &PodName) -> bool {
        self.check_definition(name, pod).is_ok()
    }

    pub(super) fn check_definition(&self, name: &DefinitionName, pod: &PodName) -> Result<(), Missing> {
        let granted = &self.definitions;
        // Kubernetes has no pods without a namespace; such a pod owns no definitions.
        let is_own = !pod.namespace.is_empty() && name.namespace == pod.namespace;
        if (granted.own && is_own) || granted.namespaces.matches(&name.namespace) {
            return Ok(());
        }
        let wanted =
            if is_own { json!({"definitions": "own"}) } else { json!({"definitions": [shortened(&name.namespace)]}) };
        match granted.in_words() {
            None => Err(Missing::new("is a NetworkAttachmentDefinition", wanted)),
            Some(granted) => {
                let what = format!("is a NetworkAttachmentDefinition, and those of {granted} are granted only");
                Err(Missing::beyond(what, wanted))
            }
        }
    }
}
