//! What a case works with: its own namespace, pods in it, and the cluster.

use std::collections::BTreeSet;
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use genie_tests::cluster::{Cluster, ClusterNode, Kubectl, await_that, condition};
use serde_json::{Value, json};

/// How long it may take until deleted pods have left no trace. An agent leaves the runtime a
/// minute, and looks every half a minute.
const PATIENCE: Duration = Duration::from_mins(4);
/// A script that serves the pod's name, and ends at once when it is told to.
const SERVE: &str = "trap 'echo stopping; sleep $LINGER; exit 0' TERM; echo $NAME > /tmp/index.html; \
                     httpd -p 80 -h /tmp; while :; do sleep 3600 & wait; done";

/// A run of a case.
pub struct Trial<'a> {
    /// The cluster.
    pub cluster: &'a Cluster,
    /// kubectl with the administrator's credentials, in the case's namespace.
    pub kubectl: Kubectl,
    /// The case's namespace.
    pub namespace: String,
    before: BTreeSet<String>,
}

/// A pod that is to be created.
#[must_use]
pub struct Pod {
    manifest: Value,
}

impl<'a> Trial<'a> {
    /// Makes the case's namespace, and notes the traces that are there already.
    pub fn begin(cluster: &'a Cluster, name: &str) -> Result<Self> {
        let namespace = name.to_owned();
        let kubectl = cluster.kubectl().in_namespace(&namespace);
        // When the cluster was kept, an earlier run may have left its namespace.
        kubectl.await_gone(&["namespace", &namespace])?;
        let before = cluster.traces()?;
        kubectl.run(&["create", "namespace", &namespace])?;
        kubectl.await_object(&["serviceaccount", "default"], |_| None)?;
        Ok(Self { cluster, kubectl, namespace, before })
    }

    /// Deletes the namespace, and waits for the end of its pods, but not for its own. An error
    /// lists what is left of the pods.
    pub fn end(&self) -> Result<()> {
        // This is sooner than the end of the namespace would delete them.
        self.kubectl.run(&["delete", "pods", "--all", "--wait=false"])?;
        self.kubectl.run(&["delete", "namespace", &self.namespace, "--wait=false", "--ignore-not-found"])?;
        self.await_no_trace()
    }

    /// Waits until nothing is left of what the case attached.
    pub fn await_no_trace(&self) -> Result<()> {
        await_that("no trace of the pods", PATIENCE, || {
            let left: Vec<_> = self.cluster.traces()?.difference(&self.before).cloned().collect();
            Ok((!left.is_empty()).then(|| format!("left are {}", left.join(", "))))
        })
    }

    /// Waits until nothing is left on the nodes themselves. The API server is not asked.
    pub fn await_no_trace_on_nodes(&self) -> Result<()> {
        await_that("no trace of the pods on the nodes", PATIENCE, || {
            let mut left = Vec::new();
            for node in self.cluster.nodes() {
                left.extend(node.traces()?.difference(&self.before).cloned());
            }
            Ok((!left.is_empty()).then(|| format!("left are {}", left.join(", "))))
        })
    }

    /// Creates pods.
    pub fn create(&self, pods: impl IntoIterator<Item = Pod>) -> Result<()> {
        let items: Vec<_> = pods.into_iter().map(|pod| pod.manifest).collect();
        self.kubectl.apply(&json!({"apiVersion": "v1", "kind": "List", "items": items}))?;
        Ok(())
    }

    /// Creates a pod, waits until it is ready, and returns it.
    pub fn run(&self, pod: Pod) -> Result<Value> {
        let name = pod.manifest["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        self.create([pod])?;
        self.await_ready(&name)
    }

    /// Waits until a pod is ready, and returns it.
    pub fn await_ready(&self, name: &str) -> Result<Value> {
        self.kubectl.await_object(&["pod", name], |pod| {
            let ready = condition(pod, "Ready") == Some("True");
            (!ready).then(|| format!("it is not ready: {}", pod["status"]["phase"]))
        })
    }

    /// Waits until there are exactly this many pods, and all are ready.
    pub fn await_all_ready(&self, count: usize) -> Result<Vec<Value>> {
        let pods = self.kubectl.await_object(&["pods"], |pods| {
            let pods = pods["items"].as_array().map(Vec::as_slice).unwrap_or_default();
            let ready = pods.iter().filter(|pod| condition(pod, "Ready") == Some("True")).count();
            (ready != count || pods.len() != count).then(|| format!("{ready} of {} pods are ready", pods.len()))
        })?;
        Ok(pods["items"].as_array().cloned().unwrap_or_default())
    }

    /// Deletes all pods of the namespace and waits until the API server has none.
    pub fn delete_all(&self) -> Result<()> {
        self.kubectl.run(&["delete", "pods", "--all", "--wait=false"])?;
        self.kubectl.await_gone(&["pods"])
    }

    /// Runs a command in a pod.
    pub fn exec(&self, pod: &str, command: &[&str]) -> Result<String> {
        self.kubectl.run(&[&["exec", pod, "--"], command].concat())
    }

    /// The answer that a pod gets from an address.
    pub fn fetch(&self, pod: &str, url: &str) -> Result<String> {
        // wget's own option for a timeout crashes in a busybox that is linked statically.
        self.exec(pod, &["timeout", "5", "wget", "-q", "-O", "-", url])
    }

    /// A pod's interface as the pod sees it: its address with prefix length, and its MTU.
    pub fn interface(&self, pod: &str, interface: &str) -> Result<(String, u32)> {
        let shown = self.exec(pod, &["ip", "address", "show", "dev", interface])?;
        let after = |word: &str| {
            let mut words = shown.split_whitespace().skip_while(|found| *found != word);
            words.nth(1).map(ToOwned::to_owned).with_context(|| format!("no {word} in {shown}"))
        };
        Ok((after("inet")?, after("mtu")?.parse()?))
    }

    /// The node of a pod.
    pub fn node_of(&self, pod: &Value) -> Result<ClusterNode> {
        self.cluster.node(pod["spec"]["nodeName"].as_str().context("the pod has no node")?)
    }

    /// Fails when a call of the runtime to us has failed: no call may be lost.
    pub fn assert_no_failed_call(&self) -> Result<()> {
        let events = self.kubectl.get(&["events"])?;
        let failed = |event: &&Value| {
            matches!(event["reason"].as_str(), Some("FailedCreatePodSandBox" | "FailedKillPod" | "NetworkFailed"))
        };
        let events = events["items"].as_array().cloned().unwrap_or_default();
        let failed: Vec<_> = events.iter().filter(failed).map(|event| event["message"].to_string()).collect();
        ensure!(failed.is_empty(), "calls failed: {}", failed.join("\n"));
        Ok(())
    }
}

impl Pod {
    /// A pod that serves its name on port 80.
    pub fn new(name: &str) -> Self {
        let manifest = json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": name, "labels": {"app": name}, "annotations": {}},
            "spec": template(name),
        });
        Self { manifest }
    }

    /// Adds the annotation `cni`.
    pub fn cni(self, networks: &str) -> Self {
        self.annotation("cni", networks)
    }

    /// Adds an annotation.
    pub fn annotation(mut self, key: &str, value: &str) -> Self {
        self.manifest["metadata"]["annotations"][key] = value.into();
        self
    }

    /// Runs the pod as this service account.
    pub fn service_account(mut self, name: &str) -> Self {
        self.manifest["spec"]["serviceAccountName"] = name.into();
        self
    }

    /// Puts the pod on a node.
    pub fn on(mut self, node: &str) -> Self {
        self.manifest["spec"]["nodeSelector"] = json!({"kubernetes.io/hostname": node});
        self
    }

    /// Maps a port of the node to the pod.
    pub fn host_port(mut self, port: u16) -> Self {
        self.manifest["spec"]["containers"][0]["ports"] = json!([{"containerPort": 80, "hostPort": port}]);
        self
    }

    /// Makes the pod take two seconds to end.
    pub fn lingering(mut self) -> Self {
        self.manifest["spec"]["containers"][0]["env"][1]["value"] = "2".into();
        self
    }
}

/// The `spec` of a pod that serves its name on port 80.
pub fn template(name: &str) -> Value {
    json!({
        "automountServiceAccountToken": false,
        "terminationGracePeriodSeconds": 20,
        "dnsPolicy": "Default",
        "containers": [{
            "name": "busybox", "image": "busybox:1.25.0", "imagePullPolicy": "Never", "command": ["sh", "-c", SERVE],
            "env": [{"name": "NAME", "value": name}, {"name": "LINGER", "value": "0"}],
        }],
    })
}
