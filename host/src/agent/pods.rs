//! The pods of this node: their metadata, kept by a watch.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};

use super::Context;
use crate::kubernetes::{STATIC_UID, facts};
use crate::pod::{Identity, PodFacts, is_private};

/// How many pods come with one answer of the list that a watch begins with.
const PAGE: u32 = 100;
/// How long is waited for credentials that are not there yet.
const CREDENTIALS: Duration = Duration::from_secs(5);

/// The pods of this node, by namespace and name.
#[derive(Default)]
pub struct Pods {
    known: Mutex<BTreeMap<(String, String), Known>>,
    synced: AtomicBool,
}

struct Known {
    facts: PodFacts,
    /// A static pod's uid for its kubelet and the runtime; its mirror in the API
    /// server has another.
    static_uid: Option<String>,
}

impl Pods {
    /// What is known of a pod. One of another uid is another pod.
    pub fn get(&self, pod: &Identity) -> Option<PodFacts> {
        let known = self.lock();
        let Known { facts, static_uid } = known.get(&(pod.namespace.clone(), pod.name.clone()))?;
        let same = |uid: &String| [&facts.identity.uid, static_uid].into_iter().flatten().any(|known| known == uid);
        pod.uid.as_ref().is_none_or(same).then(|| facts.clone())
    }

    /// Whether the watch has told all pods at least once, and goes on.
    pub fn is_synced(&self) -> bool {
        self.synced.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<(String, String), Known>> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn put(&self, pod: &PartialObjectMeta<Pod>) {
        let (key, known) = entry(pod);
        self.lock().insert(key, known);
    }

    fn take(&self, pod: &PartialObjectMeta<Pod>) {
        let (key, gone) = entry(pod);
        let mut known = self.lock();
        // The pod of before may go after the one of now has come.
        if known.get(&key).is_some_and(|known| known.facts.identity.uid == gone.facts.identity.uid) {
            known.remove(&key);
        }
    }
}

fn entry(pod: &PartialObjectMeta<Pod>) -> ((String, String), Known) {
    let mut facts = facts(&pod.metadata, None);
    let static_uid = facts.annotations.get(STATIC_UID).cloned();
    facts.annotations.retain(|key, _| !is_private(key));
    ((facts.identity.namespace.clone(), facts.identity.name.clone()), Known { facts, static_uid })
}

/// Watches for ever. What is known stays known while the API server is away.
pub async fn watch(context: &Context) {
    let client = loop {
        match context.client().await {
            Ok(client) => break client,
            Err(why) => tracing::warn!(why, "the pods of this node cannot be watched yet"),
        }
        tokio::time::sleep(CREDENTIALS).await;
    };
    let api: Api<PartialObjectMeta<Pod>> = Api::all(client);
    let of_node = watcher::Config::default().fields(&format!("spec.nodeName={}", context.options.node)).page_size(PAGE);
    let mut events = std::pin::pin!(watcher(api, of_node).default_backoff());
    let mut listed = BTreeMap::new();
    loop {
        let event = match events.try_next().await {
            Ok(Some(event)) => event,
            // The stream has no end; an error is followed by another attempt.
            Ok(None) => return,
            Err(error) => {
                if context.pods.synced.swap(false, Ordering::Relaxed) {
                    tracing::warn!(%error, "the watch of this node's pods broke; trying again");
                }
                context.metrics.watch_failed();
                continue;
            }
        };
        match event {
            Event::Apply(pod) => {
                context.pods.put(&pod);
                context.publish.notify_one();
            }
            Event::Delete(pod) => context.pods.take(&pod),
            Event::Init => listed.clear(),
            Event::InitApply(pod) => {
                let (key, known) = entry(&pod);
                listed.insert(key, known);
            }
            Event::InitDone => {
                *context.pods.lock() = std::mem::take(&mut listed);
                context.pods.synced.store(true, Ordering::Relaxed);
                tracing::info!(pods = context.pods.len(), "the pods of this node are known");
                context.publish.notify_one();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn pod(uid: &str, annotations: &serde_json::Value) -> PartialObjectMeta<Pod> {
        let metadata = json!({"namespace": "default", "name": "web", "uid": uid, "annotations": annotations});
        serde_json::from_value(json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata})).unwrap()
    }

    fn wanted(uid: Option<&str>) -> Identity {
        Identity { namespace: "default".into(), name: "web".into(), uid: uid.map(ToOwned::to_owned) }
    }

    #[test]
    fn a_pod_of_another_uid_is_another_pod() {
        let pods = Pods::default();
        pods.put(&pod("new", &json!({"cni": "calico", "kubectl.kubernetes.io/last-applied-configuration": "x"})));
        assert_eq!(pods.get(&wanted(Some("old"))), None);
        let known = pods.get(&wanted(Some("new"))).unwrap();
        assert_eq!(known.annotations.into_iter().collect::<Vec<_>>(), [("cni".into(), "calico".into())]);
        assert!(pods.get(&wanted(None)).is_some());
    }

    #[test]
    fn a_static_pod_is_known_by_its_kubelets_uid_too() {
        let pods = Pods::default();
        pods.put(&pod("mirror", &json!({STATIC_UID: "hash"})));
        let known = pods.get(&wanted(Some("hash"))).unwrap();
        assert_eq!(known.identity.uid.as_deref(), Some("mirror"), "the API server's uid is the one to patch");
        assert_eq!(pods.get(&wanted(Some("other"))), None);
    }

    #[test]
    fn the_end_of_the_pod_of_before_is_not_the_end_of_this_one() {
        let pods = Pods::default();
        pods.put(&pod("new", &json!({})));
        pods.take(&pod("old", &json!({})));
        assert_eq!(pods.len(), 1);
        pods.take(&pod("new", &json!({})));
        assert_eq!(pods.len(), 0);
    }
}
