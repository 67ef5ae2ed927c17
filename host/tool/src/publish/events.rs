//! Events on pods that did not get their networks.
//!
//! Equal events count up one object. (kube's own recorder takes all events of one reason for equal,
//! whatever they say. So it would hide a second mistake behind the first.)

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::time::Instant;

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::core::Status;
use serde_json::json;
use tokio::time::timeout;

use super::FindPod;
use super::REQUEST_TIME;
use super::Round;
use super::WRITER;
use super::retry::{NotPublished, Retry};
use genie_core::cni::code;
use genie_core::pod::Identity;
use genie_core::report::spool::{NOTICE, PROBLEM, RefusedPod, Spool, Taken};
use genie_core::text::start;

/// The longest message that the API server allows in an event, in bytes.
const MESSAGE_LIMIT: usize = 1024;
/// The longest name of an object, less the suffix that makes an event's name unique.
const NAME_LIMIT: usize = 253 - 17;
/// The API server keeps events for an hour, in seconds. An event about something older helps
/// nobody.
const MAX_AGE: u64 = 3600;

/// The events of this node.
pub struct Events {
    node: String,
    /// The last event of each pod, by namespace and name.
    last: HashMap<(String, String), Posted>,
    /// When to try refusals again whose event the API server has refused, by their file. A pod that
    /// is refused again has the same file.
    retries: HashMap<PathBuf, Retry>,
}

/// An event that was posted.
#[derive(Clone)]
struct Posted {
    uid: Option<String>,
    reason: &'static str,
    message: String,
    /// The name of the event's object.
    name: String,
    count: i32,
    time: u64,
}

impl Events {
    /// Makes the publisher. No event is known yet.
    pub fn new(node: &str) -> Self {
        Self { node: node.into(), last: HashMap::new(), retries: HashMap::new() }
    }

    /// Makes events of all refusals in the spool. What fails is due again later, and holds up no
    /// other event. Without a client this only counts.
    ///
    /// # Errors
    /// The spool cannot be read.
    pub async fn round(
        &mut self,
        spool: &Spool,
        lookup: FindPod<'_>,
        client: Option<&kube::Client>,
    ) -> Result<Round, String> {
        let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
        self.last.retain(|_, posted| posted.time + MAX_AGE > now);
        let listed = spool.list().map_err(|error| format!("cannot read the spool: {error}"))?;
        self.retries.retain(|path, _| listed.iter().any(|taken| taken.path() == path));
        let mut round = Round::default();
        for taken in listed {
            if taken.refusal.time + MAX_AGE <= now {
                tracing::info!(pod = pod_of(&taken.refusal), "its refusal is too old for an event");
                round.dropped += 1;
                spool.done(&taken);
                continue;
            }
            let client = client.filter(|_| !round.silent && self.is_due(taken.path()));
            if !self.deliver(&taken, lookup, client, &mut round).await {
                round.waiting += 1;
                continue;
            }
            self.retries.remove(taken.path());
            spool.done(&taken);
        }
        round.refused = self.retries.len();
        Ok(round)
    }

    /// Posts a refusal's event. Returns whether nothing is left to be done about the refusal.
    async fn deliver(
        &mut self,
        taken: &Taken,
        lookup: FindPod<'_>,
        client: Option<&kube::Client>,
        round: &mut Round,
    ) -> bool {
        let Some(client) = client else { return false };
        let known = lookup(&Identity::from(&taken.refusal.pod)).and_then(|pod| pod.identity.uid);
        let Err(failure) = self.post(&taken.refusal, known, client).await else {
            round.published += 1;
            return true;
        };
        let (pod, why) = (pod_of(&taken.refusal), failure.why());
        match failure {
            NotPublished::Final(_) => {
                tracing::error!(pod, why, "the pod's event cannot be published");
                round.dropped += 1;
                return true;
            }
            NotPublished::Silent(_) => round.silent = true,
            NotPublished::Passing(_) | NotPublished::Denied(_) | NotPublished::Missing(_) => {
                let before = self.retries.get(taken.path()).copied();
                self.retries.insert(taken.path().into(), Retry::after(&failure, before, Instant::now()));
            }
        }
        round.failure.get_or_insert_with(|| format!("event on pod {pod}: {why}"));
        false
    }

    fn is_due(&self, refusal: &Path) -> bool {
        self.retries.get(refusal).is_none_or(|retry| retry.is_due(Instant::now()))
    }

    async fn post(
        &mut self,
        refusal: &RefusedPod,
        known: Option<String>,
        client: &kube::Client,
    ) -> Result<(), NotPublished> {
        let pod = &refusal.pod;
        // A static pod has another uid on the API server.
        let uid = known.or(Identity::from(pod).uid);
        let key = (pod.namespace.clone(), pod.name.clone());
        let (reason, message) = (reason(refusal.code), message(refusal));
        let events = Api::<Event>::namespaced(client.clone(), &pod.namespace);
        let repeated = self.last.get(&key).filter(|last| {
            last.uid == uid && last.reason == reason && without_numbers(&last.message) == without_numbers(&message)
        });
        if let Some(last) = repeated.cloned() {
            let count = last.count + 1;
            let body = json!({"count": count, "message": message, "lastTimestamp": time(refusal)});
            let patch = Patch::Merge(body);
            let patched = bounded(events.patch(&last.name, &PatchParams::default(), &patch)).await;
            match patched {
                Ok(_) => {
                    self.last.insert(key, Posted { count, message, time: refusal.time, ..last });
                    return Ok(());
                }
                // The API server keeps the event no longer: a new one is created.
                Err(NotPublished::Missing(_)) => {}
                Err(failure) => return Err(failure),
            }
        }
        let event = event(refusal, uid.clone(), &self.node, reason, &message);
        let name = event.metadata.name.clone().unwrap_or_default();
        match bounded(events.create(&PostParams::default(), &event)).await {
            // When the namespace is missing, the pod is gone, too.
            Ok(_) | Err(NotPublished::Missing(_)) => {
                self.last.insert(key, Posted { uid, reason, message, name, count: 1, time: refusal.time });
                Ok(())
            }
            Err(failure) => Err(failure),
        }
    }
}

async fn bounded<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, NotPublished> {
    match timeout(REQUEST_TIME, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) if is_ending(&status) => Err(NotPublished::Missing(status.message.clone())),
        Ok(Err(error)) => Err(NotPublished::of(Some(&error))),
        Err(_) => Err(NotPublished::of(None)),
    }
}

/// Whether the namespace is being deleted: the API server accepts nothing new in it.
fn is_ending(status: &Status) -> bool {
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    causes.any(|cause| cause.reason == "NamespaceTerminating")
}

fn event(refusal: &RefusedPod, uid: Option<String>, node: &str, reason: &str, message: &str) -> Event {
    let pod = &refusal.pod;
    let stem = pod.name.get(..NAME_LIMIT).unwrap_or(&pod.name).trim_end_matches(['.', '-']);
    Event {
        metadata: ObjectMeta {
            namespace: Some(pod.namespace.clone()),
            name: Some(format!("{stem}.{:x}", Timestamp::now().as_nanosecond())),
            ..ObjectMeta::default()
        },
        involved_object: ObjectReference {
            api_version: Some("v1".into()),
            kind: Some("Pod".into()),
            namespace: Some(pod.namespace.clone()),
            name: Some(pod.name.clone()),
            uid,
            ..ObjectReference::default()
        },
        type_: Some("Warning".into()),
        reason: Some(reason.into()),
        message: Some(message.into()),
        source: Some(EventSource { component: Some(WRITER.into()), host: Some(node.into()) }),
        reporting_component: Some(WRITER.into()),
        reporting_instance: Some(node.into()),
        first_timestamp: Some(time(refusal)),
        last_timestamp: Some(time(refusal)),
        count: Some(1),
        ..Event::default()
    }
}

fn pod_of(refusal: &RefusedPod) -> String {
    format!("{}/{}", refusal.pod.namespace, refusal.pod.name)
}

fn time(refusal: &RefusedPod) -> Time {
    let seconds = i64::try_from(refusal.time).unwrap_or_default();
    Time(Timestamp::from_second(seconds).unwrap_or_default())
}

fn reason(error: u32) -> &'static str {
    match error {
        NOTICE => "NetworkWarning",
        PROBLEM => "NotAsConfigured",
        code::REFUSED_INVALID => "InvalidNetworkAnnotation",
        code::REFUSED_DENIED => "NetworkDenied",
        _ => "NetworkFailed",
    }
}

fn message(refusal: &RefusedPod) -> String {
    // The message of an operator's mistake already says who has to correct it.
    let who = match refusal.code {
        code::REFUSED_INVALID => "; the pod's owner has to correct it",
        _ => "",
    };
    let mut message = refusal.message.clone();
    if !refusal.details.is_empty() {
        message = format!("{message}; {}", refusal.details);
    }
    format!("{}{who}", start(&message, MESSAGE_LIMIT - who.len()))
}

/// The message without numbers and identifiers. They differ from one attempt to the next, although
/// the failure is the same.
fn without_numbers(message: &str) -> String {
    let is_number = |word: &str| {
        word.bytes().all(|byte| byte.is_ascii_digit())
            || (word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let words = message.split_inclusive(|c: char| !c.is_alphanumeric());
    words.filter(|word| !is_number(word.trim_end_matches(|c: char| !c.is_alphanumeric()))).collect()
}
