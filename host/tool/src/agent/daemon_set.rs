//! Whether our own `DaemonSet` is being removed. It is watched as long as the agent runs. A
//! question at the end would be too late: `kubectl delete -f` deletes the agent's service account
//! together with the DaemonSet, and the API server answers nothing without it.

use futures::StreamExt as _;
use k8s_openapi::api::apps::v1::DaemonSet;
use kube::Api;
use kube::core::PartialObjectMeta;
use kube::runtime::WatchStreamExt as _;
use kube::runtime::watcher::watch_object;
use tokio::sync::watch::Sender;

use super::Context;
use crate::install::stop::DaemonSetName;

/// Watches for ever, and sends to `removed` whether the DaemonSet is gone or is being deleted.
pub async fn watch(context: &Context, name: &DaemonSetName, removed: &Sender<bool>) {
    let client = context.await_client().await;
    let api: Api<PartialObjectMeta<DaemonSet>> = Api::namespaced(client, &name.namespace);
    let mut seen = std::pin::pin!(watch_object(api, &name.name).default_backoff());
    // The stream has no end: a failure is followed by another attempt.
    while let Some(set) = seen.next().await {
        let gone = match set {
            Ok(set) => set.is_none_or(|set| set.metadata.deletion_timestamp.is_some()),
            Err(error) => {
                tracing::debug!(%error, "the DaemonSet cannot be watched; trying again");
                continue;
            }
        };
        tracing::debug!(name = name.name, gone, "the DaemonSet was seen");
        removed.send_replace(gone);
    }
}
