//! A pod of the DaemonSet without a cluster: the image, the ConfigMap and the node's file system.
#![allow(clippy::missing_panics_doc, reason = "all of it panics when the machine does not play along")]

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tempfile::TempDir;

use crate::programs;

/// What a pod of the DaemonSet sees: the image, the ConfigMap and the node.
pub struct Pod {
    dir: TempDir,
}

impl Pod {
    /// A node with one network, `own`.
    #[allow(clippy::new_without_default, reason = "it makes directories")]
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for part in ["image", "config", "host/etc/cni/net.d"] {
            fs::create_dir_all(dir.path().join(part)).unwrap();
        }
        for name in ["genie", "genie-host"] {
            fs::copy(programs::dist(name), dir.path().join("image").join(name)).unwrap();
        }
        let pod = Self { dir };
        pod.network("own");
        pod
    }

    /// Puts the engine of scripts into the image.
    pub fn engine(&self) -> &Self {
        fs::copy(programs::dist("script.wasm"), self.at("image/script.wasm")).unwrap();
        self
    }

    /// Installs a network of the node.
    pub fn network(&self, name: &str) {
        let conf = json!({"cniVersion": "1.0.0", "name": name, "type": "bridge"});
        fs::write(self.network_file(name), conf.to_string()).unwrap();
    }

    /// The file of such a network.
    pub fn network_file(&self, name: &str) -> PathBuf {
        self.at(&format!("host/etc/cni/net.d/10-{name}.conf"))
    }

    /// Starts the agent, with its health on a port of its own.
    pub fn agent(&self) -> Agent {
        self.agent_with(&[])
    }

    /// Starts the agent with further arguments.
    pub fn agent_with(&self, more: &[&str]) -> Agent {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let log = self.at("agent.log");
        let mut agent = Command::new(self.at("image/genie-host"));
        agent.args(["agent", "--node", "n1", "--log-format", "text", "--kubeconfig", "/nonexistent"]);
        agent.arg(format!("--listen=127.0.0.1:{port}"));
        agent.arg("--host-root").arg(self.at("host")).arg("--config").arg(self.at("config")).args(more);
        agent.stdin(Stdio::null()).stdout(Stdio::null()).stderr(fs::File::create(&log).unwrap());
        Agent { _process: Killed(agent.spawn().unwrap()), port, log }
    }

    /// Runs `genie-host doctor` on the node.
    pub fn doctor(&self) -> String {
        let run =
            Command::new(self.at("image/genie-host")).arg("doctor").arg("--host-root").arg(self.at("host")).output();
        String::from_utf8(run.unwrap().stdout).unwrap()
    }

    /// A path below the directory of all this.
    pub fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    /// Writes the configuration of the ConfigMap.
    pub fn config(&self, conf: &Value) {
        fs::write(self.at("config/00-genie.conf"), conf.to_string()).unwrap();
    }

    /// Runs `genie-host install` or `uninstall`.
    pub fn run(&self, command: &str) -> Output {
        let mut run = Command::new(self.at("image/genie-host"));
        run.arg(command).arg("--host-root").arg(self.at("host")).env("NODE_NAME", "n1");
        if command == "install" {
            run.arg("--config").arg(self.at("config"));
        }
        run.output().unwrap()
    }

    /// The configuration that is in force.
    pub fn conf(&self) -> Value {
        serde_json::from_slice(&fs::read(self.at("host/etc/cni/net.d/00-genie.conf")).unwrap()).unwrap()
    }
}

/// Fails when a command failed.
#[track_caller]
pub fn succeeds(output: &Output) {
    assert!(output.status.success(), "{output:?}");
}

/// A running agent.
pub struct Agent {
    _process: Killed,
    port: u16,
    /// The file of its log.
    pub log: PathBuf,
}

impl Agent {
    /// The agent's answer over HTTP: the status and the text.
    pub fn ask(&self, path: &str) -> Option<(u16, String)> {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).ok()?;
        write!(stream, "GET {path} HTTP/1.0\r\n\r\n").ok()?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).ok()?;
        let (head, text) = answer.split_once("\r\n\r\n")?;
        Some((head.split(' ').nth(1)?.parse().ok()?, text.trim().to_owned()))
    }

    /// Waits until the agent is not ready for this reason.
    #[track_caller]
    pub fn until_not_ready(&self, why: &str) {
        until(why, || self.ask("/readyz").is_some_and(|(status, text)| status == 503 && text.contains(why)));
        assert!(self.ask("/metrics").unwrap().1.contains("genie_ready 0"), "{why}");
    }

    /// Waits until the metrics have this line.
    #[track_caller]
    pub fn until_counted(&self, line: &str) {
        until(line, || self.ask("/metrics").is_some_and(|(_, text)| text.lines().any(|counted| counted == line)));
    }

    /// Waits until the agent is ready.
    #[track_caller]
    pub fn until_ready(&self) {
        until("ready", || self.ask("/readyz") == Some((200, "ok".into())));
        assert!(self.ask("/metrics").unwrap().1.contains("genie_ready 1"));
    }
}

/// A process that is killed when this value is dropped.
pub struct Killed(pub Child);

impl Drop for Killed {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// Waits for something that is not announced.
#[track_caller]
pub fn until(what: &str, is_so: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !is_so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
