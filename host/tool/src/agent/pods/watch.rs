//! The list of the node's pods, and the watch that goes on from there.
//!
//! All agents of a cluster may begin at once, and each has few pods of many. So the list is one that
//! the API server answers from its own memory, by its index of nodes, and of which it lets as many
//! be under way as of small requests. What it costs is what the node has, and not what the cluster
//! has. kube's own watcher cannot ask so: with a page it asks for the newest of all, which some
//! servers read from etcd, pod by pod. (A watch that begins with what there is, `sendInitialEvents`,
//! is there only on some versions, and to all of them it is as large as a list of every pod.)

#[cfg(test)]
mod tests;

use std::fmt;
use std::time::Instant;

use kube::api::{ListParams, VersionMatch, WatchEvent, WatchParams};
use kube::runtime::utils::Backoff as _;
use kube::runtime::watcher::{DefaultBackoff, Event};
use kube::{Api, ResourceExt as _};
use tokio::time::timeout;

use super::Pods;
use super::slim::Slim;
use crate::agent::Context;
use crate::agent::watching::{self, Broken, OPENING};
use crate::kubernetes::readable;

/// How many pods come with one answer of the list. The agent holds an answer in memory as a whole,
/// and a pod may be a quarter of a megabyte, twice. A further answer is not by the index, so an
/// ordinary node's pods are in the first.
const PAGE: u32 = 32;
/// The version that the list is not older than: any. With 0, which says the same, the server answers
/// all at once.
const ANY: &str = "1";

/// Watches for ever. What is known stays known while the API server is away.
pub async fn watch(context: &Context) {
    let client = context.await_client().await;
    // Of this type only metadata is requested.
    let api: Api<Slim> = Api::all(client);
    let told = |event| {
        if context.pods.hear(event) {
            context.publish.notify_one();
        }
    };
    let follow = Follow { api, fields: fields(&context.options.node), pods: &context.pods, told: &told };
    follow.follow(|| context.metrics.watch_failed()).await;
}

/// Only pods that may get a network: not pods on the node's network, and not pods that have ended.
fn fields(node: &str) -> String {
    format!("spec.nodeName={node},spec.hostNetwork=false,status.phase!=Succeeded,status.phase!=Failed")
}

/// Why a watch is begun again.
enum Failure {
    /// The server has forgotten the version from which it was to go on.
    Forgotten,
    Other(String),
}

impl From<kube::Error> for Failure {
    fn from(error: kube::Error) -> Self {
        match &error {
            kube::Error::Api(status) if status.code == 410 => Self::Forgotten,
            _ => Self::Other(readable(&error)),
        }
    }
}

impl From<Broken> for Failure {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Silent => Self::Other("the watch says nothing any more".into()),
            Broken::AtOnce => Self::Other("the watch ended at once".into()),
            Broken::Error(error) => error.into(),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Forgotten => f.write_str("the API server has forgotten where the watch was"),
            Self::Other(why) => f.write_str(why),
        }
    }
}

struct Follow<'a> {
    api: Api<Slim>,
    fields: String,
    pods: &'a Pods,
    told: &'a dyn Fn(Event<Slim>),
}

impl Follow<'_> {
    /// Lists and watches for ever. `failed` is told of each failure.
    async fn follow(&self, failed: impl Fn()) {
        let mut version = None;
        let mut backoff = DefaultBackoff::default();
        loop {
            let Err(failure) = self.follow_once(&mut version).await else {
                backoff.reset();
                continue;
            };
            if matches!(failure, Failure::Forgotten) {
                version = None;
            }
            self.pods.fail(&failure.to_string());
            failed();
            if let Some(pause) = backoff.next() {
                tokio::time::sleep(pause).await;
            }
        }
    }

    /// Watches from a version on, or lists first, until the watch ends as it has to from time to
    /// time.
    async fn follow_once(&self, place: &mut Option<String>) -> Result<(), Failure> {
        let late = |_| Failure::Other("no answer in time".into());
        let mut version = match place.take() {
            Some(version) => version,
            None => self.list().await?,
        };
        *place = Some(version.clone());
        let params = WatchParams { field_selector: Some(self.fields.clone()), ..watching::params() };
        let events = timeout(OPENING, self.api.watch(&params, &version)).await.map_err(late)??;
        let mut events = std::pin::pin!(events);
        let opened = Instant::now();
        self.pods.opened();
        loop {
            let Some(event) = watching::next(&mut events, opened).await? else { return Ok(()) };
            version = match event {
                WatchEvent::Added(pod) | WatchEvent::Modified(pod) => self.tell(pod, Event::Apply),
                WatchEvent::Deleted(pod) => self.tell(pod, Event::Delete),
                WatchEvent::Bookmark(bookmark) => bookmark.metadata.resource_version,
                WatchEvent::Error(status) => return Err(kube::Error::Api(status).into()),
            };
            *place = Some(version.clone());
        }
    }

    /// Lists the pods, and returns the version of the list.
    async fn list(&self) -> Result<String, Failure> {
        let mut params = ListParams {
            field_selector: Some(self.fields.clone()),
            limit: Some(PAGE),
            resource_version: Some(ANY.into()),
            version_match: Some(VersionMatch::NotOlderThan),
            ..ListParams::default()
        };
        loop {
            let page = timeout(OPENING, self.api.list(&params)).await;
            let page = page.map_err(|_| Failure::Other("no answer in time".into()))??;
            if params.continue_token.is_none() {
                (self.told)(Event::Init);
            }
            page.items.into_iter().for_each(|pod| (self.told)(Event::InitApply(pod)));
            let filled = |text: Option<String>| text.filter(|text| !text.is_empty());
            params.continue_token = filled(page.metadata.continue_);
            if params.continue_token.is_some() {
                continue;
            }
            let version = filled(page.metadata.resource_version);
            let version = version.ok_or_else(|| Failure::Other("the list has no version".into()))?;
            (self.told)(Event::InitDone);
            return Ok(version);
        }
    }

    /// Tells of a pod, and returns the version that was told.
    fn tell(&self, pod: Slim, as_event: impl Fn(Slim) -> Event<Slim>) -> String {
        let version = pod.resource_version().unwrap_or_default();
        (self.told)(as_event(pod));
        version
    }
}
