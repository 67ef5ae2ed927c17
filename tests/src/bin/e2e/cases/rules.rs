//! The worked examples of docs/rules.md, as they stand there.

use anyhow::{Result, ensure};
use genie_tests::documents;
use serde_json::{Value, json};

use super::Group;
use super::annotations::await_event;
use super::networks::assert_flannel;
use crate::deploy;
use crate::trial::{Pod, Trial};

pub const CASES: Group =
    &[("rules-tenant", tenant), ("rules-guard", guard), ("rules-service-account", service_account)];

/// Puts an example in force while the case runs.
fn with_example(trial: &Trial, heading: &str, run: fn(&Trial) -> Result<()>) -> Result<()> {
    let example = documents::example("docs/rules.md", heading);
    deploy::write(trial.cluster, &example)?;
    // Built-in selectors need no digest, so the installer leaves the entries as they are.
    let done = deploy::await_configuration(trial.cluster, |conf| conf["selectors"] == example["selectors"])
        .and_then(|()| run(trial));
    deploy::configure(trial.cluster, &json!({"selectors": null}))?;
    done
}

/// Labels the case's namespace.
fn label(trial: &Trial, label: &str) -> Result<()> {
    trial.kubectl.run(&["label", "namespace", &trial.namespace, "--overwrite", label]).map(drop)
}

fn assert_calico(pod: &Value) -> Result<()> {
    let ip = pod["status"]["podIP"].as_str().unwrap_or_default();
    ensure!(ip.starts_with("172.120."), "the pod's address is {ip}");
    Ok(())
}

fn tenant(trial: &Trial) -> Result<()> {
    with_example(trial, "## A tenant's network", |trial| {
        let pod = trial.run(Pod::new("unlabelled"))?;
        assert_flannel(trial, &pod, "unlabelled", "eth0")?;
        label(trial, "network=calico")?;
        assert_calico(&trial.run(Pod::new("labelled"))?)?;
        assert_calico(&trial.run(Pod::new("asking").cni("flannel"))?)?;
        label(trial, "network=calcio")?;
        trial.create([Pod::new("misspelt")])?;
        let message = await_event(trial, "misspelt", "InvalidNetworkAnnotation")?;
        let key = format!("label network of namespace {}", trial.namespace);
        ensure!(message.contains(&key) && message.contains("did you mean calico"), "the event says: {message}");
        label(trial, "network=calico")?;
        assert_calico(&trial.await_ready("misspelt")?)
    })
}

fn guard(trial: &Trial) -> Result<()> {
    with_example(trial, "## Nothing but calico", |trial| {
        assert_calico(&trial.run(Pod::new("default"))?)?;
        trial.create([Pod::new("flannel").cni("flannel")])?;
        let message = await_event(trial, "flannel", "NetworkDenied")?;
        ensure!(message.contains("may use calico only"), "the event says: {message}");
        label(trial, "networks=any")?;
        let pod = trial.await_ready("flannel")?;
        assert_flannel(trial, &pod, "flannel", "eth0")
    })
}

fn service_account(trial: &Trial) -> Result<()> {
    with_example(trial, "## A second network for a service account", |trial| {
        trial.kubectl.run(&["create", "serviceaccount", "backup"])?;
        let pod = trial.run(Pod::new("backup").service_account("backup"))?;
        assert_flannel(trial, &pod, "backup", "eth0")?;
        trial.interface("backup", "net1")?;
        let pod = trial.run(Pod::new("other"))?;
        assert_flannel(trial, &pod, "other", "eth0")?;
        ensure!(trial.interface("other", "net1").is_err(), "another service account has the network, too");
        Ok(())
    })
}
