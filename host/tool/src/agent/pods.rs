//! The pods of this node: their metadata, kept by a watch.
//!
//! Other people decide how many pods there are and how large they are. So memory is bounded: only
//! pods that may get a network are known. Their facts are kept up to a limit; of pods beyond it
//! only the identity is kept.

mod slim;
#[cfg(test)]
mod tests;
mod watch;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use kube::runtime::watcher::Event;

use crate::publish::Shown;
use genie_core::pod::{Identity, PodFacts};
use slim::Slim;
pub use watch::watch;

/// How much memory the facts of all pods may take, in bytes. The facts of further pods are read
/// from the API server when they are wanted.
const ALL: usize = 16 << 20;
/// A watch without a failure for this long works: it waits at most half of that before it tries
/// again.
const RECOVERED: Duration = Duration::from_mins(1);

/// Pods by namespace and name.
#[derive(Default)]
struct ByName {
    pods: BTreeMap<(String, String), Pod>,
    /// How much memory their facts take, in bytes.
    size: usize,
}

struct Pod {
    uid: Option<String>,
    static_uid: Option<String>,
    /// The facts. There are none when they are too large to be kept.
    facts: Option<PodFacts>,
    size: usize,
}

/// What is known of a pod.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// No pod of this name is known.
    Nothing,
    /// All that its metadata says.
    Facts(PodFacts),
    /// Who the pod is. Its facts are too large to be kept.
    Large(Identity),
}

/// The pods of this node.
#[derive(Default)]
pub struct Pods(Mutex<Watched>);

#[derive(Default)]
struct Watched {
    known: ByName,
    /// The pods of a list that is not complete yet.
    listed: ByName,
    /// Whether a list has ever been complete.
    complete: bool,
    /// When the watch failed the last time. Reset when the watch is open, and when it tells
    /// something.
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

impl ByName {
    fn insert(&mut self, pod: Slim) {
        let Identity { namespace, name, uid } = pod.identity();
        let key = (namespace, name);
        self.remove(&key);
        let static_uid = pod.static_uid().cloned();
        let facts = pod.into_facts().filter(|(_, size)| self.size + size <= ALL);
        let (facts, size) = facts.map_or((None, 0), |(facts, size)| (Some(facts), size));
        self.size += size;
        self.pods.insert(key, Pod { uid, static_uid, facts, size });
    }

    fn remove(&mut self, key: &(String, String)) {
        if let Some(removed) = self.pods.remove(key) {
            self.size -= removed.size;
        }
    }
}

impl Pods {
    /// What is known of a pod. A pod with another uid is another pod.
    pub fn get(&self, wanted: &Identity) -> Known {
        let watched = self.lock();
        let key = (wanted.namespace.clone(), wanted.name.clone());
        let Some(pod) = watched.known.pods.get(&key) else { return Known::Nothing };
        let same = |uid: &String| [&pod.uid, &pod.static_uid].into_iter().flatten().any(|known| known == uid);
        match &pod.facts {
            _ if !wanted.uid.as_ref().is_none_or(same) => Known::Nothing,
            Some(facts) => Known::Facts(facts.clone()),
            None => Known::Large(Identity { namespace: key.0, name: key.1, uid: pod.uid.clone() }),
        }
    }

    /// The pod as the watch shows it, to compare with what is to be published.
    pub fn shown(&self, wanted: &Identity) -> Option<Shown> {
        match self.get(wanted) {
            Known::Nothing => None,
            Known::Facts(facts) => Some(Shown { identity: facts.identity, annotations: Some(facts.annotations) }),
            Known::Large(identity) => Some(Shown { identity, annotations: None }),
        }
    }

    /// Whether the watch has told all pods, and works.
    pub fn is_watched(&self) -> bool {
        self.lock().works()
    }

    /// How many pods are known.
    pub fn len(&self) -> usize {
        self.lock().known.pods.len()
    }

    fn lock(&self) -> MutexGuard<'_, Watched> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes in an event of the watch. Returns whether there may be something to publish.
    fn hear(&self, event: Event<Slim>) -> bool {
        let mut watched = self.lock();
        watched.failed = None;
        match event {
            Event::Apply(pod) => {
                watched.known.insert(pod);
                true
            }
            Event::Delete(pod) => {
                let Identity { namespace, name, uid } = pod.identity();
                let key = (namespace, name);
                // A pod's end may be told after its successor of the same name has come.
                if watched.known.pods.get(&key).is_some_and(|known| known.uid == uid) {
                    watched.known.remove(&key);
                }
                false
            }
            Event::Init => {
                watched.listed = ByName::default();
                false
            }
            Event::InitApply(pod) => {
                watched.listed.insert(pod);
                false
            }
            Event::InitDone => {
                watched.known = std::mem::take(&mut watched.listed);
                watched.complete = true;
                tracing::info!(pods = watched.known.pods.len(), "the pods of this node are known");
                true
            }
        }
    }

    /// The watch is open.
    fn opened(&self) {
        self.lock().failed = None;
    }

    /// Notes that the watch failed; it tries again by itself. A failure that lasts is logged once.
    fn fail(&self, why: &str) {
        let mut watched = self.lock();
        if !watched.fails() {
            tracing::warn!(why, "the pods of this node cannot be watched; trying again");
        }
        watched.failed = Some(Instant::now());
    }
}
