//! What CRI-O does and containerd does not. CRI-O checks what it has just added, undoes from its
//! cache, and waits for STATUS when it starts, after which it sends GC.

use std::collections::BTreeSet;
use std::fs;
use std::thread;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use genie_tests::cluster::await_that;
use genie_tests::cri::{CriNode, Pod, Runtime, network_ready};
use genie_tests::{Recorded, Script, Verb};
use serde_json::json;

const PATIENCE: Duration = Duration::from_mins(1);

/// CRI-O, which is not running yet, with our configuration at 1.1.0 and a network that records its
/// calls. Pods without wishes get this network, so STATUS is about it. The network is not in
/// CRI-O's own conf dir.
fn node_with_recorder() -> Result<CriNode> {
    let node = CriNode::without_runtime(Runtime::Crio)?;
    node.move_networks()?;
    node.configure(|own| {
        own["cniVersion"] = json!("1.1.0");
        own["default_plugin"] = json!("watched");
    })?;
    node.recorded_network("watched", "1.1.0", &["watched"])?;
    Ok(node)
}

/// Starts CRI-O and waits until it is ready. Its GC has been served by then.
fn start(node: &CriNode) -> Result<()> {
    node.start_runtime()?;
    await_ready(node)
}

fn await_ready(node: &CriNode) -> Result<()> {
    await_that("CRI-O to be ready", PATIENCE, || {
        let (ready, reason) = network_ready(&node.info()?);
        Ok((!ready).then_some(reason))
    })
}

/// The recorder's calls but STATUS, which CRI-O calls at any time.
fn calls(node: &CriNode) -> Vec<Recorded> {
    node.calls().into_iter().filter(|call| call.verb != "STATUS").collect()
}

fn trace(node: &CriNode) -> Vec<String> {
    calls(node).iter().map(Recorded::summary).collect()
}

#[test]
fn crio_checks_what_it_added_and_undoes_it_from_its_cache() -> Result<()> {
    let node = node_with_recorder()?;
    start(&node)?;
    let id = node.run_pod(&Pod::new("one"))?;
    assert_eq!(trace(&node), ["GC watched", "ADD watched@eth0", "CHECK watched@eth0"]);
    let (add, check) = (&calls(&node)[1], &calls(&node)[2]);
    let arguments = format!(
        "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=one;K8S_POD_INFRA_CONTAINER_ID={id};K8S_POD_UID=uid-of-one"
    );
    assert_eq!(add.var("CNI_ARGS"), arguments);
    assert_eq!(check.stdin["prevResult"]["ips"][0]["interface"], 0);

    // At the time of DEL everything on the disk is different.
    fs::remove_file(node.networks_dir().join("20-watched.conflist"))?;
    node.configure(|own| {
        own["name"] = json!("renamed");
        own["default_plugin"] = json!("flannel");
    })?;
    node.stop_pod(&id)?;
    node.remove_pod(&id)?;
    let rest = calls(&node).split_off(3);
    assert_eq!(rest.iter().map(Recorded::summary).collect::<Vec<_>>(), ["DEL watched@eth0"]);
    assert_eq!(rest[0].var("CNI_ARGS"), arguments);
    Ok(())
}

#[test]
fn crio_is_ready_once_the_default_network_is() -> Result<()> {
    let node = node_with_recorder()?;
    node.script("watched", Verb::Status, Script::new().error(50, "no route to the fabric"))?;
    node.start_runtime()?;
    // CRI-O asks twice a second until the network is ready.
    await_that("a reason of the delegate", PATIENCE, || {
        let (ready, reason) = network_ready(&node.info()?);
        Ok((ready || !reason.contains("no route to the fabric")).then_some(reason))
    })?;
    node.script("watched", Verb::Status, Script::new())?;
    await_ready(&node)
}

#[test]
fn gc_at_crios_start_tells_a_network_which_of_its_attachments_are_valid() -> Result<()> {
    let node = node_with_recorder()?;
    start(&node)?;
    let id = node.run_pod(&Pod::on("two", "calico,watched"))?;
    node.kill_runtime()?;
    start(&node)?;
    let told = calls(&node).into_iter().rfind(|call| call.verb == "GC").context("GC was sent")?;
    let valid = told.stdin["cni.dev/valid-attachments"].as_array().context("a list")?;
    assert!(valid.contains(&json!({"containerID": id, "ifname": "eth1"})), "{valid:?}");
    Ok(())
}

/// This is why the networks are not in CRI-O's own conf dir.
#[test]
fn crio_tells_the_networks_of_its_own_conf_dir_that_nothing_is_valid() -> Result<()> {
    let node = CriNode::without_runtime(Runtime::Crio)?;
    node.recorded_network("watched", "1.1.0", &["watched"])?;
    start(&node)?;
    node.run_pod(&Pod::on("two", "calico,watched"))?;
    node.kill_runtime()?;
    start(&node)?;
    let told = calls(&node).into_iter().rfind(|call| call.verb == "GC").context("GC was sent")?;
    assert_eq!(told.stdin["cni.dev/valid-attachments"], json!(null));

    // `disableGC` also keeps CRI-O from that.
    let told = trace(&node).len();
    node.change_network("20-watched.conflist", |list| list["disableGC"] = json!(true))?;
    node.kill_runtime()?;
    start(&node)?;
    // A sandbox that CRI-O finds again is only checked.
    assert_eq!(trace(&node)[told..], ["CHECK watched@eth1"]);
    Ok(())
}

#[test]
fn gc_at_crios_start_takes_what_a_killed_call_left_and_nothing_else() -> Result<()> {
    let node = node_with_recorder()?;
    start(&node)?;
    let before = node.traces()?;
    let stays = node.run_pod(&Pod::on("stays", "calico,flannel"))?;
    let with_one = node.traces()?;
    node.script("watched", Verb::Add, Script::new().pause())?;
    let pod = Pod::on("goes", "calico,watched");
    thread::scope(|scope| {
        let asked = scope.spawn(|| node.run_pod(&pod));
        node.wait_until_there("watched");
        // This is what happens when memory is short on the node.
        node.kill_runtime()?;
        node.run("kill -KILL $(pgrep -x genie)")?;
        let answer = asked.join().expect("crictl does not panic");
        ensure!(answer.is_err(), "a killed runtime answered {answer:?}");
        Ok(())
    })?;
    assert_ne!(without_namespaces(&node, &with_one)?, NONE);
    start(&node)?;
    assert_eq!(without_namespaces(&node, &with_one)?, NONE);
    assert_eq!(node.pods()?, std::slice::from_ref(&stays));
    assert!(node.world.reaches(&node.reported_ips(&stays)?[0]));
    node.stop_pod(&stays)?;
    node.remove_pod(&stays)?;
    assert_eq!(without_namespaces(&node, &before)?, NONE);
    Ok(())
}

#[test]
fn gc_takes_what_crio_has_forgotten() -> Result<()> {
    let node = node_with_recorder()?;
    start(&node)?;
    let before = node.traces()?;
    node.run_pod(&Pod::on("forgotten", "calico,flannel"))?;
    node.kill_runtime()?;
    // This is what an administrator does when CRI-O does not start.
    node.run(
        "grep -o '/[^ ]*/containers/storage/[^ ]*' /proc/mounts | sort -r | xargs -r umount --lazy
         rm -rf /var/lib/containers/storage /run/containers/storage",
    )?;
    assert_ne!(without_namespaces(&node, &before)?, NONE);
    start(&node)?;
    assert_eq!(node.pods()?, NONE);
    assert_eq!(without_namespaces(&node, &before)?, NONE);
    Ok(())
}

const NONE: [String; 0] = [];

/// The new traces on the node, except namespaces: a killed CRI-O forgets those that it made.
fn without_namespaces(node: &CriNode, before: &BTreeSet<String>) -> Result<Vec<String>> {
    let traces = node.traces()?;
    Ok(traces.difference(before).filter(|trace| !trace.contains("/run/netns/")).cloned().collect())
}
