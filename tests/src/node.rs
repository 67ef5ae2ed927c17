//! A node in a temporary directory.

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use crate::call::{ANNOTATIONS, Call, Verb};
use crate::netns::Namespace;
use crate::recorder::{self, Recorded, Script};
use crate::running::{Watched, read_pipe};
use crate::{Answer, programs};

/// The file of our own configuration.
const OWN_CONF: &str = "00-genie.conf";

/// A node: a conf dir, a directory of plugins, and our own state and cache. When it is dropped,
/// everything is removed, and processes that recorders left running are killed.
#[derive(Debug)]
pub struct Node {
    dir: TempDir,
    config: Map<String, Value>,
    namespace: Option<PathBuf>,
    held: Mutex<Vec<u32>>,
}

impl Default for Node {
    fn default() -> Self {
        Self::new()
    }
}

impl Node {
    /// A node with only our own configuration. Its version is 1.0.0, and it declares annotations
    /// and port mappings.
    ///
    /// # Panics
    /// When the directory cannot be made.
    pub fn new() -> Self {
        let dir = tempfile::Builder::new().prefix("genie-test-").tempdir().expect("a temporary directory");
        for part in ["net.d", "bin", "modules"] {
            fs::create_dir(dir.path().join(part)).expect("a new directory");
        }
        let at = |part: &str| json!(dir.path().join(part));
        let config = json!({
            "cniVersion": "1.0.0", "name": "k8s-pod-network", "type": "genie",
            "capabilities": {ANNOTATIONS: true, "portMappings": true},
            "conf_dir": at("net.d"), "state_dir": at("state"), "cache_dir": at("cache"), "cni_cache_dir": at("cni"),
        });
        let Value::Object(config) = config else { unreachable!("an object was written") };
        let node = Self { dir, config, namespace: None, held: Mutex::default() };
        node.write_own_conf();
        node
    }

    /// The node's directory, which holds all others.
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// The directory of plugins.
    pub fn bin(&self) -> PathBuf {
        self.dir().join("bin")
    }

    /// The conf dir.
    pub fn conf_dir(&self) -> PathBuf {
        self.dir().join("net.d")
    }

    /// Our state directory. The plugin makes it.
    pub fn state_dir(&self) -> PathBuf {
        self.dir().join("state")
    }

    /// Our configuration as a runtime hands it over.
    pub fn config(&self) -> Map<String, Value> {
        self.config.clone()
    }

    /// Sets a key of our configuration for all calls.
    #[must_use]
    pub fn with(mut self, key: &str, value: Value) -> Self {
        self.config.insert(key.into(), value);
        self.write_own_conf();
        self
    }

    /// Removes a key of our configuration.
    #[must_use]
    pub fn without(mut self, key: &str) -> Self {
        self.config.remove(key);
        self.write_own_conf();
        self
    }

    /// Runs every call inside of a network namespace, as the node's own.
    #[must_use]
    pub fn inside(mut self, namespace: &Namespace) -> Self {
        self.namespace = Some(namespace.path());
        self
    }

    /// Writes a file of the conf dir.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn network(&self, file: &str, config: &Value) -> &Self {
        self.raw_network(file, &config.to_string())
    }

    /// Writes a file of the conf dir, with any text.
    ///
    /// # Panics
    /// When it cannot be written.
    pub fn raw_network(&self, file: &str, text: &str) -> &Self {
        fs::write(self.conf_dir().join(file), text).expect("the conf dir can be written");
        self
    }

    /// Removes a file of the conf dir.
    ///
    /// # Panics
    /// When there is no such file.
    pub fn remove_network(&self, file: &str) -> &Self {
        fs::remove_file(self.conf_dir().join(file)).expect("the file is there");
        self
    }

    /// Installs the recorder under the names of these plugins.
    ///
    /// # Panics
    /// When a link cannot be made.
    pub fn recorders(&self, kinds: &[&str]) -> &Self {
        for kind in kinds {
            symlink(programs::recorder(), self.bin().join(kind)).expect("a new link");
        }
        self
    }

    /// Installs real plugins from a directory.
    ///
    /// # Panics
    /// When a plugin is missing, or a link cannot be made.
    pub fn install(&self, from: &Path, kinds: &[&str]) -> &Self {
        for kind in kinds {
            let plugin = from.join(kind).canonicalize().unwrap_or_else(|error| panic!("plugin {kind}: {error}"));
            symlink(plugin, self.bin().join(kind)).expect("a new link");
        }
        self
    }

    /// Sets what a plugin's recorder does on a verb from now on.
    ///
    /// # Panics
    /// When the script cannot be written.
    pub fn script(&self, kind: &str, verb: Verb, script: Script) -> &Self {
        recorder::set_script(&self.bin(), kind, verb, script).expect("the script can be written");
        self
    }

    /// Waits until the hanging or pausing recorder of this type runs. Returns its process.
    ///
    /// # Panics
    /// When it does not run.
    pub fn wait_until_hanging(&self, kind: &str) -> Watched {
        let pid = read_pipe(&recorder::started_pipe(&self.bin(), kind));
        Watched::process(pid.parse().expect("the recorder writes its process id"))
    }

    /// Lets the pausing recorder of this type go on.
    ///
    /// # Panics
    /// When it does not wait.
    pub fn release(&self, kind: &str) {
        recorder::release(&self.bin(), kind).expect("the recorder waits");
    }

    /// The recorders' calls since the last question, without VERSION.
    ///
    /// # Panics
    /// When the log cannot be read.
    pub fn calls(&self) -> Vec<Recorded> {
        let mut calls = self.all_calls();
        calls.retain(|call| call.verb != "VERSION");
        calls
    }

    /// The recorders' calls since the last question.
    ///
    /// # Panics
    /// When the log cannot be read.
    pub fn all_calls(&self) -> Vec<Recorded> {
        let log = recorder::log_file(&self.bin());
        let text = fs::read_to_string(&log).unwrap_or_default();
        _ = fs::remove_file(log);
        let calls: Vec<_> = text.lines().map(Recorded::read).collect();
        if let Ok(mut held) = self.held.lock() {
            held.extend(calls.iter().filter_map(|call| call.child));
        }
        calls
    }

    /// The calls since the last question, as `VERB TYPE@INTERFACE`.
    pub fn trace(&self) -> Vec<String> {
        self.calls().iter().map(Recorded::summary).collect()
    }

    /// Begins a call of the runtime.
    pub fn call(&self, verb: Verb) -> Call<'_> {
        Call::new(self, verb)
    }

    /// Begins an ADD.
    pub fn add(&self) -> Call<'_> {
        self.call(Verb::Add)
    }

    /// Begins a DEL.
    pub fn del(&self) -> Call<'_> {
        self.call(Verb::Del)
    }

    /// Copies a selector of `guests/` onto the node and returns its path.
    ///
    /// # Panics
    /// When the selectors do not build.
    pub fn guest(&self, name: &str) -> PathBuf {
        let path = self.dir().join("modules").join(format!("{name}.wasm"));
        fs::copy(crate::guests::module(name), &path).expect("a module can be copied");
        path
    }

    /// Runs `genie-host` with these arguments. The cache of its user is below [`Self::dir`].
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn genie_host(&self, arguments: &[&str]) -> Answer {
        let mut command = self.command(&programs::dist("genie-host"));
        command.env("XDG_CACHE_HOME", self.dir().join("user"));
        Answer::of(&command.args(arguments).output().expect("genie-host starts"))
    }

    /// As [`Self::genie_host`], with `input` on its standard input.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn genie_host_reads(&self, arguments: &[&str], input: &str) -> Answer {
        let mut command = self.command(&programs::dist("genie-host"));
        command.env("XDG_CACHE_HOME", self.dir().join("user")).args(arguments);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("genie-host starts");
        let written = child.stdin.take().expect("a pipe").write_all(input.as_bytes());
        written.expect("genie-host reads its standard input");
        Answer::of(&child.wait_with_output().expect("genie-host ends"))
    }

    /// Runs the real cnitool with our own configuration: this is how libcni calls us. It keeps its
    /// results in `cni` below [`Self::dir`].
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn cnitool(&self, action: &str, pod: &Namespace, arguments: &[(&str, &str)]) -> Answer {
        let own = self.dir().join("own.d");
        fs::create_dir_all(&own).expect("a directory");
        // cnitool finds a configuration by its name, and a delegate may have the same name. So ours
        // gets a conf dir of its own.
        fs::copy(self.conf_dir().join(OWN_CONF), own.join(OWN_CONF)).expect("our configuration");
        self.cnitool_in(&own, self.config["name"].as_str().unwrap_or_default(), action, pod, arguments)
    }

    /// Runs cnitool with another network of the conf dir, as a runtime does without us.
    ///
    /// # Panics
    /// When it cannot be run.
    pub fn cnitool_of(&self, network: &str, action: &str, pod: &Namespace, arguments: &[(&str, &str)]) -> Answer {
        self.cnitool_in(&self.conf_dir(), network, action, pod, arguments)
    }

    fn cnitool_in(
        &self,
        conf_dir: &Path,
        network: &str,
        action: &str,
        pod: &Namespace,
        arguments: &[(&str, &str)],
    ) -> Answer {
        const SCRIPT: &str = r#"mount --bind "$0" /var/lib/cni && exec "$@""#;
        let results = self.dir().join("cni");
        for dir in [&results, Path::new("/var/lib/cni")] {
            fs::create_dir_all(dir).expect("a directory");
        }
        let dist = programs::dist("genie");
        let path = format!("{}:{}", dist.parent().unwrap_or(Path::new("")).display(), self.bin().display());
        let mut command = self.command(Path::new("unshare"));
        command.args(["--mount", "--propagation", "private", "sh", "-c", SCRIPT]).arg(&results);
        command.arg(programs::cnitool()).arg(action).arg(network);
        command.arg(pod.path()).env("CNI_PATH", path).env("NETCONFPATH", conf_dir).envs(arguments.iter().copied());
        Answer::of(&command.output().expect("cnitool starts"))
    }

    /// A command that runs where the node's programs run.
    pub(crate) fn command(&self, program: &Path) -> Command {
        let Some(namespace) = &self.namespace else {
            return Command::new(program);
        };
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", namespace.display())).arg("--").arg(program);
        command
    }

    fn write_own_conf(&self) {
        self.network(OWN_CONF, &Value::Object(self.config.clone()));
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.all_calls();
        let held = self.held.get_mut().map(std::mem::take).unwrap_or_default();
        for pid in held {
            // Another process may have this number by now.
            let program = fs::read_link(format!("/proc/{pid}/exe")).unwrap_or_default();
            let pid = i32::try_from(pid).ok().and_then(Pid::from_raw);
            if let Some(pid) = pid.filter(|_| program.ends_with("recorder")) {
                _ = kill_process(pid, Signal::KILL);
            }
        }
    }
}
