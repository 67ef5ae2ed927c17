//! kubectl, and waiting for the cluster.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, bail};
use serde_json::Value;

use super::shell::{await_that, command, output};

/// How long the cluster may take for anything.
const PATIENCE: Duration = Duration::from_mins(2);

/// kubectl with the administrator's credentials.
#[derive(Clone, Debug)]
pub struct Kubectl {
    program: PathBuf,
    kubeconfig: PathBuf,
    namespace: String,
}

impl Kubectl {
    pub(super) fn new(program: PathBuf, kubeconfig: PathBuf) -> Self {
        Self { program, kubeconfig, namespace: "default".into() }
    }

    /// The same kubectl in another namespace.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str) -> Self {
        Self { namespace: namespace.into(), ..self.clone() }
    }

    /// A command of kubectl without arguments.
    pub fn command(&self) -> Command {
        let mut kubectl = command(&self.program);
        kubectl.env("KUBECONFIG", &self.kubeconfig).args(["--namespace", &self.namespace]);
        kubectl
    }

    /// Runs kubectl and returns its output.
    pub fn run(&self, arguments: &[&str]) -> Result<String> {
        output(self.command().args(arguments))
    }

    /// Runs kubectl with a manifest on its standard input.
    pub fn feed(&self, arguments: &[&str], manifest: &str) -> Result<String> {
        let mut kubectl = self.command();
        kubectl.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = kubectl.spawn().context("kubectl")?;
        child.stdin.take().context("kubectl's stdin")?.write_all(manifest.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            bail!("kubectl {}: {}", arguments.join(" "), String::from_utf8_lossy(&output.stderr).trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Applies objects.
    pub fn apply(&self, manifest: &Value) -> Result<String> {
        self.feed(&["apply", "-f", "-"], &manifest.to_string())
    }

    /// An object or a list, as JSON.
    pub fn get(&self, arguments: &[&str]) -> Result<Value> {
        let text = self.run(&[&["get", "-o", "json"], arguments].concat())?;
        serde_json::from_str(&text).context("kubectl's JSON")
    }

    /// Waits until an object is as wanted, and returns it. `wrong` says what is not as wanted.
    pub fn await_object(&self, arguments: &[&str], wrong: impl Fn(&Value) -> Option<String>) -> Result<Value> {
        let mut found = Value::Null;
        await_that(&arguments.join(" "), PATIENCE, || {
            found = self.get(arguments)?;
            Ok(wrong(&found))
        })?;
        Ok(found)
    }

    /// Waits until `get` with these arguments finds nothing.
    pub fn await_gone(&self, arguments: &[&str]) -> Result<()> {
        await_that(&format!("the end of {}", arguments.join(" ")), PATIENCE, || {
            let found = self.run(&[&["get", "-o", "name", "--ignore-not-found"], arguments].concat())?;
            Ok((!found.trim().is_empty()).then(|| found.trim().into()))
        })
    }

    /// Waits until both nodes are ready.
    pub fn await_nodes(&self) -> Result<()> {
        self.await_object(&["nodes"], |nodes| {
            let nodes = nodes["items"].as_array().map(Vec::as_slice).unwrap_or_default();
            let ready = nodes.iter().filter(|node| condition(node, "Ready") == Some("True")).count();
            (ready != 2).then(|| format!("{ready} are ready"))
        })?;
        Ok(())
    }
}

/// The status of one of an object's conditions.
pub fn condition<'a>(object: &'a Value, kind: &str) -> Option<&'a str> {
    let conditions = object["status"]["conditions"].as_array()?;
    conditions.iter().find(|condition| condition["type"] == kind)?["status"].as_str()
}
