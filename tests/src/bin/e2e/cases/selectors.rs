//! Policy from the ConfigMap: what a selector may say, and what is not put in force.

use std::time::Duration;

use anyhow::{Result, ensure};
use genie_tests::cluster::await_that;
use genie_tests::guests;
use serde_json::{Value, json};

use super::Group;
use super::annotations::await_event;
use super::networks::assert_flannel;
use crate::deploy;
use crate::trial::{Pod, Trial};

pub const CASES: Group = &[("selector-grants", grants), ("operators-mistake", mistake), ("shadow", shadow)];

/// The module's key of the ConfigMap.
const MODULE: &str = "puppet.wasm";
/// The MTU that the module wants for flannel's pods. It is smaller than the usual one.
const MTU: u32 = 1400;

fn grants(trial: &Trial) -> Result<()> {
    deploy::put_module(trial.cluster, MODULE, Some(&guests::module("puppet")))?;
    let done = granted_later(trial);
    deploy::configure(trial.cluster, &json!({"selectors": null}))?;
    deploy::put_module(trial.cluster, MODULE, None)?;
    done
}

fn granted_later(trial: &Trial) -> Result<()> {
    put_in_force(trial, &json!([]))?;
    trial.create([Pod::new("patched")])?;
    let message = await_event(trial, "patched", "NetworkFailed")?;
    let line = r#""grant": [{"patch":["delegate.mtu"]}]"#;
    ensure!(message.contains(line) && message.contains("operator"), "the event says: {message}");

    put_in_force(trial, &json!([{"patch": ["delegate.mtu"]}]))?;
    trial.await_ready("patched")?;
    let (address, mtu) = trial.interface("patched", "eth0")?;
    ensure!(mtu == MTU && address.starts_with("172.96."), "the pod has {address} and an MTU of {mtu}");
    trial.delete_all()?;
    trial.await_no_trace()
}

/// Puts the module before `default-plugin`, with these grants.
fn put_in_force(trial: &Trial, grant: &Value) -> Result<()> {
    let patch = json!({"delegate": {"mtu": MTU}}).to_string();
    let settings = json!({"act": "plan", "networks": ["cbr0"], "patch": patch});
    let module = json!({"module": MODULE, "grant": grant, "settings": settings});
    deploy::write(trial.cluster, &json!({"selectors": [module, {"module": "default-plugin"}]}))?;
    deploy::await_configuration(trial.cluster, |conf| {
        conf["selectors"][0]["sha256"].is_string() && conf["selectors"][0]["grant"] == *grant
    })
}

fn shadow(trial: &Trial) -> Result<()> {
    deploy::put_module(trial.cluster, MODULE, Some(&guests::module("puppet")))?;
    let done = shadowed(trial);
    deploy::configure(trial.cluster, &json!({"selectors": null}))?;
    deploy::put_module(trial.cluster, MODULE, None)?;
    done
}

/// A shadow that would give calico to every pod changes nothing for one on flannel, and the node
/// can explain what it would have changed.
fn shadowed(trial: &Trial) -> Result<()> {
    let settings = json!({"act": "plan", "networks": ["k8s-pod-network"]});
    let shadow = json!({"module": MODULE, "run": "shadow", "settings": settings});
    deploy::write(
        trial.cluster,
        &json!({"selectors": [{"module": "annotation"}, {"module": "default-plugin"}, shadow]}),
    )?;
    deploy::await_configuration(trial.cluster, |conf| conf["selectors"][2]["sha256"].is_string())?;
    let pod = trial.run(Pod::new("shadowed").cni("flannel"))?;
    assert_flannel(trial, &pod, "shadowed", "eth0")?;
    let node = trial.node_of(&pod)?;
    let explain = format!("/opt/cni/bin/genie-host explain {}/shadowed --output json", trial.namespace);
    await_that("what the shadow would have decided", Duration::from_secs(30), || {
        let told: Value = serde_json::from_str(&node.run(&explain)?)?;
        let account = &told["accounts"][0];
        ensure!(account["decidedBy"] == "annotation", "it was decided otherwise: {told}");
        let shadow = &account["shadows"][0];
        let is_asked = shadow["difference"] == "plan" && shadow["selector"] == MODULE;
        Ok((!is_asked).then(|| format!("it is explained by {told}")))
    })?;
    let why_not = node.run(&format!("{explain} --why-not calico"))?;
    ensure!(why_not.contains("annotation decided otherwise"), "calico is missing because {why_not}");
    trial.delete_all()?;
    trial.await_no_trace()
}

fn mistake(trial: &Trial) -> Result<()> {
    let nodes = trial.cluster.nodes();
    let before = nodes.iter().map(deploy::configuration).collect::<Result<Vec<_>>>()?;
    let wrong = json!([{"module": "annotation", "runs": "always"}, {"module": "default-plugin"}]);
    deploy::write(trial.cluster, &json!({"selectors": wrong}))?;
    let done = deploy::await_unready_agents(trial.cluster).and_then(|()| {
        for (node, before) in nodes.iter().zip(before) {
            ensure!(deploy::configuration(node)? == before, "{} has another configuration", node.name);
        }
        let pod = trial.run(Pod::new("served").cni("flannel"))?;
        assert_flannel(trial, &pod, "served", "eth0")
    });
    deploy::write(trial.cluster, &json!({"selectors": null}))?;
    done?;
    deploy::await_agents(trial.cluster)
}
