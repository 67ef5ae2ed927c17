//! genie-host is installed, replaced, and removed.

use std::fs;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use genie_tests::cluster::{await_that, condition};
use genie_tests::programs;
use serde_json::json;

use super::Group;
use super::annotations::await_event;
use super::networks::{assert_flannel, pod_ip};
use super::removal::mixed;
use crate::deploy;
use crate::trial::{Pod, Trial};

pub const CASES: Group = &[
    ("manifests-accepted", manifests_accepted),
    ("upgraded", upgraded),
    ("upgraded-policy-stays", policy_stays),
    ("removed", removed),
    ("fresh-node", fresh_node),
    ("default-missing", default_missing),
    ("network-late", network_late),
    ("runtime-elsewhere", runtime_elsewhere),
];

/// The directory of the networks.
const NET_D: &str = "/etc/cni/net.d";

/// The taint with which a fresh node registers when its site wants pods to wait for us.
const TAINT: &str = "genie-host.io/not-ready";

fn manifests_accepted(trial: &Trial) -> Result<()> {
    let deploy = programs::root().join("deploy");
    let kubectl = deploy::kubectl(trial.cluster);
    kubectl.run(&["apply", "--dry-run=server", "-f", &deploy.to_string_lossy()])?;
    let rendered = deploy::render(trial.cluster, &[])?;
    kubectl.feed(&["apply", "--dry-run=server", "-f", "-"], &rendered)?;
    Ok(())
}

/// A site's guard survives when the program is applied again.
fn policy_stays(trial: &Trial) -> Result<()> {
    let guard = json!([{"module": "annotation", "grant": [{"networks": ["10-calico"]}]}, {"module": "default-plugin"}]);
    deploy::configure(trial.cluster, &json!({"selectors": guard}))?;
    let done = (|| {
        deploy::apply_program(trial.cluster)?;
        deploy::roll_agents(trial.cluster)?;
        trial.create([Pod::new("guarded").cni("flannel")])?;
        await_event(trial, "guarded", "NetworkDenied")?;
        trial.delete_all()?;
        trial.await_no_trace()
    })();
    deploy::configure(trial.cluster, &json!({"selectors": null}))?;
    done
}

fn upgraded(trial: &Trial) -> Result<()> {
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let pods = scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                trial.create(mixed(6))?;
                trial.await_all_ready(6)?;
                trial.delete_all()?;
            }
            anyhow::Ok(())
        });
        let rolled = (0..2).try_for_each(|_| deploy::roll_agents(trial.cluster));
        done.store(true, Ordering::Relaxed);
        pods.join().map_err(|_| anyhow!("creating pods panicked"))??;
        rolled
    })?;
    trial.await_no_trace()?;
    trial.assert_no_failed_call()
}

fn removed(trial: &Trial) -> Result<()> {
    trial.create(mixed(6))?;
    trial.await_all_ready(6)?;
    deploy::remove(trial.cluster)?;
    let rest = after_removal(trial);
    deploy::install(trial.cluster)?;
    rest
}

fn after_removal(trial: &Trial) -> Result<()> {
    // The pod has an address of the first of the node's own networks.
    let pod = trial.run(Pod::new("own").cni("flannel"))?;
    ensure!(pod_ip(&pod)?.starts_with("172.120."), "a pod got {} after the removal", pod_ip(&pod)?);
    trial.delete_all()?;
    trial.await_no_trace()?;
    for node in trial.cluster.nodes() {
        await_that("the node without us", Duration::from_mins(1), || deploy::assert_removed(&node).map(|()| None))?;
    }
    let pod = trial.run(Pod::new("own-again").cni("flannel"))?;
    ensure!(pod_ip(&pod)?.starts_with("172.120."), "a pod got {} after the removal", pod_ip(&pod)?);
    // This comes before our installation: we have no record of a pod that calico attached by itself
    // (docs/deployment.md, "Before you begin").
    trial.delete_all()?;
    trial.await_no_trace()
}

fn fresh_node(trial: &Trial) -> Result<()> {
    deploy::remove(trial.cluster)?;
    let kubectl = trial.cluster.kubectl();
    kubectl.run(&["taint", "node", "node2", &format!("{TAINT}=:NoSchedule")])?;
    let first = (|| {
        trial.create([Pod::new("first").on("node2")])?;
        trial.kubectl.await_object(&["pod", "first"], |pod| {
            (condition(pod, "PodScheduled") != Some("False")).then(|| "the scheduler has not looked at it".into())
        })
    })();
    deploy::install(trial.cluster)?;
    first?;
    let pod = trial.await_ready("first")?;
    assert_flannel(trial, &pod, "first", "eth0")?;
    let taints = kubectl.get(&["node", "node2"])?["spec"]["taints"].clone();
    ensure!(!taints.to_string().contains(TAINT), "node2 still has {taints}");
    let node = trial.cluster.node("node2")?;
    ensure!(fs::read_dir(node.file("var/lib/genie/records"))?.count() == 1, "the first pod has no record of ours");
    Ok(())
}

/// A default network that no node has is not put in force: on a node with a configuration, that one
/// stays; on a fresh node, nothing is in force until the default can be.
fn default_missing(trial: &Trial) -> Result<()> {
    let nodes = trial.cluster.nodes();
    let before = nodes.iter().map(deploy::configuration).collect::<Result<Vec<_>>>()?;
    deploy::write(trial.cluster, &json!({"default_plugin": "flanel"}))?;
    let kept = (|| {
        for (node, before) in nodes.iter().zip(&before) {
            deploy::await_unready(node, "flanel")?;
            ensure!(deploy::configuration(node)? == *before, "{} has another configuration", node.name);
        }
        let pod = trial.run(Pod::new("still"))?;
        assert_flannel(trial, &pod, "still", "eth0")
    })();
    deploy::write(trial.cluster, &json!({"default_plugin": "flannel"}))?;
    deploy::await_agents(trial.cluster)?;
    kept?;
    trial.delete_all()?;
    trial.await_no_trace()?;

    deploy::remove(trial.cluster)?;
    taint(trial)?;
    deploy::apply(trial.cluster, &json!({"default_plugin": "flanel"}))?;
    let waits = await_nothing_in_force(trial, "flanel");
    deploy::write(trial.cluster, &json!({"default_plugin": "flannel"}))?;
    deploy::await_agents(trial.cluster)?;
    waits?;
    await_open(trial)
}

/// Our DaemonSet may be on a node earlier than those of the networks.
fn network_late(trial: &Trial) -> Result<()> {
    let node = trial.cluster.node("node2")?;
    deploy::remove(trial.cluster)?;
    taint(trial)?;
    node.run(&format!("mkdir /var/lib/late && mv {NET_D}/10-* /var/lib/late/"))?;
    deploy::apply(trial.cluster, &json!({}))?;
    let waits = await_nothing_in_force(trial, "holds no network");
    let agents = deploy::agents(trial.cluster)?;
    node.run(&format!("mv /var/lib/late/* {NET_D}/ && rmdir /var/lib/late"))?;
    deploy::await_agents(trial.cluster)?;
    trial.cluster.kubectl().await_nodes()?;
    waits?;
    ensure!(deploy::agents(trial.cluster)? == agents, "an agent was restarted: {agents:?}");
    await_open(trial)
}

/// A runtime that reads another directory never calls us.
fn runtime_elsewhere(trial: &Trial) -> Result<()> {
    let node = trial.cluster.node("node2")?;
    deploy::remove(trial.cluster)?;
    taint(trial)?;
    let config = node.file("etc/containerd/config.toml");
    let before = fs::read_to_string(&config)?;
    node.run(&format!("cp -r {NET_D} /var/lib/elsewhere"))?;
    fs::write(&config, before.replace(NET_D, "/var/lib/elsewhere"))?;
    node.restart_daemon("containerd")?;
    deploy::apply(trial.cluster, &json!({}))?;
    let waits = await_nothing_in_force(trial, "containerd reads network configurations in /var/lib/elsewhere");
    fs::write(&config, before)?;
    node.restart_daemon("containerd")?;
    node.run("rm -r /var/lib/elsewhere")?;
    deploy::await_agents(trial.cluster)?;
    trial.cluster.kubectl().await_nodes()?;
    waits?;
    await_open(trial)
}

/// Sets the taint, as a node does that registers and waits for us.
fn taint(trial: &Trial) -> Result<()> {
    trial.cluster.kubectl().run(&["taint", "node", "node2", &format!("{TAINT}=:NoSchedule")]).map(|_| ())
}

fn taints(trial: &Trial) -> Result<String> {
    Ok(trial.cluster.kubectl().get(&["node", "node2"])?["spec"]["taints"].to_string())
}

/// Waits until node2's agent says why it is not ready. The taint is there, and the runtime does not
/// know us.
fn await_nothing_in_force(trial: &Trial, why: &str) -> Result<()> {
    let node = trial.cluster.node("node2")?;
    deploy::await_unready(&node, why)?;
    ensure!(taints(trial)?.contains(TAINT), "the taint is gone: {}", taints(trial)?);
    ensure!(!node.file("etc/cni/net.d/00-genie.conf").exists(), "our configuration is in force");
    Ok(())
}

/// Waits until the taint is gone, and the node's pods get their networks.
fn await_open(trial: &Trial) -> Result<()> {
    trial.cluster.kubectl().await_object(&["node", "node2"], |node| {
        let taints = node["spec"]["taints"].to_string();
        taints.contains(TAINT).then(|| format!("it still has {taints}"))
    })?;
    let pod = trial.run(Pod::new("open").on("node2"))?;
    assert_flannel(trial, &pod, "open", "eth0")
}
