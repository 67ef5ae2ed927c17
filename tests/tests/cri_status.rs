//! Readiness: what a runtime makes of our STATUS. containerd calls it since 2.0.1, and only for a
//! configuration with version 1.1.0.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use genie_tests::cluster::await_that;
use genie_tests::cri::{CriNode, Pod, Runtime, network_ready};
use genie_tests::{Script, Verb};
use serde_json::json;

#[test]
fn containerd_1_6_takes_no_newer_configuration_than_1_0_0() -> Result<()> {
    let node = CriNode::without_runtime(Runtime::CONTAINERD_1_6)?;
    node.configure(|own| own["cniVersion"] = json!("1.1.0"))?;
    node.start_runtime()?;
    let before = node.traces()?;
    let error = node.run_pod(&Pod::on("new", "calico,flannel")).expect_err("an answer that it cannot read").to_string();
    ensure!(error.contains(r#"unsupported CNI result version \"1.1.0\""#), "{error}");
    node.nothing_since(&before)
}

/// containerd 2 with our own configuration at 1.1.0, and with this default network.
fn node_with_default(network: &str) -> Result<CriNode> {
    let node = CriNode::without_runtime(Runtime::CONTAINERD_2)?;
    node.configure(|own| {
        own["cniVersion"] = json!("1.1.0");
        own["default_plugin"] = json!(network);
    })?;
    node.recorded_network("watched", "1.1.0", &["watched"])?;
    node.start_runtime()?;
    Ok(node)
}

fn assert_not_ready(node: &CriNode, why: &str) -> Result<()> {
    let (ready, reason) = network_ready(&node.info()?);
    ensure!(!ready && reason.starts_with("NetworkPluginNotReady ") && reason.contains(why), "{ready}: {reason}");
    Ok(())
}

fn assert_ready(node: &CriNode) -> Result<()> {
    let (ready, reason) = network_ready(&node.info()?);
    ensure!(ready, "{reason}");
    Ok(())
}

#[test]
fn containerd_is_ready_when_the_default_network_is() -> Result<()> {
    let node = node_with_default("watched")?;
    assert_ready(&node)?;
    node.script("watched", Verb::Status, Script::new().error(50, "no route to the fabric"))?;
    assert_not_ready(&node, "no route to the fabric")?;
    node.script("watched", Verb::Status, Script::new())?;
    assert_ready(&node)?;
    // Each answer came from the delegate.
    assert_eq!(node.calls().iter().filter(|call| call.verb == "STATUS").count(), 3);
    Ok(())
}

#[test]
fn containerd_is_ready_when_flannel_is_installed() -> Result<()> {
    let node = node_with_default("flannel")?;
    assert_ready(&node)?;
    // This is a node where our configuration came first, and flannel's DaemonSet has not run yet.
    let (there, away) = (node.conf_dir().join("10-flannel.conflist"), node.file("/var/lib/scenario/away"));
    fs::rename(&there, &away)?;
    assert_not_ready(&node, r#""flannel": no such network"#)?;
    fs::rename(&away, &there)?;
    assert_ready(&node)?;
    let program = node.file("/opt/cni/bin/flannel");
    fs::rename(&program, &away)?;
    assert_not_ready(&node, r#"failed to find plugin "flannel""#)?;
    fs::rename(&away, &program)?;
    assert_ready(&node)
}

#[test]
fn a_delegate_that_hangs_in_status_holds_up_nobody() -> Result<()> {
    let node = node_with_default("watched")?;
    node.script("watched", Verb::Status, Script::new().hang())?;
    // crictl gives up after two minutes. containerd itself never does.
    assert_not_ready(&node, "watched")?;
    // Pods that ask for another network are still served.
    let before = node.traces()?;
    let id = node.run_pod(&Pod::on("served", "calico,flannel"))?;
    assert!(node.world.reaches(&node.reported_ips(&id)?[0]));
    node.stop_pod(&id)?;
    node.remove_pod(&id)?;
    node.nothing_since(&before)?;
    node.script("watched", Verb::Status, Script::new())?;
    assert_ready(&node)?;
    let hanging = node.calls().into_iter().find(|call| call.verb == "STATUS").map(|call| call.pid);
    let pid = hanging.context("the delegate was asked")?;
    await_that("the end of the hanging delegate", Duration::from_mins(1), || {
        node.run(&format!("! kill -0 {pid} 2> /dev/null")).map(|_| None)
    })
}
