//! A fresh node may start with a taint that keeps pods away until we are there. Without it the
//! first pods would silently get another network.

use anyhow::{Context as _, Result};
use k8s_openapi::api::core::v1::Node;
use kube::api::{Patch, PatchParams};
use kube::{Api, Client};
use serde_json::{Value, json};

/// The taint's key.
pub const TAINT: &str = "genie-host.io/not-ready";

/// Takes the startup taint off our own node. A node without the taint is not written to.
///
/// # Errors
/// The API server refuses, or does not answer.
pub async fn remove(client: Client, node: &str) -> Result<()> {
    let api: Api<Node> = Api::all(client);
    let found = api.get(node).await.with_context(|| format!("node {node} cannot be read"))?;
    let Some(patch) = patch(&found) else { return Ok(()) };
    let patched = api.patch(node, &PatchParams::default(), &Patch::Merge(patch)).await;
    patched.with_context(|| format!("the taint {TAINT} cannot be removed from node {node}"))?;
    tracing::info!(node, taint = TAINT, "the node is ready for pods: its startup taint is removed");
    Ok(())
}

/// The patch that takes only our taint away. It applies only if the node is still the one that was
/// read, since others set and remove taints at the same time.
fn patch(node: &Node) -> Option<Value> {
    let taints = node.spec.as_ref()?.taints.as_ref()?;
    let left: Vec<_> = taints.iter().filter(|taint| taint.key != TAINT).collect();
    (left.len() < taints.len())
        .then(|| json!({"metadata": {"resourceVersion": node.metadata.resource_version}, "spec": {"taints": left}}))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn node(taints: &[&str]) -> Node {
        let taints: Vec<_> = taints.iter().map(|key| json!({"key": key, "effect": "NoSchedule"})).collect();
        serde_json::from_value(json!({"metadata": {"resourceVersion": "7"}, "spec": {"taints": taints}})).unwrap()
    }

    #[test]
    fn only_our_taint_goes() {
        assert_eq!(patch(&Node::default()), None);
        assert_eq!(patch(&node(&["other"])), None);
        let patch = patch(&node(&["other", TAINT])).unwrap();
        let expected = json!({"resourceVersion": "7"});
        assert_eq!(patch["metadata"], expected);
        assert_eq!(patch["spec"]["taints"], json!([{"key": "other", "effect": "NoSchedule"}]));
    }
}
