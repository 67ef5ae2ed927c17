//! Is the agent stopped for good? The kubelet ends it in the same way for a
//! restart, for an upgrade and for a removal; only the DaemonSet itself tells.

use std::time::Duration;

use anyhow::Result;
use k8s_openapi::api::apps::v1::DaemonSet;
use kube::{Api, Client};

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
///
/// # Errors
/// As [`uninstall`].
pub async fn on_stop(layout: &Layout, client: Option<Client>, daemon_set: &DaemonSetName) -> Result<()> {
    let Some(client) = client else { return Ok(()) };
    if !is_removed(client, daemon_set).await {
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

async fn is_removed(client: Client, daemon_set: &DaemonSetName) -> bool {
    let api: Api<DaemonSet> = Api::namespaced(client, &daemon_set.namespace);
    match tokio::time::timeout(ANSWER, api.get(&daemon_set.name)).await {
        Ok(answer) => means_removal(&answer),
        Err(_) => false,
    }
}

fn means_removal(answer: &kube::Result<DaemonSet>) -> bool {
    match answer {
        Ok(set) => set.metadata.deletion_timestamp.is_some(),
        // Without an identity there is nothing left that we belong to: whoever
        // deletes a manifest deletes the service account with the DaemonSet.
        Err(kube::Error::Api(status)) => matches!(status.code, 401 | 403 | 404),
        Err(_) => false,
    }
}

#[cfg(test)]
mod tests {
    use k8s_openapi::apimachinery::pkg::apis::meta::v1::Time;
    use kube::core::Status;

    use super::*;

    fn refused(code: u16) -> kube::Result<DaemonSet> {
        Err(kube::Error::Api(Box::new(Status { code, ..Status::default() })))
    }

    #[test]
    fn only_what_is_certain_means_removal() {
        for code in [401, 403, 404] {
            assert!(means_removal(&refused(code)), "{code}");
        }
        for code in [429, 500, 503] {
            assert!(!means_removal(&refused(code)), "{code}");
        }
        let mut set = DaemonSet::default();
        assert!(!means_removal(&Ok(set.clone())));
        set.metadata.deletion_timestamp = Some(Time(k8s_openapi::jiff::Timestamp::now()));
        assert!(means_removal(&Ok(set)));
        assert!(!means_removal(&Err(kube::Error::LinesCodecMaxLineLengthExceeded)));
    }
}
