//! Policy that is one file of JavaScript, a key of the ConfigMap.

use anyhow::{Result, ensure};
use serde_json::{Value, json};

use super::Group;
use super::annotations::await_event;
use super::networks::pod_ip;
use crate::deploy;
use crate::trial::{Pod, Trial};

pub const CASES: Group = &[("script", script)];

/// The script's key of the ConfigMap.
const SCRIPT: &str = "policy.js";

/// A policy by label: the pods of a cluster's tests have the label `app`, which is their name.
const POLICY: &str = r#"export function select(request, facts) {
  const { app } = facts.labels();
  if (app === "scripted") return { networks: "calico", reason: `app ${app}` };
  if (app === "unwanted") deny(`app ${app} gets no network`);
  return null;
}
"#;

/// The same with a mistake in its second line.
const BROKEN: &str = "export function select(request, facts) {\n  return {;\n}\n";

fn script(trial: &Trial) -> Result<()> {
    deploy::put_script(trial.cluster, SCRIPT, Some(POLICY))?;
    let done = decides(trial).and_then(|()| broken_stays_out(trial));
    deploy::put_script(trial.cluster, SCRIPT, Some(POLICY))?;
    deploy::configure(trial.cluster, &json!({"selectors": null}))?;
    deploy::put_script(trial.cluster, SCRIPT, None)?;
    done
}

fn decides(trial: &Trial) -> Result<()> {
    put_in_force(trial, &json!([]))?;
    trial.create([Pod::new("scripted")])?;
    let message = await_event(trial, "scripted", "NetworkFailed")?;
    ensure!(message.contains(SCRIPT) && message.contains(r#""grant": ["pod"]"#), "the event says: {message}");

    put_in_force(trial, &json!(["pod"]))?;
    let pod = trial.await_ready("scripted")?;
    assert_calico(&pod)?;
    trial.create([Pod::new("unwanted")])?;
    let message = await_event(trial, "unwanted", "NetworkDenied")?;
    ensure!(message.contains("app unwanted gets no network"), "the event says: {message}");
    trial.delete_all()?;
    trial.await_no_trace()
}

/// A script with a mistake is not put in force: the last good one goes on.
fn broken_stays_out(trial: &Trial) -> Result<()> {
    deploy::put_script(trial.cluster, SCRIPT, Some(BROKEN))?;
    deploy::await_unready_agents(trial.cluster)?;
    let pod = trial.run(Pod::new("scripted"))?;
    assert_calico(&pod)?;
    deploy::put_script(trial.cluster, SCRIPT, Some(POLICY))?;
    deploy::await_agents(trial.cluster)?;
    trial.delete_all()?;
    trial.await_no_trace()
}

/// Without the script the pod would be on flannel.
fn assert_calico(pod: &Value) -> Result<()> {
    let address = pod_ip(pod)?;
    ensure!(address.starts_with("172.120."), "the pod is on another network than calico: {address}");
    Ok(())
}

/// Puts the script before `default-plugin`, with these grants.
fn put_in_force(trial: &Trial, grant: &Value) -> Result<()> {
    let script = json!({"module": SCRIPT, "grant": grant});
    deploy::write(trial.cluster, &json!({"selectors": [script, {"module": "default-plugin"}]}))?;
    deploy::await_configuration(trial.cluster, |conf| {
        conf["selectors"][0]["name"] == SCRIPT && conf["selectors"][0]["grant"] == *grant
    })
}
