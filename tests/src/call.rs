//! One call of the runtime.

use std::ffi::{OsStr, OsString};
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::{Map, Value, json};

use crate::{Answer, Node, Running, programs};

/// The capability by which containerd and CRI-O hand over annotations.
pub const ANNOTATIONS: &str = "io.kubernetes.cri.pod-annotations";

/// What the runtime asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Verb {
    Add,
    Del,
    Check,
    Status,
    Gc,
    Version,
}

impl Verb {
    /// The value of `CNI_COMMAND`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Add => "ADD",
            Self::Del => "DEL",
            Self::Check => "CHECK",
            Self::Status => "STATUS",
            Self::Gc => "GC",
            Self::Version => "VERSION",
        }
    }
}

/// A call that is being put together. It starts as containerd's call for the pod `p` of the
/// namespace `default`, with the container `c1` and the interface `eth0`.
#[derive(Clone, Debug)]
pub struct Call<'a> {
    node: &'a Node,
    env: Vec<(String, Option<OsString>)>,
    config: Map<String, Value>,
    stdin: Option<Vec<u8>>,
    through: Vec<String>,
}

impl<'a> Call<'a> {
    pub(crate) fn new(node: &'a Node, verb: Verb) -> Self {
        let mut call = Self { node, env: Vec::new(), config: node.config(), stdin: None, through: Vec::new() };
        call.set("CNI_COMMAND", verb.as_str());
        call.set("CNI_PATH", node.bin());
        if matches!(verb, Verb::Add | Verb::Del | Verb::Check) {
            // This namespace does not exist. Recorders do not mind.
            call = call.container("c1").ifname("eth0").netns("/run/netns/genie-tests-none");
        }
        call
    }

    /// Sets `CNI_CONTAINERID`, and `CNI_ARGS` as Kubernetes runtimes do.
    #[must_use]
    pub fn container(mut self, id: &str) -> Self {
        self.set("CNI_CONTAINERID", id);
        self.args(&format!(
            "IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=p;K8S_POD_INFRA_CONTAINER_ID={id};K8S_POD_UID=u"
        ))
    }

    /// Sets `CNI_IFNAME`.
    #[must_use]
    pub fn ifname(self, name: &str) -> Self {
        self.env("CNI_IFNAME", name)
    }

    /// Sets `CNI_NETNS`.
    #[must_use]
    pub fn netns(self, path: impl AsRef<OsStr>) -> Self {
        self.env("CNI_NETNS", path)
    }

    /// Sets `CNI_ARGS`.
    #[must_use]
    pub fn args(self, args: &str) -> Self {
        self.env("CNI_ARGS", args)
    }

    /// Sets any variable.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.set(name, value);
        self
    }

    /// Removes a variable.
    #[must_use]
    pub fn without(mut self, name: &str) -> Self {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.into(), None));
        self
    }

    /// Sets the pod's annotations, as containerd hands them over.
    #[must_use]
    pub fn annotations(self, annotations: &[(&str, &str)]) -> Self {
        let annotations: Map<String, Value> =
            annotations.iter().map(|(key, value)| ((*key).to_owned(), json!(value))).collect();
        self.runtime_config(ANNOTATIONS, Value::Object(annotations))
    }

    /// Sets the annotation `cni`.
    #[must_use]
    pub fn cni(self, value: &str) -> Self {
        self.annotations(&[("cni", value)])
    }

    /// Sets a member of `runtimeConfig`.
    #[must_use]
    pub fn runtime_config(mut self, capability: &str, value: Value) -> Self {
        let config = self.config.entry("runtimeConfig").or_insert_with(|| json!({}));
        config[capability] = value;
        self
    }

    /// Sets a key of the configuration.
    #[must_use]
    pub fn key(mut self, key: &str, value: Value) -> Self {
        self.config.insert(key.into(), value);
        self
    }

    /// Removes a key of the configuration.
    #[must_use]
    pub fn without_key(mut self, key: &str) -> Self {
        self.config.remove(key);
        self
    }

    /// Sets stdin byte for byte, in place of the configuration.
    #[must_use]
    pub fn stdin(mut self, bytes: impl Into<Vec<u8>>) -> Self {
        self.stdin = Some(bytes.into());
        self
    }

    /// Starts the plugin through another program: this command line, followed by the plugin's path.
    #[must_use]
    pub fn through(mut self, command: &[&str]) -> Self {
        self.through = command.iter().map(|&word| word.to_owned()).collect();
        self
    }

    /// Runs the plugin to its end.
    ///
    /// # Panics
    /// When the plugin cannot be run.
    pub fn run(self) -> Answer {
        self.start().wait()
    }

    /// Starts the plugin.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(self) -> Running {
        let plugin = programs::dist("genie");
        let mut command = match self.through.split_first() {
            None => self.node.command(&plugin),
            Some((program, arguments)) => {
                let mut command = self.node.command(Path::new(program));
                command.args(arguments).arg(plugin);
                command
            }
        };
        self.start_command(&mut command)
    }

    fn start_command(self, command: &mut Command) -> Running {
        // The test's own environment must have no influence.
        let inherited = std::env::vars_os().map(|(name, _)| name);
        for name in inherited.filter(|name| name.to_string_lossy().starts_with("CNI_")) {
            command.env_remove(name);
        }
        for (name, value) in &self.env {
            match value {
                Some(value) => command.env(name, value),
                None => command.env_remove(name),
            };
        }
        let stdin = self.stdin.unwrap_or_else(|| Value::Object(self.config).to_string().into_bytes());
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let mut pipe = child.stdin.take().expect("stdin is a pipe");
        // A plugin that does not want its stdin may have closed it.
        _ = pipe.write_all(&stdin);
        drop(pipe);
        Running::new(child)
    }

    fn set(&mut self, name: &str, value: impl AsRef<OsStr>) {
        self.env.retain(|(known, _)| known != name);
        self.env.push((name.into(), Some(value.as_ref().to_owned())));
    }
}
