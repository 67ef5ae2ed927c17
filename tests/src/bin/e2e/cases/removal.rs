//! Pods end, and nothing of theirs stays. Every case ends with a check of that; these cases are
//! about the ways in which pods end.

use anyhow::Result;
use genie_tests::cluster::await_that;
use serde_json::json;
use std::time::Duration;

use super::Group;
use crate::trial::{Pod, Trial, template};

pub const CASES: Group = &[
    ("deleted", deleted),
    ("deleted-by-force", deleted_by_force),
    ("namespace-deleted", namespace_deleted),
    ("thirty-at-once", thirty_at_once),
    ("deployment-rolled", deployment_rolled),
    ("deleted-without-api", deleted_without_api),
];

/// The networks of successive pods: each network alone, and both.
const NETWORKS: [&str; 3] = ["calico", "flannel", "calico,flannel"];

/// Pods with all of these networks.
pub fn mixed(count: usize) -> impl Iterator<Item = Pod> {
    (0..count).map(|number| Pod::new(&format!("pod{number}")).cni(NETWORKS[number % NETWORKS.len()]))
}

fn deleted(trial: &Trial) -> Result<()> {
    trial.create(mixed(3).chain([Pod::new("port").cni("calico").host_port(8090)]))?;
    trial.await_all_ready(4)?;
    trial.delete_all()?;
    trial.await_no_trace()?;
    trial.assert_no_failed_call()
}

fn deleted_by_force(trial: &Trial) -> Result<()> {
    trial.create(mixed(3))?;
    trial.await_all_ready(3)?;
    trial.kubectl.run(&["delete", "pods", "--all", "--force", "--grace-period=0"])?;
    trial.await_no_trace()
}

fn namespace_deleted(trial: &Trial) -> Result<()> {
    trial.create(mixed(6))?;
    trial.await_all_ready(6)?;
    trial.kubectl.run(&["delete", "namespace", &trial.namespace, "--wait=false"])?;
    trial.kubectl.await_gone(&["namespace", &trial.namespace])?;
    trial.await_no_trace()
}

fn thirty_at_once(trial: &Trial) -> Result<()> {
    for _ in 0..3 {
        trial.create(mixed(30))?;
        trial.await_all_ready(30)?;
        trial.delete_all()?;
        trial.await_no_trace()?;
    }
    trial.assert_no_failed_call()
}

fn deployment_rolled(trial: &Trial) -> Result<()> {
    trial.kubectl.apply(&json!({
        "apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": "rolled"},
        "spec": {
            "replicas": 3, "selector": {"matchLabels": {"app": "rolled"}},
            "strategy": {"rollingUpdate": {"maxSurge": 1, "maxUnavailable": 1}},
            "template": {
                "metadata": {"labels": {"app": "rolled"}, "annotations": {"cni": "calico,flannel"}},
                "spec": template("rolled"),
            },
        },
    }))?;
    for _ in 0..10 {
        trial.kubectl.run(&["rollout", "restart", "deployment/rolled"])?;
        trial.kubectl.run(&["rollout", "status", "deployment/rolled", "--timeout=120s"])?;
    }
    trial.kubectl.run(&["delete", "deployment", "rolled", "--cascade=foreground"])?;
    trial.await_no_trace()?;
    trial.assert_no_failed_call()
}

fn deleted_without_api(trial: &Trial) -> Result<()> {
    trial.create(mixed(6).map(Pod::lingering))?;
    trial.await_all_ready(6)?;
    trial.kubectl.run(&["delete", "pods", "--all", "--wait=false"])?;
    // The kubelets know of the deletion now, and the pods' networks are still there.
    for number in 0..6 {
        await_that("the pods to be asked to end", Duration::from_secs(30), || {
            let said = trial.kubectl.run(&["logs", &format!("pod{number}")])?;
            Ok((!said.contains("stopping")).then_some(said))
        })?;
    }
    trial.cluster.stop_api_server()?;
    let gone = trial.await_no_trace_on_nodes();
    trial.cluster.start_api_server()?;
    gone
}
