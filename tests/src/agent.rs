//! The agent, as it runs on a node.

use std::fs::{self, File};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::netns::Namespace;
use crate::{Node, programs};

/// How long to wait until something becomes visible.
const SOON: Duration = Duration::from_secs(30);

/// A running agent of a node named `node1`; it is killed when it is dropped.
pub struct Agent<'a> {
    process: Child,
    node: &'a Node,
}

impl<'a> Agent<'a> {
    /// Starts the agent. Its socket is `agent.sock` in the node's directory, and its log
    /// `agent.log`.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(node: &'a Node, kubeconfig: &Path) -> Self {
        Self::start_by(Command::new(programs::dist("genie-host")), node, kubeconfig, &[])
    }

    /// The same in a network namespace, with further arguments.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start_in(host: &Namespace, node: &'a Node, kubeconfig: &Path, more: &[&str]) -> Self {
        let mut program = Command::new("ip");
        program.args(["netns", "exec", host.name()]).arg(programs::dist("genie-host"));
        Self::start_by(program, node, kubeconfig, more)
    }

    fn start_by(mut program: Command, node: &'a Node, kubeconfig: &Path, more: &[&str]) -> Self {
        let log = File::create(node.dir().join("agent.log")).expect("the directory is ours");
        let process = program
            .args(["agent", "--node", "node1", "--listen", "none", "--kubeconfig"])
            .arg(kubeconfig)
            .arg("--state-dir")
            .arg(node.state_dir())
            .arg("--conf-dir")
            .arg(node.conf_dir())
            .arg("--cache-dir")
            .arg(node.dir().join("cache"))
            .arg("--socket")
            .arg(node.dir().join("agent.sock"))
            .args(more)
            // This proxy does not exist, and must not be used: the API server is asked without one.
            .env("HTTPS_PROXY", "http://127.0.0.1:1")
            .stdin(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the agent starts");
        Self { process, node }
    }

    /// The agent's log so far.
    pub fn log(&self) -> String {
        fs::read_to_string(self.node.dir().join("agent.log")).unwrap_or_default()
    }

    /// The peak of the agent's resident memory, in KiB.
    ///
    /// # Panics
    /// When it has ended.
    pub fn peak(&self) -> u64 {
        let status = fs::read_to_string(format!("/proc/{}/status", self.process.id())).expect("it runs");
        let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the kernel tells the peak");
        peak.trim().trim_end_matches(" kB").parse().expect("a number")
    }

    /// Asks again until the answer is not null, and returns it.
    ///
    /// # Panics
    /// When it stays null for too long.
    #[track_caller]
    pub fn eventually(&self, what: &str, mut ask: impl FnMut() -> Value) -> Value {
        let deadline = Instant::now() + SOON;
        loop {
            let answer = ask();
            if !answer.is_null() {
                return answer;
            }
            assert!(Instant::now() < deadline, "{what} did not come; the agent says:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Agent<'_> {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
