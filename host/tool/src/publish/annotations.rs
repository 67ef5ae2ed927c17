//! Publishes annotations, level-triggered. The finished attachment records say what a pod's
//! annotations have to be, the watch says what they are, and the difference is patched. That
//! happens once per record: if somebody edits an annotation later, the edit stays.

mod patch;
#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use futures::{StreamExt, stream};
use k8s_openapi::api::core::v1::Pod;
use kube::api::{Api, Patch as Body, PatchParams};
use kube::core::{PartialObjectMeta, Status};
use tokio::time::timeout;

use super::FindPod;
use super::REQUEST_TIME;
use super::Round;
use super::WRITER;
use super::retry::{NotPublished, Retry};
use genie_core::cni::CniError;
use genie_core::pod::{Annotations, Identity};
use genie_core::record::{Listed, MODERATE, Record, Store};
pub use patch::Patch;

/// How many patches are sent at a time.
const AT_A_TIME: usize = 8;

/// What is known of the node's records.
#[derive(Default)]
pub struct Publisher {
    known: BTreeMap<PathBuf, Known>,
}

/// A record's file, and whether something is left to publish.
struct Known {
    inode: u64,
    /// Files of records only grow.
    length: u64,
    state: State,
}

enum State {
    /// The ADD has not ended.
    Unfinished,
    /// To be compared with the pod's annotations.
    Due(Finished),
    /// Published, or there is nothing to publish.
    Settled,
}

/// What a finished ADD wants published.
struct Finished {
    pod: Identity,
    created: u64,
    annotations: Annotations,
    /// Set when the API server has refused it.
    retry: Option<Retry>,
}

impl Publisher {
    /// Publishes what is due. What fails is due again later. Without a client this only counts.
    ///
    /// # Errors
    /// The records cannot be listed.
    pub async fn round(
        &mut self,
        store: &Store,
        lookup: FindPod<'_>,
        client: Option<&kube::Client>,
    ) -> Result<Round, CniError> {
        self.refresh(store)?;
        let mut round = Round::default();
        if let Some(client) = client {
            let now = Instant::now();
            let patches = self.due(lookup, now);
            self.send_all(&patches, client, now, &mut round).await;
        }
        round.waiting = self.waiting().count();
        round.refused = self.waiting().filter(|(_, finished)| finished.retry.is_some()).count();
        Ok(round)
    }

    async fn send_all(&mut self, patches: &[Patch], client: &kube::Client, now: Instant, round: &mut Round) {
        // When the API server does not answer, the other patches need not be tried.
        let silent = AtomicBool::new(false);
        let sending = stream::iter(patches).map(async |patch| {
            if silent.load(Ordering::Relaxed) {
                return None;
            }
            let sent = send(client, patch).await;
            if matches!(sent, Err(NotPublished::Silent(_))) {
                silent.store(true, Ordering::Relaxed);
            }
            Some((patch, sent))
        });
        let mut sending = std::pin::pin!(sending.buffer_unordered(AT_A_TIME));
        while let Some(sent) = sending.next().await {
            let Some((patch, sent)) = sent else { continue };
            match sent {
                Ok(()) => {
                    round.published += 1;
                    self.settle(&patch.record);
                }
                Err(NotPublished::Final(why)) => {
                    tracing::error!(pod = patch.pod(), why, "the pod's annotations cannot be published");
                    round.dropped += 1;
                    self.settle(&patch.record);
                }
                Err(NotPublished::Missing(_)) => {
                    tracing::info!(pod = patch.pod(), "not published: the pod is gone, or another one of its name");
                    self.settle(&patch.record);
                }
                Err(failure) => {
                    round.failure.get_or_insert_with(|| format!("pod {}: {}", patch.pod(), failure.why()));
                    if !matches!(failure, NotPublished::Silent(_)) {
                        self.postpone(&patch.record, &failure, now);
                    }
                }
            }
        }
        round.silent = silent.load(Ordering::Relaxed);
    }

    /// Reads the records that have changed.
    fn refresh(&mut self, store: &Store) -> Result<(), CniError> {
        let mut known = BTreeMap::new();
        for path in store.files()? {
            // The record is gone: its DEL has ended.
            let Ok(metadata) = path.metadata() else { continue };
            let (inode, length) = (metadata.ino(), metadata.len());
            let unchanged = self.known.remove(&path).filter(|known| known.is_current(inode, length));
            let current = match unchanged {
                Some(known) => known,
                None if length > MODERATE => {
                    tracing::warn!(
                        record = %path.display(),
                        bytes = length,
                        "a record is too large to be read: what it would publish is not published"
                    );
                    Known { inode, length, state: State::Settled }
                }
                None => match store.read(path.clone()) {
                    Some(Listed::Record(record)) => Known { inode, length, state: State::of(&record) },
                    Some(Listed::Damaged { .. }) => Known { inode, length, state: State::Settled },
                    None => continue,
                },
            };
            known.insert(path, current);
        }
        self.known = known;
        Ok(())
    }

    /// The patches to send now. A record whose pod the watch does not show yet waits.
    fn due(&mut self, lookup: FindPod<'_>, now: Instant) -> Vec<Patch> {
        let mut patches = Vec::new();
        let mut settled = self.superseded();
        let is_due = |finished: &Finished| finished.retry.is_none_or(|retry| retry.is_due(now));
        for (path, finished) in self.waiting().filter(|(path, _)| !settled.contains(path)) {
            if !is_due(finished) {
                continue;
            }
            let Some(pod) = lookup(&finished.pod) else { continue };
            patches.push((path.clone(), patch::between(path, &finished.annotations, &pod)));
        }
        settled.extend(patches.iter().filter(|(_, patch)| patch.is_none()).map(|(path, _)| path.clone()));
        for path in &settled {
            self.settle(path);
        }
        patches.into_iter().filter_map(|(_, patch)| patch).collect()
    }

    /// Records of a pod's earlier sandboxes, where a later record of the pod waits, too.
    fn superseded(&self) -> Vec<PathBuf> {
        let is_later = |path: &Path, finished: &Finished, than: (&PathBuf, &Finished)| {
            finished.pod == than.1.pod && (finished.created, path) > (than.1.created, than.0)
        };
        let superseded = self.waiting().filter(|of| self.waiting().any(|(path, other)| is_later(path, other, *of)));
        superseded.map(|(path, _)| path.clone()).collect()
    }

    /// The records that are still to be published.
    fn waiting(&self) -> impl Iterator<Item = (&PathBuf, &Finished)> {
        self.known.iter().filter_map(|(path, known)| match &known.state {
            State::Due(finished) => Some((path, finished)),
            State::Unfinished | State::Settled => None,
        })
    }

    fn postpone(&mut self, record: &Path, failure: &NotPublished, now: Instant) {
        if let Some(Known { state: State::Due(finished), .. }) = self.known.get_mut(record) {
            finished.retry = Some(Retry::after(failure, finished.retry, now));
        }
    }

    fn settle(&mut self, record: &Path) {
        if let Some(known) = self.known.get_mut(record) {
            known.state = State::Settled;
        }
    }
}

impl Known {
    /// Whether the file is as it was read. What a DEL adds to a settled record changes nothing.
    fn is_current(&self, inode: u64, length: u64) -> bool {
        self.inode == inode && (self.length == length || (self.length < length && matches!(self.state, State::Settled)))
    }
}

impl State {
    fn of(record: &Record) -> Self {
        let header = &record.header;
        let (Some(outcome), Some(pod)) = (record.outcome(), &header.pod) else {
            // Outside of Kubernetes there is no pod to publish on.
            return if header.pod.is_none() { Self::Settled } else { Self::Unfinished };
        };
        let being_deleted = record.remaining().len() < header.attachments.len();
        let text = |(key, value): (&String, &serde_json::Value)| Some((key.clone(), value.as_str()?.to_owned()));
        let annotations: Annotations = outcome.annotations.as_object().into_iter().flatten().filter_map(text).collect();
        if being_deleted || annotations.is_empty() {
            return Self::Settled;
        }
        Self::Due(Finished { pod: pod.into(), created: header.created, annotations, retry: None })
    }
}

async fn send(client: &kube::Client, patch: &Patch) -> Result<(), NotPublished> {
    let pods: Api<PartialObjectMeta<Pod>> = Api::namespaced(client.clone(), &patch.namespace);
    let parameters = PatchParams { field_manager: Some(WRITER.into()), ..PatchParams::default() };
    let body = Body::Merge(patch.body());
    match timeout(REQUEST_TIME, pods.patch_subresource("status", &patch.name, &parameters, &body)).await {
        Ok(Ok(_)) => Ok(()),
        Ok(Err(kube::Error::Api(status))) if concerns_uid(&status) => {
            Err(NotPublished::Missing(status.message.clone()))
        }
        Ok(Err(error)) => Err(NotPublished::of(Some(&error))),
        Err(_) => Err(NotPublished::of(None)),
    }
}

/// Whether the refusal is about the uid. A uid cannot be changed, so the patch was meant for
/// another pod of that name.
fn concerns_uid(status: &Status) -> bool {
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    causes.any(|cause| cause.field == "metadata.uid")
}
