//! A node, with the parts that the installer sees.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use genie_tests::programs;
use serde_json::{Map, Value};
use tempfile::TempDir;

/// The ConfigMap's directory and the node's file system.
pub struct Node {
    dir: TempDir,
    arguments: Vec<String>,
}

/// The configuration of an installation by hand.
pub fn by_hand() -> Map<String, Value> {
    let text = fs::read_to_string(programs::root().join("deploy/00-genie.conf")).expect("deploy/00-genie.conf");
    serde_json::from_str(&text).expect("JSON")
}

fn arguments(container: &Value) -> Vec<String> {
    let arguments = container["args"].as_array().expect("arguments").iter();
    arguments.map(|argument| argument.as_str().expect("text").to_owned()).collect()
}

/// Checks that the agent accepts its arguments: help is printed only when the ones before it are
/// right.
#[track_caller]
pub fn assert_understood(values: &str, container: &Value) {
    for host in ["10.0.0.7", "fd00::7"] {
        let arguments = arguments(container).into_iter().map(|argument| argument.replace("$(HOST_IP)", host));
        let mut agent = Command::new(programs::dist("genie-host"));
        let output = agent.args(arguments).args(["--node=n1", "--help"]).output().expect("genie-host starts");
        assert!(output.status.success(), "{values}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

fn write(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().expect("a file is in a directory")).expect("the directory is ours");
    fs::write(path, content).expect("the directory is ours");
}

impl Node {
    /// A node with two networks. Without a ConfigMap from the chart it gets one of the site's own.
    pub fn new(install: &Value, config_map: Option<&Value>) -> Self {
        let node = Self { dir: tempfile::tempdir().expect("a temporary directory"), arguments: arguments(install) };
        fs::create_dir_all(node.config()).expect("the directory is ours");
        match config_map {
            Some(config_map) => node.mount(config_map),
            None => write(&node.config().join("00-genie.conf"), &serde_json::to_vec(&by_hand()).expect("JSON")),
        }
        let networks = programs::root().join("tests/scenario/net.d");
        for network in ["10-calico.conflist", "10-flannel.conflist"] {
            let content = fs::read(networks.join(network)).expect("a network");
            write(&node.of_node("--conf-dir").join(network), &content);
        }
        node
    }

    fn config(&self) -> PathBuf {
        self.dir.path().join("config")
    }

    fn root(&self) -> PathBuf {
        self.dir.path().join("host")
    }

    /// A directory of the node that is among the installer's arguments.
    fn of_node(&self, option: &str) -> PathBuf {
        let told = self.arguments.iter().find_map(|argument| argument.strip_prefix(option)?.strip_prefix('='));
        self.root().join(told.unwrap_or_else(|| panic!("no {option} in {:?}", self.arguments)).trim_start_matches('/'))
    }

    /// Mounts the ConfigMap, as the kubelet does.
    fn mount(&self, config_map: &Value) {
        for (key, text) in config_map["data"].as_object().into_iter().flatten() {
            write(&self.config().join(key), text.as_str().expect("text").as_bytes());
        }
        for (key, base64) in config_map["binaryData"].as_object().into_iter().flatten() {
            let decode = Command::new("base64").arg("--decode").stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
            let mut decode = decode.expect("base64 is there");
            let mut input = decode.stdin.take().expect("it was piped");
            let text = base64.as_str().expect("text").to_owned();
            let written = std::thread::spawn(move || input.write_all(text.as_bytes()));
            let output = decode.wait_with_output().expect("base64 ends");
            written.join().expect("it is written").expect("base64 reads");
            assert!(output.status.success(), "{key} is no base64");
            write(&self.config().join(key), &output.stdout);
        }
    }

    /// Checks that the real installer puts the configuration in force, with these directories.
    #[track_caller]
    pub fn assert_installed(&self, values: &str) {
        let mut install = Command::new(programs::dist("genie-host"));
        for argument in &self.arguments {
            match argument.as_str() {
                "--host-root=/host" => install.arg("--host-root").arg(self.root()),
                "--config=/etc/genie" => install.arg("--config").arg(self.config()),
                other => install.arg(other),
            };
        }
        let output = install.env("NODE_NAME", "n1").output().expect("genie-host starts");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{values}: {said}");
        assert!(!said.contains("unknown keys"), "{values}: {said}");
        let conf = fs::read(self.of_node("--conf-dir").join("00-genie.conf")).expect("our configuration");
        let conf: Value = serde_json::from_slice(&conf).expect("JSON");
        for (key, option) in [("conf_dir", "--conf-dir"), ("state_dir", "--state-dir"), ("cache_dir", "--cache-dir")] {
            let usual = ["/etc/cni/net.d", "/var/lib/genie", "/var/cache/genie"].map(|dir| self.root().join(&dir[1..]));
            let told = self.of_node(option);
            let read = conf[key].as_str().map(|dir| self.root().join(dir.trim_start_matches('/')));
            assert!(
                read.as_ref() == Some(&told) || (read.is_none() && usual.contains(&told)),
                "{values}: {key} is {read:?}"
            );
        }
        for program in ["genie", "genie-host"] {
            assert!(self.of_node("--bin-dir").join(program).is_file(), "{values}: no {program}");
        }
    }
}
