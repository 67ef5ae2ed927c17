//! The walkthrough of docs/deployment.md, command by command.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use genie_tests::{documents, programs};

use super::Group;
use crate::deploy;
use crate::trial::Trial;

pub const CASES: Group = &[("walkthrough", walkthrough)];

/// How long the walkthrough may take, in seconds.
const LIMIT: &str = "300";

fn walkthrough(trial: &Trial) -> Result<()> {
    let file = trial.cluster.scratch()?.join("walkthrough.sh");
    fs::write(&file, documents::commands("docs/deployment.md", "Walkthrough").concat())?;
    deploy::remove(trial.cluster)?;
    let done = run(trial, &file);
    deploy::install(trial.cluster)?;
    done
}

/// Runs the commands in the namespace `default`, as a reader would, up to the first that fails.
fn run(trial: &Trial, script: &Path) -> Result<()> {
    let kubectl = trial.kubectl.command();
    let kubeconfig = kubectl.get_envs().find(|(key, _)| *key == "KUBECONFIG").and_then(|(_, value)| value);
    let bin = trial.cluster.program("kubectl");
    let bin = bin.parent().context("a program is in a directory")?.display();
    let path = format!("{bin}:{}", std::env::var("PATH").unwrap_or_default());
    let mut bash = Command::new("timeout");
    bash.args([LIMIT, "bash", "-euxo", "pipefail"]).arg(script).current_dir(programs::root()).env("PATH", path);
    bash.env("KUBECONFIG", kubeconfig.context("kubectl has a KUBECONFIG")?).stdin(Stdio::null());
    let output = bash.output().context("bash")?;
    if !output.status.success() {
        let told = String::from_utf8_lossy(&output.stderr);
        let last: Vec<_> = told.lines().rev().take(8).collect();
        bail!("{}: {}", output.status, last.into_iter().rev().collect::<Vec<_>>().join("\n"));
    }
    Ok(())
}
