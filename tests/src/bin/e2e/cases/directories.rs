//! Nodes whose runtime reads other directories than the usual ones.

use std::time::Duration;

use anyhow::{Result, ensure};
use genie_tests::cluster::await_that;

use super::Group;
use super::networks::{assert_flannel, pod_ip};
use crate::deploy;
use crate::trial::{Pod, Trial};

pub const CASES: Group = &[("other-directories", other_directories)];

/// The directories of the platform k3s.
const CONF: &str = "/var/lib/rancher/k3s/agent/etc/cni/net.d";
const BIN: &str = "/var/lib/rancher/k3s/data/cni";
/// The directories that are configured beside the platform.
const STATE: &str = "/var/lib/rancher/genie";
const CACHE: &str = "/var/cache/rancher/genie";
/// The same as arguments for helm.
const VALUES: [&str; 4] = [
    "--set=platform=k3s",
    "--set=directories.state=/var/lib/rancher/genie",
    "--set=directories.cache=/var/cache/rancher/genie",
    "--set=config.default_plugin=flannel",
];

fn other_directories(trial: &Trial) -> Result<()> {
    deploy::remove(trial.cluster)?;
    let done = elsewhere(trial);
    let back = (|| {
        deploy::remove_chart(trial.cluster, &VALUES)?;
        trial.cluster.nodes().iter().try_for_each(|node| node.move_networks_back(CONF, BIN))
    })();
    deploy::install(trial.cluster)?;
    done.and(back)
}

fn elsewhere(trial: &Trial) -> Result<()> {
    for node in trial.cluster.nodes() {
        node.move_networks(CONF, BIN)?;
    }
    deploy::install_chart(trial.cluster, &VALUES)?;
    let pod = trial.run(Pod::new("calico").cni("calico").on("node1"))?;
    ensure!(pod_ip(&pod)?.starts_with("172.120."), "the pod's address is {}", pod_ip(&pod)?);
    let pod = trial.run(Pod::new("default").on("node2"))?;
    assert_flannel(trial, &pod, "default", "eth0")?;
    trial.run(Pod::new("both").cni("calico,flannel").on("node2"))?;
    let (second, _) = trial.interface("both", "eth1")?;
    ensure!(second.starts_with("172.96."), "eth1 has {second}");
    for node in trial.cluster.nodes() {
        node.run(&format!("ls {CONF}/00-genie.conf {BIN}/genie {BIN}/genie-host {STATE}/installed.json"))?;
        let records = node.run(&format!("ls {STATE}/records"))?;
        ensure!(!records.is_empty(), "{} has no records in {STATE}", node.name);
        let usual = node.run("ls -A /etc/cni/net.d /opt/cni/bin /var/lib/genie /var/cache/genie 2> /dev/null; true")?;
        ensure!(!usual.contains("genie"), "{} has in the usual directories: {usual}", node.name);
    }
    trial.delete_all()?;
    trial.await_no_trace()?;
    for node in trial.cluster.nodes() {
        await_that("the end of the records", Duration::from_mins(1), || {
            let records = node.run(&format!("ls {STATE}/records"))?;
            Ok((!records.is_empty()).then_some(records))
        })?;
    }
    deploy::remove_chart(trial.cluster, &VALUES)?;
    for node in trial.cluster.nodes() {
        await_that("the node without us", Duration::from_mins(1), || {
            let left = node.run(&format!("ls -d {BIN}/genie* {CONF}/*genie* {STATE} {CACHE} 2> /dev/null; true"))?;
            Ok((!left.is_empty()).then_some(left))
        })?;
    }
    Ok(())
}
