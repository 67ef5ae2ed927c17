//! Which networks a pod gets, and whether these work.

use anyhow::{Context as _, Result, ensure};
use serde_json::{Value, json};

use super::Group;
use crate::deploy;
use crate::trial::{Pod, Trial};
use genie_tests::programs;

/// The kind of the standard, as kubectl names it.
const DEFINITIONS: &str = "crd/network-attachment-definitions.k8s.cni.cncf.io";

pub const CASES: Group = &[
    ("calico", calico),
    ("flannel", flannel),
    ("default-plugin", default_plugin),
    ("default-changed", default_changed),
    ("two-networks", two_networks),
    ("definitions", definitions),
    ("default-route", default_route),
    ("across-nodes", across_nodes),
    ("host-port", host_port),
    ("service", service),
];

fn calico(trial: &Trial) -> Result<()> {
    let pod = trial.run(Pod::new("busybox1").cni("calico"))?;
    let (address, mtu) = trial.interface("busybox1", "eth0")?;
    let ip = pod_ip(&pod)?;
    ensure!(ip.starts_with("172.120."), "the pod's address is {ip}");
    ensure!(address == format!("{ip}/32"), "eth0 has {address}, the pod's status says {ip}");
    ensure!(mtu == 1440, "MTU {mtu}");
    reaches(trial, &pod, ip)
}

fn flannel(trial: &Trial) -> Result<()> {
    for number in 1..=2 {
        let name = format!("busybox2-{number}");
        let pod = trial.run(Pod::new(&name).cni("flannel").on(&format!("node{number}")))?;
        assert_flannel(trial, &pod, &name, "eth0")?;
    }
    Ok(())
}

fn default_plugin(trial: &Trial) -> Result<()> {
    let pod = trial.run(Pod::new("busybox3"))?;
    assert_flannel(trial, &pod, "busybox3", "eth0")
}

fn default_changed(trial: &Trial) -> Result<()> {
    let restarts = deploy::agents(trial.cluster)?;
    deploy::configure(trial.cluster, &json!({"default_plugin": "calico"}))?;
    let done = trial.run(Pod::new("changed")).and_then(|pod| {
        let ip = pod_ip(&pod)?;
        ensure!(ip.starts_with("172.120."), "the pod's address is {ip}");
        Ok(())
    });
    deploy::configure(trial.cluster, &json!({"default_plugin": "flannel"}))?;
    done?;
    let pod = trial.run(Pod::new("changed-back"))?;
    assert_flannel(trial, &pod, "changed-back", "eth0")?;
    ensure!(restarts == deploy::agents(trial.cluster)?, "agents were restarted");
    Ok(())
}

fn two_networks(trial: &Trial) -> Result<()> {
    let pod = trial.run(Pod::new("busybox4").cni("calico,flannel"))?;
    let (first, _) = trial.interface("busybox4", "eth0")?;
    let (second, _) = trial.interface("busybox4", "eth1")?;
    ensure!(first == format!("{}/32", pod_ip(&pod)?), "eth0 has {first}");
    ensure!(second.starts_with(&flannel_prefix(trial, &pod)?), "eth1 has {second}");
    for address in [&first, &second] {
        reaches(trial, &pod, address.split('/').next().unwrap_or_default())?;
    }
    // The agent may publish after the pod has started.
    let pod = trial.kubectl.await_object(&["pod", "busybox4"], |pod| {
        let missing = |key: &&&str| pod["metadata"]["annotations"][**key].is_null();
        ["multi-ip-preferences", "k8s.v1.cni.cncf.io/network-status"]
            .iter()
            .find(missing)
            .map(|key| format!("no {key}"))
    })?;
    let status = &pod["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"];
    let status: Value = serde_json::from_str(status.as_str().context("text")?)?;
    let interfaces: Vec<_> = status.as_array().context("a list")?.iter().map(|one| &one["interface"]).collect();
    ensure!(interfaces == ["eth0", "eth1"], "network-status is {status}");
    ensure!(
        status[0]["default"] == true && status[0]["ips"][0] == pod["status"]["podIP"],
        "network-status is {status}"
    );
    let preferences = pod["metadata"]["annotations"]["multi-ip-preferences"].as_str().unwrap_or_default();
    let preferences: Value = serde_json::from_str(preferences).context("multi-ip-preferences")?;
    ensure!(preferences["multi_entry"] == 2, "multi-ip-preferences is {preferences}");
    Ok(())
}

/// What a pod sends has the pod's address, whatever the order of its networks.
/// Networks of the multi-network standard, with what the node says of them.
fn definitions(trial: &Trial) -> Result<()> {
    let kind = programs::root().join("deploy/chart/crds/network-attachment-definitions.yaml");
    trial.kubectl.run(&["apply", "-f", &kind.to_string_lossy()])?;
    trial.kubectl.run(&["wait", "--for=condition=Established", "--timeout=60s", DEFINITIONS])?;
    let ipam = json!({"type": "host-local", "subnet": "10.99.0.0/24"});
    let config = json!({"cniVersion": "1.0.0", "type": "bridge", "bridge": "br-storage", "ipam": ipam});
    trial.kubectl.apply(&json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": "storage"}, "spec": {"config": config.to_string()},
    }))?;
    let asked = json!([{"name": "storage", "colour": "blue"}, {"name": "storage", "interface": "disk0"}]);
    let pod = trial.run(Pod::new("stores").annotation("k8s.v1.cni.cncf.io/networks", &asked.to_string()))?;
    assert_flannel(trial, &pod, "stores", "eth0")?;
    for interface in ["net1", "disk0"] {
        let (address, _) = trial.interface("stores", interface)?;
        ensure!(address.starts_with("10.99.0."), "{interface} has {address}");
    }
    let namespace = pod["metadata"]["namespace"].as_str().context("no namespace")?;
    trial.kubectl.await_object(&["pod", "stores"], |pod| {
        let status = pod["metadata"]["annotations"]["k8s.v1.cni.cncf.io/network-status"].as_str().unwrap_or_default();
        let status: Value = serde_json::from_str(status).unwrap_or_default();
        let name = format!("{namespace}/storage");
        let told = [&status[1]["name"], &status[1]["interface"], &status[2]["interface"]];
        (told != [&name[..], "net1", "disk0"]).then(|| format!("network-status is {status}"))
    })?;
    trial
        .kubectl
        .await_object(&["events"], |events| {
            let told = events["items"].as_array().into_iter().flatten().any(|event| {
                event["reason"] == "NetworkWarning"
                    && event["message"].as_str().is_some_and(|text| text.contains("colour"))
            });
            (!told).then(|| "no event tells of the unknown key".to_owned())
        })
        .map(drop)
}

fn default_route(trial: &Trial) -> Result<()> {
    for (name, cni) in [("calico-first", "calico,flannel"), ("flannel-first", "flannel,calico")] {
        let pod = trial.run(Pod::new(name).cni(cni))?;
        let routes = trial.exec(name, &["ip", "-4", "route", "show", "default"])?;
        ensure!(routes.lines().count() == 1 && routes.contains("dev eth0"), "{cni}: {routes}");
        let sent = trial.exec(name, &["ip", "route", "get", "192.0.2.1"])?;
        ensure!(sent.contains(&format!("src {}", pod_ip(&pod)?)), "{cni}: {sent}");
        reaches(trial, &pod, pod_ip(&pod)?)?;
    }
    Ok(())
}

fn across_nodes(trial: &Trial) -> Result<()> {
    let one = trial.run(Pod::new("one").cni("flannel").on("node1"))?;
    let two = trial.run(Pod::new("two").cni("flannel").on("node2"))?;
    trial.exec("one", &["ping", "-c", "1", "-W", "5", pod_ip(&two)?])?;
    trial.exec("two", &["ping", "-c", "1", "-W", "5", pod_ip(&one)?])?;
    let told = trial.fetch("one", &format!("http://{}/", pod_ip(&two)?))?;
    ensure!(told.trim() == "two", "two served {told}");
    Ok(())
}

fn host_port(trial: &Trial) -> Result<()> {
    for (network, port) in [("calico", 8081), ("flannel", 8082)] {
        let pod = trial.run(Pod::new(network).cni(network).on("node1").host_port(port))?;
        let from = trial.cluster.node("node2")?;
        let ip = trial.node_of(&pod)?.ip;
        let told = from.run(&format!("timeout 5 busybox wget -q -O - http://{ip}:{port}/"))?;
        ensure!(told.trim() == network, "{network} served {told}");
    }
    Ok(())
}

fn service(trial: &Trial) -> Result<()> {
    trial.run(Pod::new("server").cni("flannel").on("node2"))?;
    trial.kubectl.apply(&json!({
        "apiVersion": "v1", "kind": "Service", "metadata": {"name": "server"},
        "spec": {"selector": {"app": "server"}, "ports": [{"port": 80}]},
    }))?;
    let service = trial.kubectl.get(&["service", "server"])?;
    let url = format!("http://{}/", service["spec"]["clusterIP"].as_str().context("no address")?);
    trial.run(Pod::new("client").cni("flannel").on("node1"))?;
    let mut told = String::new();
    genie_tests::cluster::await_that("the Service", std::time::Duration::from_secs(30), || {
        told = trial.fetch("client", &url)?;
        Ok(None)
    })?;
    ensure!(told.trim() == "server", "the Service served {told}");
    Ok(())
}

/// Checks that an interface is one of flannel's on the pod's node.
pub fn assert_flannel(trial: &Trial, pod: &Value, name: &str, interface: &str) -> Result<()> {
    let (address, mtu) = trial.interface(name, interface)?;
    let prefix = flannel_prefix(trial, pod)?;
    let ip = pod_ip(pod)?;
    ensure!(address == format!("{ip}/24"), "{interface} has {address}, the pod's status says {ip}");
    ensure!(address.starts_with(&prefix), "{interface} has {address}, the node's subnet is {prefix}0/24");
    ensure!(mtu == 1500, "MTU {mtu}");
    reaches(trial, pod, ip)
}

pub fn pod_ip(pod: &Value) -> Result<&str> {
    pod["status"]["podIP"].as_str().context("the pod has no address")
}

/// The beginning of flannel's addresses on a pod's node.
fn flannel_prefix(trial: &Trial, pod: &Value) -> Result<String> {
    let node = trial.kubectl.get(&["node", &trial.node_of(pod)?.name])?;
    let subnet = node["spec"]["podCIDR"].as_str().context("the node has no subnet")?;
    Ok(subnet.trim_end_matches("0/24").to_owned())
}

/// Checks that the pod's node gets an answer from an address.
fn reaches(trial: &Trial, pod: &Value, ip: &str) -> Result<()> {
    trial.node_of(pod)?.run(&format!("ping -c 1 -W 5 {ip}"))?;
    Ok(())
}
