//! Whether the `DaemonSet` that we belong to is being removed. It is watched as long as we
//! run: whoever deletes a manifest deletes our identity with it, and who asks without one,
//! when it is stopped, is told nothing.

use std::time::Duration;

use anyhow::{Result, bail};
use futures::StreamExt as _;
use k8s_openapi::api::apps::v1::DaemonSet;
use kube::Api;
use kube::api::{WatchEvent, WatchParams};
use kube::core::PartialObjectMeta;
use tokio::sync::watch::Sender;
use tokio::time::sleep;

use super::Context;
use crate::install::stop::DaemonSetName;

/// How long after a watch has ended the next one begins. The API server ends each of them
/// after some minutes.
const AGAIN: Duration = Duration::from_secs(1);
/// The same when it was refused: a cluster whose role of ours lacks the verb goes without.
const REFUSED: Duration = Duration::from_mins(10);

/// Watches for ever, and tells `removed`.
pub async fn watch(context: &Context, name: &DaemonSetName, removed: &Sender<bool>) {
    let client = context.await_client().await;
    let api: Api<PartialObjectMeta<DaemonSet>> = Api::namespaced(client, &name.namespace);
    loop {
        let pause = match follow(&api, &name.name, removed).await {
            Ok(()) => AGAIN,
            Err(error) => {
                tracing::debug!(error = format!("{error:#}"), "the DaemonSet is not watched");
                REFUSED
            }
        };
        sleep(pause).await;
    }
}

/// One watch, to its end. It begins with what is there.
async fn follow(api: &Api<PartialObjectMeta<DaemonSet>>, name: &str, removed: &Sender<bool>) -> Result<()> {
    let only = WatchParams::default().fields(&format!("metadata.name={name}"));
    let mut events = match api.watch(&only, "0").await {
        Ok(events) => events.boxed(),
        Err(kube::Error::Api(status)) if status.code < 500 => bail!("{}", status.message),
        Err(_) => return Ok(()),
    };
    while let Some(Ok(event)) = events.next().await {
        match event {
            WatchEvent::Added(set) | WatchEvent::Modified(set) => {
                tracing::debug!(name, "the DaemonSet is there");
                removed.send_replace(set.metadata.deletion_timestamp.is_some());
            }
            WatchEvent::Deleted(_) => {
                tracing::info!(name, "the DaemonSet was removed");
                removed.send_replace(true);
            }
            WatchEvent::Bookmark(_) => {}
            WatchEvent::Error(_) => break,
        }
    }
    Ok(())
}
