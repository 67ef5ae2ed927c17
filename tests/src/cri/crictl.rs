//! CRI, by way of crictl.

use std::fs;
use std::process::Command;

use anyhow::{Context as _, Result};
use serde_json::Value;

use super::{CriNode, Pod};
use crate::cluster::output;
use crate::programs;

impl CriNode {
    /// `RunPodSandbox`. Returns the sandbox's id.
    ///
    /// # Errors
    /// There is no sandbox. The error has the runtime's message.
    pub fn run_pod(&self, pod: &Pod) -> Result<String> {
        let file = tempfile::NamedTempFile::new_in(self.dir.path())?;
        fs::write(&file, pod.config().to_string())?;
        let id = output(self.crictl().arg("runp").arg(file.path()))?;
        Ok(id.trim().to_owned())
    }

    /// `StopPodSandbox`.
    ///
    /// # Errors
    /// The runtime refuses. The error has its message.
    pub fn stop_pod(&self, id: &str) -> Result<()> {
        output(self.crictl().args(["stopp", id])).map(drop)
    }

    /// `RemovePodSandbox`.
    ///
    /// # Errors
    /// The runtime refuses. The error has its message.
    pub fn remove_pod(&self, id: &str) -> Result<()> {
        output(self.crictl().args(["rmp", id])).map(drop)
    }

    /// `PodSandboxStatus`.
    ///
    /// # Errors
    /// The runtime refuses. The error has its message.
    pub fn pod(&self, id: &str) -> Result<Value> {
        self.json(&["inspectp", "-o", "json", id])
    }

    /// The ids of all sandboxes.
    ///
    /// # Errors
    /// The runtime refuses. The error has its message.
    pub fn pods(&self) -> Result<Vec<String>> {
        Ok(output(self.crictl().args(["pods", "-q"]))?.lines().map(ToOwned::to_owned).collect())
    }

    /// `Status`.
    ///
    /// # Errors
    /// The runtime refuses. The error has its message.
    pub fn info(&self) -> Result<Value> {
        self.json(&["info"])
    }

    /// The addresses that CRI reports, in their order.
    ///
    /// # Errors
    /// The runtime refuses. The error has its message.
    pub fn reported_ips(&self, id: &str) -> Result<Vec<String>> {
        let network = &self.pod(id)?["status"]["network"];
        let more = network["additionalIps"].as_array().into_iter().flatten().map(|more| &more["ip"]);
        let all = std::iter::once(&network["ip"]).chain(more);
        Ok(all.filter_map(Value::as_str).filter(|ip| !ip.is_empty()).map(ToOwned::to_owned).collect())
    }

    /// Runs a shell command in the network namespace of a sandbox.
    ///
    /// # Errors
    /// The command fails.
    pub fn in_pod(&self, id: &str, script: &str) -> Result<String> {
        output(self.place.command("nsenter").arg(format!("--net={}", self.netns(id)?)).args(["--", "sh", "-c", script]))
    }

    /// Serves `text` on a port of the pod, and waits until that works.
    ///
    /// # Errors
    /// It does not work.
    pub fn serve(&self, id: &str, port: u16, text: &str) -> Result<()> {
        let dir = self.dir.path().join("www").join(id);
        fs::create_dir_all(&dir)?;
        fs::write(dir.join("index.html"), text)?;
        let netns = self.netns(id)?;
        self.place.start(&format!("httpd-{id}"), &self.logs(), "nsenter".as_ref(), |command| {
            command.arg(format!("--net={netns}")).args(["--", "busybox", "httpd", "-f", "-p"]);
            command.arg(port.to_string()).arg("-h").arg(&dir);
        })?;
        crate::cluster::await_that("the pod's server", super::PATIENCE, || {
            self.in_pod(id, &format!("busybox wget -q -O - http://127.0.0.1:{port}/")).map(|_| None)
        })
    }

    /// The path of a sandbox's network namespace.
    ///
    /// # Errors
    /// The runtime refuses, or the sandbox has no namespace.
    pub fn netns(&self, id: &str) -> Result<String> {
        let pod = self.pod(id)?;
        let namespaces = pod["info"]["runtimeSpec"]["linux"]["namespaces"].as_array();
        let network = namespaces.into_iter().flatten().find(|namespace| namespace["type"] == "network");
        let path = network.and_then(|network| network["path"].as_str());
        Ok(path.with_context(|| format!("the sandbox has no network namespace: {pod}"))?.to_owned())
    }

    fn json(&self, arguments: &[&str]) -> Result<Value> {
        let text = output(self.crictl().args(arguments))?;
        serde_json::from_str(&text).with_context(|| text)
    }

    fn crictl(&self) -> Command {
        let socket = format!("unix://{}", self.runtime.socket());
        let mut crictl = self.place.command(programs::tool("crictl"));
        crictl.args(["--config", "/dev/null", "-r", &socket, "-i", &socket, "-t", "2m"]);
        crictl
    }
}

/// Whether the network is ready by a `Status`, and if not, why.
pub fn network_ready(info: &Value) -> (bool, String) {
    let conditions = info["status"]["conditions"].as_array();
    let network = conditions.into_iter().flatten().find(|condition| condition["type"] == "NetworkReady");
    let text = |key: &str| network.and_then(|network| network[key].as_str()).unwrap_or_default();
    let ready = network.is_some_and(|network| network["status"] == true);
    (ready, format!("{} {}", text("reason"), text("message")).trim().to_owned())
}
