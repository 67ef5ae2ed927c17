//! The difference between a pod's annotations and what its record wants.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use genie_selector::merge::MULTI_IP_PREFERENCES;
use serde_json::{Value, json};

use crate::publish::Shown;
use genie_core::pod::Annotations;

/// One pod's patch.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// The record that asks for it.
    pub record: PathBuf,
    /// The pod's namespace.
    pub namespace: String,
    /// The pod's name.
    pub name: String,
    /// The pod's uid: a pod with another uid is not patched.
    pub uid: Option<String>,
    /// New values by key. A key without a value is removed.
    pub annotations: BTreeMap<String, Option<String>>,
}

impl Patch {
    /// The pod, for messages.
    pub fn pod(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The JSON merge patch. Because the uid is in it, the API server refuses it for another pod of
    /// that name.
    pub fn body(&self) -> Value {
        json!({"metadata": {"uid": self.uid, "annotations": self.annotations}})
    }
}

/// The patch that makes the pod's annotations what its record wants. The result is none when they
/// are so already. Where the annotations are not known, the patch holds all of them: the API server
/// does not write again what is so already.
pub(super) fn between(record: &Path, wanted: &Annotations, pod: &Shown) -> Option<Patch> {
    let is = |key: &str, value: &String| pod.annotations.as_ref().is_some_and(|are| are.get(key) == Some(value));
    let may_have = |key: &str| pod.annotations.as_ref().is_none_or(|are| are.contains_key(key));
    let mut annotations: BTreeMap<_, _> = wanted
        .iter()
        .filter(|(key, value)| !is(key, value))
        .map(|(key, value)| (key.clone(), Some(value.clone())))
        .collect();
    // The key is of an earlier sandbox with more networks, and would name addresses that others
    // have now.
    if !wanted.contains_key(MULTI_IP_PREFERENCES) && may_have(MULTI_IP_PREFERENCES) {
        annotations.insert(MULTI_IP_PREFERENCES.to_owned(), None);
    }
    let identity = &pod.identity;
    (!annotations.is_empty()).then(|| Patch {
        record: record.to_owned(),
        namespace: identity.namespace.clone(),
        name: identity.name.clone(),
        uid: identity.uid.clone(),
        annotations,
    })
}
