//! An agent that is measured.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use genie_tests::programs;
use tempfile::TempDir;

/// How long the agent may take to know its pods.
const PATIENCE: Duration = Duration::from_mins(1);

/// A running agent. It is killed when this value is dropped.
pub struct Running {
    process: Child,
    dir: TempDir,
}

impl Running {
    /// Starts an agent for the node `node1`, with these credentials.
    pub fn start(kubeconfig: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let at = |name| dir.path().join(name);
        let process = Command::new(programs::dist("genie-host"))
            .args(["agent", "--node", "node1", "--listen", "none", "--kubeconfig"])
            .arg(kubeconfig)
            .arg("--state-dir")
            .arg(at("state"))
            .arg("--cache-dir")
            .arg(at("cache"))
            .arg("--socket")
            .arg(at("agent.sock"))
            .stdin(Stdio::null())
            .stderr(File::create(at("log")).expect("a new file"))
            .spawn()
            .expect("the agent starts");
        Self { process, dir }
    }

    /// The agent's process id.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// The socket where the plugin finds the agent.
    pub fn socket(&self) -> PathBuf {
        self.dir.path().join("agent.sock")
    }

    /// The state directory where the agent looks for records.
    pub fn state_dir(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    /// Waits until the agent knows this many pods.
    pub fn wait_until_it_knows_its_pods(&self, pods: usize) {
        let known = format!("\"pods\":{pods}");
        let deadline = Instant::now() + PATIENCE;
        loop {
            let log = fs::read_to_string(self.dir.path().join("log")).expect("the agent's log is there");
            if log.contains(&known) {
                return;
            }
            assert!(Instant::now() < deadline, "the agent does not get to know its pods; it says:\n{log}");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}
