//! Is the agent stopped for good? The kubelet ends it in the same way for a
//! restart, for an upgrade and for a removal; only the DaemonSet itself tells.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::apps::v1::DaemonSet;
use kube::core::PartialObjectMeta;
use kube::{Api, Client};
use tokio::sync::watch::Receiver;
use tokio::time::timeout;

use super::Layout;
use super::uninstall::{Left, uninstall};

/// The agent has half a minute between the signal and its end.
const ANSWER: Duration = Duration::from_secs(5);

/// The `DaemonSet` that we belong to.
#[derive(Clone, Debug)]
pub struct DaemonSetName {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
}

/// Takes everything away if our DaemonSet is being removed. Whenever that is not
/// certain, everything stays: pods must go on starting while the agent is away.
/// `seen` is what the watch of the DaemonSet has told: true after its removal.
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
        // Its removal may be on the way to us.
        None => matches!(timeout(ANSWER, seen.wait_for(|removed| *removed)).await, Ok(Ok(_))),
    }
}

/// Whether this answer says that the DaemonSet is being removed; none when it says
/// nothing. That we are refused may be our identity's end, and with it everybody's, or
/// an API server that cannot read its keys.
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
