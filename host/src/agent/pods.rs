//! The pods of this node: their metadata, kept by a watch.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use futures::StreamExt as _;
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
/// A watch that has not failed for so long works: it waits half of that, at most,
/// before it tries again.
const RECOVERED: Duration = Duration::from_mins(1);

/// By namespace and name.
type ByName = BTreeMap<(String, String), Known>;

struct Known {
    facts: PodFacts,
    /// A static pod's uid for its kubelet and the runtime; its mirror in the API
    /// server has another.
    static_uid: Option<String>,
}

/// The pods of this node.
#[derive(Default)]
pub struct Pods(Mutex<Watched>);

#[derive(Default)]
struct Watched {
    known: ByName,
    /// Those of a list that has not come to its end.
    listed: ByName,
    /// A list has come to its end.
    complete: bool,
    /// When the watch failed the last time, unless it has told something since.
    failed: Option<Instant>,
}

impl Watched {
    fn works(&self) -> bool {
        self.complete && !self.fails()
    }

    fn fails(&self) -> bool {
        self.failed.is_some_and(|failed| failed.elapsed() < RECOVERED)
    }
}

impl Pods {
    /// What is known of a pod. One of another uid is another pod.
    pub fn get(&self, pod: &Identity) -> Option<PodFacts> {
        let watched = self.lock();
        let Known { facts, static_uid } = watched.known.get(&(pod.namespace.clone(), pod.name.clone()))?;
        let same = |uid: &String| [&facts.identity.uid, static_uid].into_iter().flatten().any(|known| known == uid);
        pod.uid.as_ref().is_none_or(same).then(|| facts.clone())
    }

    /// Whether the watch has told all pods, and works.
    pub fn is_watched(&self) -> bool {
        self.lock().works()
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.lock().known.len()
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in what the watch tells. True: something may be there to be published.
    fn hear(&self, event: Event<PartialObjectMeta<Pod>>) -> bool {
        let mut watched = self.lock();
        watched.failed = None;
        match event {
            Event::Apply(pod) => {
                let (key, known) = entry(&pod);
                watched.known.insert(key, known);
                true
            }
            Event::Delete(pod) => {
                let (key, gone) = entry(&pod);
                // The pod of before may go after the one of now has come.
                if watched.known.get(&key).is_some_and(|known| known.facts.identity.uid == gone.facts.identity.uid) {
                    watched.known.remove(&key);
                }
                false
            }
            Event::Init => {
                watched.listed.clear();
                false
            }
            Event::InitApply(pod) => {
                let (key, known) = entry(&pod);
                watched.listed.insert(key, known);
                false
            }
            Event::InitDone => {
                watched.known = std::mem::take(&mut watched.listed);
                watched.complete = true;
                tracing::info!(pods = watched.known.len(), "the pods of this node are known");
                true
            }
        }
    }

    /// The watch failed; it tries again. A failure that lasts is one message.
    fn fail(&self, error: &watcher::Error) {
        let mut watched = self.lock();
        if !watched.fails() {
            tracing::warn!(%error, "the pods of this node cannot be watched; trying again");
        }
        watched.failed = Some(Instant::now());
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
    let client = context.await_client().await;
    // Of this type only metadata is asked for.
    let api: Api<PartialObjectMeta<Pod>> = Api::all(client);
    let of_node = watcher::Config::default().fields(&format!("spec.nodeName={}", context.options.node)).page_size(PAGE);
    let mut events = std::pin::pin!(watcher(api, of_node).default_backoff());
    // The stream has no end; a failure is followed by another attempt.
    while let Some(event) = events.next().await {
        match event {
            Ok(event) => {
                if context.pods.hear(event) {
                    context.publish.notify_one();
                }
            }
            Err(error) => {
                context.pods.fail(&error);
                context.metrics.watch_failed();
            }
        }
    }
}
