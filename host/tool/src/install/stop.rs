//! Whether the agent is stopped for good. The kubelet ends it in the same way for a restart, an
//! upgrade and a removal; only the DaemonSet itself tells them apart.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::apps::v1::DaemonSet;
use kube::core::PartialObjectMeta;
use kube::{Api, Client};
use tokio::sync::watch::Receiver;
use tokio::time::timeout;

use super::Layout;
use super::uninstall::{Left, uninstall};

/// How long to wait for an answer. The agent has half a minute between the signal and its end.
const ANSWER: Duration = Duration::from_secs(5);

/// The name of our own `DaemonSet`.
#[derive(Clone, Debug)]
pub struct DaemonSetName {
    /// The namespace of the DaemonSet.
    pub namespace: String,
    /// The name of the DaemonSet.
    pub name: String,
}

/// Takes everything away if our DaemonSet is being removed. When that is not certain, everything
/// stays: pods must go on starting while the agent is away. `seen` is what the watch of the
/// DaemonSet has told: true after its removal.
///
/// # Errors
/// As [`uninstall`].
pub async fn on_stop(
    layout: &Layout,
    client: Option<Client>,
    daemon_set: &DaemonSetName,
    seen: Receiver<bool>,
) -> Result<()> {
    let Some(client) = client else { return Ok(()) };
    if !is_removed(client, daemon_set, seen).await {
        tracing::info!("stopped; everything stays on the node");
        return Ok(());
    }
    let layout = layout.clone();
    let left = tokio::task::spawn_blocking(move || uninstall(&layout)).await??;
    match left {
        Left::Nothing => tracing::info!("the DaemonSet was removed: nothing is left on the node"),
        Left::Draining => tracing::info!("the DaemonSet was removed: what running pods need stays until they are gone"),
        Left::Foreign => tracing::warn!("the DaemonSet was removed: what is not ours, or was changed, stays"),
    }
    Ok(())
}

async fn is_removed(client: Client, daemon_set: &DaemonSetName, mut seen: Receiver<bool>) -> bool {
    let api: Api<DaemonSet> = Api::namespaced(client, &daemon_set.namespace);
    let told = timeout(ANSWER, api.get_metadata(&daemon_set.name)).await;
    match told.ok().as_ref().and_then(tells_removal) {
        Some(removed) => removed,
        // The watch may be about to tell of the removal.
        None => matches!(timeout(ANSWER, seen.wait_for(|removed| *removed)).await, Ok(Ok(_))),
    }
}

/// Whether this answer says that the DaemonSet is being removed. The result is none when it does
/// not tell. A refusal may mean that our service account was deleted together with the DaemonSet,
/// or that the API server cannot read its keys.
fn tells_removal(answer: &kube::Result<PartialObjectMeta<DaemonSet>>) -> Option<bool> {
    match answer {
        Ok(set) => Some(set.metadata.deletion_timestamp.is_some()),
        Err(kube::Error::Api(status)) if status.code == 404 => Some(true),
        Err(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use kube::core::Status;

    use super::*;

    fn refused(code: u16) -> kube::Result<PartialObjectMeta<DaemonSet>> {
        Err(kube::Error::Api(Box::new(Status { code, ..Status::default() })))
    }

    #[test]
    fn only_what_is_certain_means_removal() {
        assert_eq!(tells_removal(&refused(404)), Some(true));
        for code in [401, 403, 410, 429, 500, 503] {
            assert_eq!(tells_removal(&refused(code)), None, "{code}");
        }
        let mut set = PartialObjectMeta::default();
        assert_eq!(tells_removal(&Ok(set.clone())), Some(false));
        set.metadata.deletion_timestamp = Some(Time(k8s_openapi::jiff::Timestamp::now()));
        assert_eq!(tells_removal(&Ok(set)), Some(true));
        assert_eq!(tells_removal(&Err(kube::Error::LinesCodecMaxLineLengthExceeded)), None);
    }
}
