//! genie-host in the cluster: deploys the files of `deploy/`, and changes what is deployed.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use genie_tests::cluster::{Cluster, ClusterNode, Kubectl, await_that, output};
use genie_tests::programs;
use serde_json::{Deserializer, Value, json};

const NAMESPACE: &str = "kube-system";
const DAEMON_SET: &str = "daemonset/genie";
const CONFIG_MAP: &str = "genie-config";
const CONF: &str = "00-genie.conf";
/// How long a change of the ConfigMap may take to reach the pods: the kubelet looks from time to
/// time.
const PATIENCE: Duration = Duration::from_mins(3);

/// kubectl in our own namespace.
pub fn kubectl(cluster: &Cluster) -> Kubectl {
    cluster.kubectl().in_namespace(NAMESPACE)
}

/// Applies `deploy/` with the scenario's configuration and waits for the agents.
pub fn install(cluster: &Cluster) -> Result<()> {
    apply(cluster, &json!({}))?;
    await_agents(cluster)
}

/// Applies `deploy/` with changes of the configuration, and waits for nothing.
pub fn apply(cluster: &Cluster, changes: &Value) -> Result<()> {
    for mut object in objects(cluster)? {
        if is_config_map(&object) {
            change(&mut object, changes)?;
        }
        kubectl(cluster).apply(&object)?;
    }
    Ok(())
}

fn is_config_map(object: &Value) -> bool {
    object["kind"] == "ConfigMap" && object["metadata"]["name"] == CONFIG_MAP
}

/// Deletes the objects of `deploy/`, and waits until the agents are gone.
pub fn remove(cluster: &Cluster) -> Result<()> {
    let manifests = programs::root().join("deploy");
    let manifests = manifests.to_string_lossy();
    kubectl(cluster).run(&["delete", "--ignore-not-found", "--wait", "--timeout=120s", "-f", &manifests])?;
    await_no_agents(cluster)
}

/// Applies the program again, as an upgrade does.
pub fn apply_program(cluster: &Cluster) -> Result<()> {
    let program = programs::root().join("deploy/genie.yaml");
    kubectl(cluster).run(&["apply", "-f", &program.to_string_lossy()])?;
    await_agents(cluster)
}

/// The chart with these values as YAML.
pub fn render(cluster: &Cluster, values: &[&str]) -> Result<String> {
    let mut helm = Command::new(cluster.program("helm"));
    helm.args(["template", "genie"]).arg(programs::root().join("deploy/chart")).args(["--namespace", NAMESPACE]);
    output(helm.args(["--kube-version", "1.34.4"]).args(values))
}

/// Applies the chart with these values and waits for the agents.
pub fn install_chart(cluster: &Cluster, values: &[&str]) -> Result<()> {
    kubectl(cluster).feed(&["apply", "-f", "-"], &render(cluster, values)?)?;
    await_agents(cluster)
}

/// Deletes the objects of the chart with these values, and waits until the agents are gone.
pub fn remove_chart(cluster: &Cluster, values: &[&str]) -> Result<()> {
    let delete = ["delete", "--ignore-not-found", "--wait", "--timeout=120s", "-f", "-"];
    kubectl(cluster).feed(&delete, &render(cluster, values)?)?;
    await_no_agents(cluster)
}

/// The objects of `deploy/`. Pods that name no network get flannel.
fn objects(cluster: &Cluster) -> Result<Vec<Value>> {
    let files = programs::root().join("deploy");
    let text = kubectl(cluster).run(&["create", "--dry-run=client", "-o", "json", "-f", &files.to_string_lossy()])?;
    let mut objects = Vec::new();
    for object in Deserializer::from_str(&text).into_iter::<Value>() {
        let mut object = object.context("kubectl's JSON")?;
        match object["kind"].as_str() {
            Some("List") => objects.extend(object["items"].as_array().cloned().unwrap_or_default()),
            _ => objects.push(object.take()),
        }
    }
    for object in &mut objects {
        if is_config_map(object) {
            change(object, &json!({"default_plugin": "flannel", "log_level": "debug"}))?;
        }
    }
    Ok(objects)
}

fn change(config_map: &mut Value, changes: &Value) -> Result<()> {
    let text = config_map["data"][CONF].as_str().context("the ConfigMap has no configuration")?;
    let mut conf: Value = serde_json::from_str(text).context(CONF)?;
    for (key, value) in changes.as_object().into_iter().flatten() {
        conf[key] = value.clone();
    }
    if let Some(conf) = conf.as_object_mut() {
        conf.retain(|_, value| !value.is_null());
    }
    config_map["data"][CONF] = conf.to_string().into();
    Ok(())
}

/// Changes keys of the configuration in the ConfigMap and waits until both nodes have them.
pub fn configure(cluster: &Cluster, changes: &Value) -> Result<()> {
    write(cluster, changes)?;
    await_configuration(cluster, |conf| {
        changes.as_object().into_iter().flatten().all(|(key, value)| conf[key] == *value)
    })
}

/// Changes keys of the configuration in the ConfigMap. A key with null is removed.
pub fn write(cluster: &Cluster, changes: &Value) -> Result<()> {
    let mut config_map = kubectl(cluster).get(&["configmap", CONFIG_MAP])?;
    change(&mut config_map, changes)?;
    let patch = json!({"data": {CONF: config_map["data"][CONF]}}).to_string();
    kubectl(cluster).run(&["patch", "configmap", CONFIG_MAP, "--type=merge", "-p", &patch])?;
    Ok(())
}

/// Puts a file into the ConfigMap under this key. Without a file, the key is removed.
pub fn put_module(cluster: &Cluster, key: &str, file: Option<&Path>) -> Result<()> {
    let content = file.map(|file| output(Command::new("base64").arg("--wrap=0").arg(file))).transpose()?;
    let patch = json!({"binaryData": {key: content}}).to_string();
    kubectl(cluster).run(&["patch", "configmap", CONFIG_MAP, "--type=merge", "-p", &patch])?;
    Ok(())
}

/// Puts a text into the ConfigMap under this key. Without a text, the key is removed.
pub fn put_script(cluster: &Cluster, key: &str, text: Option<&str>) -> Result<()> {
    let patch = json!({"data": {key: text}}).to_string();
    kubectl(cluster).run(&["patch", "configmap", CONFIG_MAP, "--type=merge", "-p", &patch])?;
    Ok(())
}

/// Waits until `holds` is true for both nodes' configurations.
pub fn await_configuration(cluster: &Cluster, holds: impl Fn(&Value) -> bool) -> Result<()> {
    await_that("the configuration on the nodes", PATIENCE, || {
        for node in cluster.nodes() {
            let conf = serde_json::from_str(&configuration(&node)?)?;
            if !holds(&conf) {
                return Ok(Some(format!("{} has {conf}", node.name)));
            }
        }
        Ok(None)
    })
}

/// The configuration that a node's runtime reads.
pub fn configuration(node: &ClusterNode) -> Result<String> {
    Ok(fs::read_to_string(node.file(&format!("etc/cni/net.d/{CONF}")))?)
}

/// Waits until every agent says that it is not ready.
pub fn await_unready_agents(cluster: &Cluster) -> Result<()> {
    await_that("agents that are not ready", PATIENCE, || {
        let daemon_set = kubectl(cluster).get(&[DAEMON_SET])?;
        let ready = daemon_set["status"]["numberReady"].as_u64().unwrap_or_default();
        Ok((ready > 0).then(|| format!("{ready} are ready")))
    })
}

/// Waits until a node's agent serves, and says that it is not ready for this reason.
pub fn await_unready(node: &ClusterNode, why: &str) -> Result<()> {
    const ASK: &str = r"exec 3<>/dev/tcp/127.0.0.1/9611 && printf 'GET /readyz HTTP/1.0\r\n\r\n' >&3 && cat <&3";
    await_that(&format!("the agent of {} not to be ready", node.name), PATIENCE, || {
        let said = output(node.place()?.command("bash").args(["-c", ASK])).unwrap_or_default();
        let is_so = said.contains(" 503 ") && said.contains(why);
        Ok((!is_so).then(|| format!("it says {said:?} and not {why:?}")))
    })
}

/// The agents that run, each with the number of its restarts.
pub fn agents(cluster: &Cluster) -> Result<BTreeSet<String>> {
    let pods = kubectl(cluster).get(&["pods"])?;
    let ours = |pod: &&Value| pod["metadata"]["ownerReferences"][0]["name"] == "genie";
    let pods = pods["items"].as_array().cloned().unwrap_or_default();
    let line = |pod: &Value| {
        let restarts = &pod["status"]["containerStatuses"][0]["restartCount"];
        format!("{} {restarts}", pod["metadata"]["name"].as_str().unwrap_or_default())
    };
    Ok(pods.iter().filter(ours).map(line).collect())
}

/// Waits until every node has a ready agent of the newest version.
pub fn await_agents(cluster: &Cluster) -> Result<()> {
    kubectl(cluster).run(&["rollout", "status", DAEMON_SET, "--timeout=180s"])?;
    Ok(())
}

/// Kills the agent's process on a node.
pub fn kill_agent(node: &ClusterNode) -> Result<()> {
    const KILL: &str = r"for pid in $(pidof genie-host); do
        if tr '\0' ' ' < /proc/$pid/cmdline | grep -q ' agent '; then kill -KILL $pid; fi
    done";
    node.run(KILL)?;
    Ok(())
}

/// Removes the agents from all nodes, while the DaemonSet stays.
pub fn park_agents(cluster: &Cluster) -> Result<()> {
    select_nodes(cluster, &json!({"genie-e2e/parked": "true"}))?;
    await_no_agents(cluster)
}

/// Brings the agents back.
pub fn unpark_agents(cluster: &Cluster) -> Result<()> {
    select_nodes(cluster, &json!({"genie-e2e/parked": null}))?;
    await_agents(cluster)
}

/// Restarts the agents one after the other, and waits for them.
pub fn roll_agents(cluster: &Cluster) -> Result<()> {
    kubectl(cluster).run(&["rollout", "restart", DAEMON_SET])?;
    await_agents(cluster)
}

fn select_nodes(cluster: &Cluster, selector: &Value) -> Result<()> {
    let patch = json!({"spec": {"template": {"spec": {"nodeSelector": selector}}}}).to_string();
    kubectl(cluster).run(&["patch", DAEMON_SET, "--type=merge", "-p", &patch])?;
    Ok(())
}

fn await_no_agents(cluster: &Cluster) -> Result<()> {
    await_that("the end of the agents", PATIENCE, || {
        let agents = agents(cluster)?;
        Ok((!agents.is_empty()).then(|| format!("{agents:?}")))
    })
}

/// Fails when anything of ours is on a node.
pub fn assert_removed(node: &ClusterNode) -> Result<()> {
    const OURS: [&str; 6] = [
        "/opt/cni/bin/genie*",
        "/etc/cni/net.d/*genie*",
        "/var/lib/genie",
        "/var/cache/genie",
        "/run/genie",
        "/etc/cni/net.d/.*genie*",
    ];
    let left = node.run(&format!("ls -d {} 2> /dev/null; true", OURS.join(" ")))?;
    if !left.trim().is_empty() {
        bail!("{} still has {}", node.name, left.split_whitespace().collect::<Vec<_>>().join(", "));
    }
    Ok(())
}
