//! Events on pods that did not get their networks.
//!
//! Equal ones count up one object. (kube's own recorder takes all events of one
//! reason for equal, whatever they say, and so would hide a second mistake behind
//! the first.)

#[cfg(test)]
mod tests;

use std::collections::HashMap;

use k8s_openapi::api::core::v1::{Event, EventSource, ObjectReference};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ObjectMeta, Time};
use k8s_openapi::jiff::Timestamp;
use kube::api::{Api, Patch, PatchParams, PostParams};
use kube::core::Status;
use serde_json::json;
use tokio::time::timeout;

use super::spool::{NOTICE, Refusal, Spool};
use super::{Lookup, REQUEST_TIME, WRITER};
use crate::cni::code;
use crate::pod::Identity;

/// What the API server allows in an event, in bytes.
const MESSAGE_LIMIT: usize = 1024;
/// The longest name of an object, less what makes an event's name its own.
const NAME_LIMIT: usize = 253 - 17;
/// The API server keeps events for an hour; one about something older helps nobody.
const MAX_AGE: u64 = 3600;

/// The events of this node.
pub struct Events {
    node: String,
    /// The last event of each pod, by namespace and name.
    last: HashMap<(String, String), Posted>,
}

/// An event that is there.
#[derive(Clone)]
struct Posted {
    uid: Option<String>,
    reason: &'static str,
    message: String,
    /// The object's name.
    name: String,
    count: i32,
    time: u64,
}

impl Events {
    /// None so far.
    pub fn new(node: &str) -> Self {
        Self { node: node.into(), last: HashMap::new() }
    }

    /// Makes events of all refusals in the spool. Answers how many; those after the
    /// first that fails stay for the next time.
    ///
    /// # Errors
    /// Why an event could not be posted, or the spool not be read.
    pub async fn deliver(&mut self, spool: &Spool, lookup: Lookup<'_>, client: &kube::Client) -> Result<usize, String> {
        let now = u64::try_from(Timestamp::now().as_second()).unwrap_or_default();
        self.last.retain(|_, posted| posted.time + MAX_AGE > now);
        let mut delivered = 0;
        for taken in spool.list().map_err(|error| format!("cannot read the spool: {error}"))? {
            if taken.refusal.time + MAX_AGE > now {
                let known = lookup(&Identity::from(&taken.refusal.pod)).and_then(|pod| pod.identity.uid);
                self.post(&taken.refusal, known, client).await?;
                delivered += 1;
            }
            spool.remove(&taken);
        }
        Ok(delivered)
    }

    async fn post(&mut self, refusal: &Refusal, known: Option<String>, client: &kube::Client) -> Result<(), String> {
        let pod = &refusal.pod;
        // A static pod's uid is another one on the API server.
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
                // The API server has forgotten it.
                Err(Failure::Missing) => {}
                Err(Failure::Other(why)) => return Err(format!("event on pod {}/{}: {why}", key.0, key.1)),
            }
        }
        let event = event(refusal, uid.clone(), &self.node, reason, &message);
        let name = event.metadata.name.clone().unwrap_or_default();
        match bounded(events.create(&PostParams::default(), &event)).await {
            // Its namespace is gone, and the pod with it.
            Ok(_) | Err(Failure::Missing) => {
                self.last.insert(key, Posted { uid, reason, message, name, count: 1, time: refusal.time });
                Ok(())
            }
            Err(Failure::Other(why)) => Err(format!("event on pod {}/{}: {why}", key.0, key.1)),
        }
    }
}

enum Failure {
    Missing,
    Other(String),
}

async fn bounded<T>(request: impl Future<Output = kube::Result<T>>) -> Result<T, Failure> {
    match timeout(REQUEST_TIME, request).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(kube::Error::Api(status))) if status.code == 404 => Err(Failure::Missing),
        Ok(Err(kube::Error::Api(status))) if is_ending(&status) => Err(Failure::Missing),
        Ok(Err(error)) => Err(Failure::Other(error.to_string())),
        Err(_) => Err(Failure::Other(format!("no answer within {} s", REQUEST_TIME.as_secs()))),
    }
}

/// The namespace is being deleted: the API server accepts nothing new in it.
fn is_ending(status: &Status) -> bool {
    let mut causes = status.details.iter().flat_map(|details| &details.causes);
    causes.any(|cause| cause.reason == "NamespaceTerminating")
}

fn event(refusal: &Refusal, uid: Option<String>, node: &str, reason: &str, message: &str) -> Event {
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

fn time(refusal: &Refusal) -> Time {
    let seconds = i64::try_from(refusal.time).unwrap_or_default();
    Time(Timestamp::from_second(seconds).unwrap_or_default())
}

fn reason(error: u32) -> &'static str {
    match error {
        NOTICE => "NetworksIgnored",
        code::REFUSED_INVALID => "InvalidNetworkAnnotation",
        code::REFUSED_DENIED => "NetworkDenied",
        _ => "NetworkFailed",
    }
}

fn message(refusal: &Refusal) -> String {
    // An error of the operator's says so itself.
    let who = match refusal.code {
        code::REFUSED_INVALID => "; the pod's owner has to correct it",
        _ => "",
    };
    let mut message = refusal.message.clone();
    if !refusal.details.is_empty() {
        message = format!("{message}; {}", refusal.details);
    }
    message.truncate(message.floor_char_boundary(MESSAGE_LIMIT - who.len()));
    message + who
}

/// The message without numbers and identifiers: those differ from one attempt to
/// the next, although it is the same failure.
fn without_numbers(message: &str) -> String {
    let is_number = |word: &str| {
        word.bytes().all(|byte| byte.is_ascii_digit())
            || (word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit()))
    };
    let words = message.split_inclusive(|c: char| !c.is_alphanumeric());
    words.filter(|word| !is_number(word.trim_end_matches(|c: char| !c.is_alphanumeric()))).collect()
}
