//! Things that break while pods start and stop.

use std::thread;

use anyhow::{Context as _, Result, ensure};

use super::Group;
use super::networks::assert_flannel;
use super::removal::mixed;
use crate::deploy;
use crate::trial::{Pod, Trial};

pub const CASES: Group = &[
    ("kubelet-killed", kubelet_killed),
    ("containerd-killed", containerd_killed),
    ("agent-killed", agent_killed),
    ("agent-down", agent_down),
    ("api-server-restarted", api_server_restarted),
    ("node-rebooted", node_rebooted),
    ("deleted-while-rebooting", deleted_while_rebooting),
];

fn kubelet_killed(trial: &Trial) -> Result<()> {
    while_pods_come_and_go(trial, || restart_everywhere(trial, "kubelet"))
}

fn containerd_killed(trial: &Trial) -> Result<()> {
    while_pods_come_and_go(trial, || restart_everywhere(trial, "containerd"))
}

fn agent_killed(trial: &Trial) -> Result<()> {
    while_pods_come_and_go(trial, || {
        for node in trial.cluster.nodes() {
            deploy::kill_agent(&node)?;
        }
        Ok(())
    })?;
    deploy::await_agents(trial.cluster)
}

fn api_server_restarted(trial: &Trial) -> Result<()> {
    while_pods_come_and_go(trial, || {
        trial.cluster.stop_api_server()?;
        trial.cluster.start_api_server()
    })
}

fn agent_down(trial: &Trial) -> Result<()> {
    deploy::park_agents(trial.cluster)?;
    let done = without_agent(trial);
    deploy::unpark_agents(trial.cluster)?;
    done.context("without an agent")?;
    // What was attached in the meantime is published now.
    trial.kubectl.await_object(&["pod", "pod2"], |pod| {
        pod["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"]
            .is_null()
            .then(|| "no network-status".into())
    })?;
    trial.delete_all()?;
    trial.await_no_trace()
}

fn without_agent(trial: &Trial) -> Result<()> {
    let pod = trial.run(Pod::new("alone"))?;
    assert_flannel(trial, &pod, "alone", "eth0")?;
    trial.create(mixed(6))?;
    trial.await_all_ready(7)?;
    trial.kubectl.run(&["delete", "pod", "pod0", "pod1", "alone"])?;
    Ok(())
}

fn node_rebooted(trial: &Trial) -> Result<()> {
    let node = trial.cluster.node("node2")?;
    trial.create(mixed(6).map(|pod| pod.on("node2")))?;
    let before = trial.await_all_ready(6)?;
    node.pull_the_plug()?;
    node.start()?;
    trial.cluster.kubectl().await_nodes()?;
    trial.kubectl.await_object(&["pods"], |pods| {
        let pods = pods["items"].as_array().map(Vec::as_slice).unwrap_or_default();
        let again = pods.iter().filter(|pod| pod["status"]["containerStatuses"][0]["restartCount"] == 1);
        let again = again.filter(|pod| pod["status"]["containerStatuses"][0]["ready"] == true).count();
        (again != 6).then(|| format!("{again} of 6 pods run again"))
    })?;
    let records = node.run("ls /var/lib/genie/records | wc -l")?;
    ensure!(records.trim() == before.len().to_string(), "{} records for 6 pods", records.trim());
    trial.delete_all()?;
    trial.await_no_trace()
}

fn deleted_while_rebooting(trial: &Trial) -> Result<()> {
    let node = trial.cluster.node("node2")?;
    trial.create(mixed(6).map(|pod| pod.on("node2")))?;
    trial.await_all_ready(6)?;
    node.pull_the_plug()?;
    trial.kubectl.run(&["delete", "pods", "--all", "--force", "--grace-period=0"])?;
    node.start()?;
    trial.cluster.kubectl().await_nodes()?;
    trial.await_no_trace()
}

fn restart_everywhere(trial: &Trial, daemon: &str) -> Result<()> {
    for node in trial.cluster.nodes() {
        node.restart_daemon(daemon)?;
    }
    Ok(())
}

/// Calls `disturb` while pods start, and again while they stop.
fn while_pods_come_and_go(trial: &Trial, disturb: impl Fn() -> Result<()>) -> Result<()> {
    for _ in 0..2 {
        thread::scope(|scope| {
            let creating = scope.spawn(|| trial.create(mixed(12)));
            disturb()?;
            // It may be the API server that is disturbed.
            if creating.join().map_err(|_| anyhow::anyhow!("the creation panicked"))?.is_err() {
                trial.create(mixed(12))?;
            }
            anyhow::Ok(())
        })?;
        trial.await_all_ready(12)?;
        trial.kubectl.run(&["delete", "pods", "--all", "--wait=false"])?;
        disturb()?;
        trial.kubectl.await_gone(&["pods"])?;
        trial.await_no_trace()?;
    }
    Ok(())
}
