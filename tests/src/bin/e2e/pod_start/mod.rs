//! `make bench`: how long a pod takes from its creation until it is ready, with our plugin and with
//! a delegate that containerd calls by itself.
//!
//! The two pods differ only in their `RuntimeClass`. They are created together, each time in the
//! other order, so that the machine and the kubelet treat both alike. The kubelet looks once a
//! second, so the time until a pod is ready is only exact to a second. containerd's log tells its
//! own part to the millisecond, and everything that we could slow down is in that part.

mod runtime;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::process::{Child, ChildStdout, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail};
use genie_tests::Samples;
use genie_tests::cluster::{ALONE, Cluster, Kubectl};
use serde_json::{Value, json};

use crate::trial::template;

const NAMESPACE: &str = "pod-start";
/// Pairs of pods for each network, unless an argument says otherwise.
pub const ROUNDS: usize = 40;
/// Pairs that do not count: the first pods find no warm files.
const WARM_UP: usize = 3;
const TARGET: f64 = 1.05;
/// The format of a line for each change of a pod.
const LINE: &str = r#"jsonpath={.metadata.name} {.status.conditions[?(@.type=="Ready")].status}{"\n"}"#;

/// Measures, and prints the figures.
pub fn measure(cluster: &Cluster, rounds: usize) -> Result<()> {
    let kubectl = cluster.kubectl().in_namespace(NAMESPACE);
    kubectl.await_gone(&["namespace", NAMESPACE])?;
    kubectl.run(&["create", "namespace", NAMESPACE])?;
    kubectl.await_object(&["serviceaccount", "default"], |_| None)?;
    for handler in ALONE.map(|network| format!("alone-{network}")).iter().map(String::as_str).chain(["runc"]) {
        kubectl.apply(&json!({
            "apiVersion": "node.k8s.io/v1", "kind": "RuntimeClass", "metadata": {"name": handler}, "handler": handler,
        }))?;
    }
    let mut ready = Vec::new();
    for network in ALONE {
        let mut watch = Watch::start(&kubectl)?;
        let mut times = Times::new(network);
        for round in 0..WARM_UP + rounds {
            let took = pair(&kubectl, &mut watch, network, round)?;
            if round >= WARM_UP {
                times.push(took);
            }
        }
        ready.push(times);
    }
    print("From a pod's creation to Ready", &ready);
    let starts = runtime::starts(&cluster.node("node1")?)?;
    let mut sandbox = Vec::new();
    for network in ALONE {
        let mut times = Times::new(network);
        for round in WARM_UP..WARM_UP + rounds {
            let [alone, genie] = names(network, round).map(|name| {
                starts.get(&name).copied().with_context(|| format!("containerd's log has no start of {name}"))
            });
            times.push([alone?, genie?]);
        }
        sandbox.push(times);
    }
    print("containerd's part: from RunPodSandbox to the container's start", &sandbox);
    kubectl.run(&["delete", "namespace", NAMESPACE, "--wait=false"])?;
    Ok(())
}

/// Measures a pair: how long a pod took whose network containerd attached by itself, and a pod of
/// ours.
fn pair(kubectl: &Kubectl, watch: &mut Watch, network: &str, round: usize) -> Result<[Duration; 2]> {
    let names = names(network, round);
    let mut pods = vec![pod(&names[0], network, &format!("alone-{network}")), pod(&names[1], network, "runc")];
    if round % 2 == 1 {
        pods.reverse();
    }
    kubectl.apply(&json!({"apiVersion": "v1", "kind": "List", "items": pods}))?;
    let took = watch.await_ready(&names)?;
    kubectl.run(&["delete", "pods", "--all", "--wait=false"])?;
    kubectl.await_gone(&["pods"])?;
    Ok(took)
}

/// The names of a pair: the pod whose network containerd attaches by itself, and ours.
fn names(network: &str, round: usize) -> [String; 2] {
    ["alone", "genie"].map(|who| format!("{network}-{who}-{round}"))
}

/// A pod with a node already, so that it does not wait for the scheduler.
fn pod(name: &str, network: &str, class: &str) -> Value {
    let mut spec = template(name);
    spec["nodeName"] = "node1".into();
    spec["runtimeClassName"] = class.into();
    let annotations = json!({"cni": network});
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": annotations}, "spec": spec})
}

/// The changes of pods as they happen.
struct Watch {
    kubectl: Child,
    lines: BufReader<ChildStdout>,
}

impl Watch {
    fn start(kubectl: &Kubectl) -> Result<Self> {
        let mut command = kubectl.command();
        command.args(["get", "pods", "--watch", "-o", LINE]).stdout(Stdio::piped());
        let mut kubectl = command.spawn().context("kubectl")?;
        let lines = BufReader::new(kubectl.stdout.take().context("kubectl's stdout")?);
        Ok(Self { kubectl, lines })
    }

    /// The time from the first line about each of these pods until the pod is ready.
    fn await_ready(&mut self, names: &[String; 2]) -> Result<[Duration; 2]> {
        let mut created = BTreeMap::new();
        let mut took = BTreeMap::new();
        while took.len() < names.len() {
            let mut line = String::new();
            if self.lines.read_line(&mut line)? == 0 {
                bail!("kubectl stopped to watch the pods");
            }
            let now = Instant::now();
            let (name, ready) = line.trim().split_once(' ').unwrap_or((line.trim(), ""));
            if names.iter().any(|one| one == name) {
                let since = *created.entry(name.to_owned()).or_insert(now);
                if ready == "True" {
                    took.entry(name.to_owned()).or_insert(now - since);
                }
            }
        }
        Ok(names.each_ref().map(|name| took[name]))
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        _ = self.kubectl.kill();
        _ = self.kubectl.wait();
    }
}

/// The pairs of one network.
struct Times {
    network: &'static str,
    alone: Samples,
    genie: Samples,
}

impl Times {
    fn new(network: &'static str) -> Self {
        Self { network, alone: Samples::default(), genie: Samples::default() }
    }

    fn push(&mut self, [alone, genie]: [Duration; 2]) {
        self.alone.push(alone);
        self.genie.push(genie);
    }
}

fn print(title: &str, all: &[Times]) {
    println!("\n{title}, ms ({} pairs of each network)", all[0].alone.len());
    println!("{:<12} {:>11} {:>9} {:>11} {:>9} {:>7}", "network", "alone mean", "p50", "genie mean", "p50", "ratio");
    for Times { network, alone, genie } in all {
        let (one, other) = (alone.mean(), genie.mean());
        let ratio = other / one;
        let (p50, other_p50) = (alone.p50(), genie.p50());
        let met = if ratio <= TARGET { "met" } else { "missed" };
        println!(
            "{network:<12} {one:>11.0} {p50:>9.0} {other:>11.0} {other_p50:>9.0} {ratio:>7.3}  at most {TARGET}: {met}"
        );
    }
}
