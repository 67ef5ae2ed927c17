//! The watch of definitions' metadata, from the first question on.

#[cfg(test)]
mod tests;

use std::time::{Duration, Instant};

use kube::api::{ListParams, WatchEvent};
use kube::core::{DynamicObject, PartialObjectMeta};
use kube::runtime::utils::Backoff as _;
use kube::runtime::watcher::DefaultBackoff;
use kube::{Api, Client, ResourceExt as _};
use tokio::time::timeout;

use super::{Definitions, Told};
use crate::agent::Context;
use crate::agent::watching::{self, Broken, OPENING, between};
use crate::kubernetes;

/// A watch that is open again after this time has missed nothing that matters: no pod was started
/// by what changed just now.
const AT_ONCE: Duration = Duration::from_secs(1);
/// The time in between two attempts while the cluster knows no definitions or does not let us watch
/// them, at least and at most, in seconds. A question costs one read meanwhile.
const RARELY: (u64, u64) = (240, 360);

/// How a watch ended.
enum Ended {
    /// As it has to from time to time.
    Itself,
    /// Before its time.
    Early(String),
    /// The server has forgotten the version from which it was to go on.
    Forgotten,
    /// The cluster has no such objects.
    Unknown,
    /// The server does not let us.
    Forbidden(String),
}

impl From<kube::Error> for Ended {
    fn from(error: kube::Error) -> Self {
        let code = if let kube::Error::Api(status) = &error { status.code } else { 0 };
        match code {
            410 => Self::Forgotten,
            404 => Self::Unknown,
            403 => Self::Forbidden(kubernetes::readable(&error)),
            _ => Self::Early(kubernetes::readable(&error)),
        }
    }
}

impl From<Broken> for Ended {
    fn from(broken: Broken) -> Self {
        match broken {
            Broken::Silent => Self::Early("it says nothing any more".into()),
            Broken::AtOnce => Self::Early("it ended at once".into()),
            Broken::Error(error) => error.into(),
        }
    }
}

/// Watches for ever, as soon as somebody has asked for a definition: a cluster without such pods
/// does not pay.
pub async fn watch(context: &Context) {
    context.definitions.asked.notified().await;
    let client = context.await_client().await;
    context.definitions.follow(client, || context.metrics.definition_watch_failed()).await;
}

/// Where a watch goes on.
#[derive(Default)]
struct Place {
    /// After this version.
    version: Option<String>,
    /// What was read since then has been told of without a gap.
    since: Option<Instant>,
}

impl Definitions {
    /// Watches for ever. `failed` is told of each failure.
    async fn follow(&self, client: Client, failed: impl Fn()) {
        let api: Api<DynamicObject> = Api::all_with(client.clone(), &kubernetes::definitions());
        let mut place = Place::default();
        let mut backoff = DefaultBackoff::default();
        loop {
            let ended = self.follow_once(&client, &api, &mut place).await.unwrap_or_else(|ended| ended);
            self.closed();
            if matches!(ended, Ended::Itself) {
                backoff.reset();
                continue;
            }
            place.since = None;
            if !matches!(ended, Ended::Early(_)) {
                place.version = None;
            }
            if let Some(pause) = backoff.next() {
                tokio::time::sleep(pause).await;
            }
            let found = self.found.notified();
            match ended {
                Ended::Unknown => {
                    tracing::debug!("the cluster has no NetworkAttachmentDefinitions to watch");
                    _ = timeout(between(RARELY), found).await;
                }
                Ended::Forbidden(why) => {
                    self.fail(&why);
                    failed();
                    tokio::time::sleep(between(RARELY)).await;
                }
                Ended::Early(why) => {
                    self.fail(&why);
                    failed();
                }
                Ended::Forgotten | Ended::Itself => {}
            }
        }
    }

    async fn follow_once(&self, client: &Client, api: &Api<DynamicObject>, place: &mut Place) -> Result<Ended, Ended> {
        let late = |_| Ended::Early("no answer in time".into());
        let opening = Instant::now();
        let mut version = match place.version.take() {
            Some(version) => version,
            None => timeout(OPENING, now(client)).await.map_err(late)??,
        };
        // What is read from here on has no change before it that the watch does not tell.
        let listed = Instant::now();
        let events = timeout(OPENING, api.watch_metadata(&watching::params(), &version)).await;
        place.version = Some(version.clone());
        let mut events = std::pin::pin!(events.map_err(late)??);
        let opened = Instant::now();
        let since = place.since.take().filter(|_| opening.elapsed() < AT_ONCE).unwrap_or(listed);
        self.opened(since);
        loop {
            let Some(event) = watching::next(&mut events, opened).await? else {
                place.since = Some(since);
                return Ok(Ended::Itself);
            };
            version = match event {
                WatchEvent::Added(object) | WatchEvent::Modified(object) => self.told(&object, Told::Is),
                WatchEvent::Deleted(object) => self.told(&object, Told::Gone),
                WatchEvent::Bookmark(bookmark) => bookmark.metadata.resource_version,
                WatchEvent::Error(status) => return Err(kube::Error::Api(status).into()),
            };
            place.version = Some(version.clone());
        }
    }

    /// Takes in what was told of an object, and returns the version that was told.
    fn told(&self, object: &PartialObjectMeta<DynamicObject>, told: impl Fn(String) -> Told) -> String {
        let version = object.resource_version().unwrap_or_default();
        self.hear(&(object.namespace().unwrap_or_default(), object.name_any()), told(version.clone()));
        version
    }

    /// Notes that the watch failed. A failure that lasts is logged once.
    fn fail(&self, why: &str) {
        if !std::mem::replace(&mut self.lock().fails, true) {
            tracing::warn!(why, "NetworkAttachmentDefinitions cannot be watched; each is read when it is asked for");
        }
    }
}

/// The version of this moment: that of a list of what there is under one name. To the API server
/// that is as small a request as a get. A list with a limit counts as a list of all, of which it
/// lets few agents have one at the same time.
async fn now(client: &Client) -> Result<String, Ended> {
    let api: Api<DynamicObject> = Api::namespaced_with(client.clone(), "default", &kubernetes::definitions());
    let list = api.list_metadata(&ListParams::default().fields("metadata.name=none")).await?;
    let version = list.metadata.resource_version.filter(|version| !version.is_empty());
    version.ok_or_else(|| Ended::Early("the list has no version".into()))
}
