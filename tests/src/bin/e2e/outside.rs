//! The machine's network, for what a case does as a user on another machine would: fetch tools, and
//! reach the cluster by a KUBECONFIG.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;
use std::{env, process};

use anyhow::{Context as _, Result};
use genie_tests::cluster::await_that;

use crate::directory;

/// The machine's network namespace, as the standard input of the process that runs the cases: no
/// path inside of the sandbox leads to it.
pub fn network() -> Result<File> {
    File::open("/proc/self/ns/net").context("our network namespace")
}

/// The same, as a process that runs cases reaches it.
pub fn network_of_cases() -> PathBuf {
    format!("/proc/{}/fd/0", process::id()).into()
}

/// A command with the machine's network.
pub fn command(program: impl AsRef<Path>) -> Command {
    let mut entered = Command::new("nsenter");
    entered.arg(format!("--net={}", network_of_cases().display())).arg("--").arg(program.as_ref());
    entered
}

/// A way from the machine's loopback to the API server. It ends when this is dropped.
pub struct Way {
    forward: Child,
    /// The file that says how to take it.
    pub kubeconfig: PathBuf,
}

impl Way {
    /// Opens a way to the cluster, with a KUBECONFIG in this directory.
    pub fn open(dir: &Path) -> Result<Self> {
        let kubeconfig = dir.join("kubeconfig");
        let mut forward = command(env::current_exe()?);
        let forward = forward
            .arg("forward")
            .arg(directory()?)
            .arg(&kubeconfig)
            .stdin(Stdio::null())
            .spawn()
            .context("e2e forward")?;
        let way = Self { forward, kubeconfig };
        await_that("the KUBECONFIG", Duration::from_secs(30), || {
            Ok((!way.kubeconfig.exists()).then(|| "it is not there".into()))
        })?;
        Ok(way)
    }
}

impl Drop for Way {
    fn drop(&mut self) {
        _ = self.forward.kill();
        _ = self.forward.wait();
        _ = std::fs::remove_file(&self.kubeconfig);
    }
}
