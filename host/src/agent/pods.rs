//! The pods of this node: their metadata, kept by a watch.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures::TryStreamExt as _;
use k8s_openapi::api::core::v1::Pod;
use kube::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::{self, Event, watcher};

use super::Context;
use crate::kubernetes::facts;
use crate::pod::{Identity, PodFacts, is_private};

/// How many pods come with one answer of the list that a watch begins with.
const PAGE: u32 = 100;
/// How long is waited for credentials that are not there yet.
const CREDENTIALS: Duration = Duration::from_secs(5);

/// The pods of this node, by namespace and name.
#[derive(Default)]
pub struct Pods {
    known: Mutex<BTreeMap<(String, String), PodFacts>>,
    synced: AtomicBool,
}

impl Pods {
    /// What is known of a pod. One of another uid is another pod.
    pub fn get(&self, pod: &Identity) -> Option<PodFacts> {
        let known = self.lock();
        let facts = known.get(&(pod.namespace.clone(), pod.name.clone()))?;
        let same = pod.uid.is_none() || facts.identity.uid.is_none() || pod.uid == facts.identity.uid;
        same.then(|| facts.clone())
    }

    /// Whether the watch has told all pods at least once, and goes on.
    pub fn is_synced(&self) -> bool {
        self.synced.load(Ordering::Relaxed)
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().len()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, BTreeMap<(String, String), PodFacts>> {
        self.known.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    fn put(&self, pod: &PartialObjectMeta<Pod>) {
        let (key, facts) = entry(pod);
        self.lock().insert(key, facts);
    }

    fn take(&self, pod: &PartialObjectMeta<Pod>) {
        let (key, facts) = entry(pod);
        let mut known = self.lock();
        // The pod of before may go after the one of now has come.
        if known.get(&key).is_some_and(|known| known.identity.uid == facts.identity.uid) {
            known.remove(&key);
        }
    }
}

fn entry(pod: &PartialObjectMeta<Pod>) -> ((String, String), PodFacts) {
    let mut facts = facts(&pod.metadata, None);
    facts.annotations.retain(|key, _| !is_private(key));
    ((facts.identity.namespace.clone(), facts.identity.name.clone()), facts)
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
                let (key, facts) = entry(&pod);
                listed.insert(key, facts);
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
