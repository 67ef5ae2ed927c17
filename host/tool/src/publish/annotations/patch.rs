//! What a pod's annotations lack.

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
    /// The pod's uid: a pod of another one stays as it is.
    pub uid: Option<String>,
    /// New values; none for what is to go.
    pub annotations: BTreeMap<String, Option<String>>,
}

impl Patch {
    /// The pod, for messages.
    pub fn pod(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The JSON merge patch. With the uid in it the API server refuses it for a pod of
    /// another one.
    pub fn body(&self) -> Value {
        json!({"metadata": {"uid": self.uid, "annotations": self.annotations}})
    }
}

/// The patch that makes the pod's annotations what its record wants; none when
/// they are. Where nobody knows what they are, the patch says all of it: what is so
/// already, the API server does not write again.
pub(super) fn between(record: &Path, wanted: &Annotations, pod: &Shown) -> Option<Patch> {
    let is = |key: &str, value: &String| pod.annotations.as_ref().is_some_and(|are| are.get(key) == Some(value));
    let may_have = |key: &str| pod.annotations.as_ref().is_none_or(|are| are.contains_key(key));
    let mut annotations: BTreeMap<_, _> = wanted
        .iter()
        .filter(|(key, value)| !is(key, value))
        .map(|(key, value)| (key.clone(), Some(value.clone())))
        .collect();
    // Of an earlier sandbox with more networks; it would name addresses of others.
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
