//! `make e2e`: the reference scenario on a real cluster of two nodes.
//!
//! It starts a sandbox with the cluster inside and runs the cases there. Whatever ends this
//! program, the sandbox goes too: a process that nobody interrupts waits for that.

use std::env;
use std::io::{Read as _, stdin};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use anyhow::{Context as _, Result};
use genie_tests::cluster::Cluster;
use genie_tests::cluster::sandbox::{self, Sandbox};
use genie_tests::programs;

const USAGE: &str = "usage: e2e [FILTER]     run the cases whose names contain FILTER
       e2e down         take away what KEEP=1 left
       e2e exec CMD…    run a command in the control plane's namespaces
       e2e node N CMD…  run a command on node N
Environment: KEEP=1 leaves the cluster up; GENIE_E2E_DIR, GENIE_TOOLS, GENIE_DIST.";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words[..] {
        ["init", dir] => sandbox::init(Path::new(dir)).map(|()| true),
        ["hold"] => sandbox::hold().map(|()| true),
        ["janitor", dir] => wait_and_clean(Path::new(dir)).map(|()| true),
        ["inside", dir, filter] => inside(Path::new(dir), filter),
        ["down"] => directory().and_then(|dir| Sandbox::open(&dir)?.end()).map(|()| true),
        ["exec", ref command @ ..] => run_inside(&["exec-inside"], command),
        ["node", name, ref command @ ..] => run_inside(&["node-inside", name], command),
        ["exec-inside", dir, ref command @ ..] => become_inside(Path::new(dir), None, command),
        ["node-inside", name, dir, ref command @ ..] => become_inside(Path::new(dir), Some(name), command),
        [] => run(""),
        [filter] if !filter.starts_with('-') => run(filter),
        _ => {
            eprintln!("{USAGE}");
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("e2e: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Runs the cases in a sandbox.
fn run(filter: &str) -> Result<bool> {
    let dir = directory()?;
    let sandbox = Sandbox::open(&dir)?;
    let kept = dir.join("kept");
    if !kept.exists() {
        // Left by a run that was killed.
        sandbox.end()?;
    }
    let keep = env::var("KEEP").is_ok_and(|keep| keep == "1");
    if keep {
        std::fs::write(&kept, "")?;
    } else {
        _ = std::fs::remove_file(&kept);
    }
    let janitor = if keep { None } else { Some(janitor(&dir)?) };
    if !sandbox.runs() {
        _ = std::fs::remove_dir_all(dir.join("logs"));
        sandbox.start()?;
    }
    let program = env::current_exe()?;
    let status = sandbox.command(&program)?.arg("inside").arg(&dir).arg(filter).status()?;
    drop(sandbox);
    if let Some(mut janitor) = janitor {
        drop(janitor.stdin.take());
        janitor.wait()?;
    } else {
        println!("the cluster stays up. To use it:");
        println!("  {} exec kubectl get pods -A", program.display());
        println!("  {} node node1 ip address", program.display());
        println!("  {} down", program.display());
    }
    Ok(status.success())
}

/// A process that outlives us, whatever ends us, and cleans up then.
fn janitor(dir: &Path) -> Result<std::process::Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("janitor").arg(dir).stdin(Stdio::piped()).process_group(0);
    command.spawn().context("the janitor")
}

fn wait_and_clean(dir: &Path) -> Result<()> {
    // Ends when our parent does.
    _ = stdin().read_to_end(&mut Vec::new());
    Sandbox::open(dir)?.end()
}

fn inside(dir: &Path, filter: &str) -> Result<bool> {
    let cluster = Cluster::new(dir, &programs::tools(), &dist())?;
    cluster.start()?;
    println!("started {filter}");
    Ok(true)
}

fn run_inside(role: &[&str], command: &[&str]) -> Result<bool> {
    let dir = directory()?;
    let program = env::current_exe()?;
    let mut entered = Sandbox::open(&dir)?.command(&program)?;
    Err(entered.args(role).arg(&dir).args(command).exec().into())
}

/// Becomes a command, inside of the sandbox or of one of its nodes.
fn become_inside(dir: &Path, node: Option<&str>, command: &[&str]) -> Result<bool> {
    let cluster = Cluster::new(dir, &programs::tools(), &dist())?;
    let place = match node {
        Some(node) => cluster.node(node)?.place()?,
        None => cluster.control(),
    };
    let (program, arguments) = command.split_first().context("which command?")?;
    let path = format!("{}:{}", programs::tools().join("bin").display(), env::var("PATH").unwrap_or_default());
    let kubeconfig = Sandbox::inside(dir).join("credentials/admin.kubeconfig");
    let mut entered = place.command("env");
    entered.arg(format!("PATH={path}")).arg(program).args(arguments);
    Err(entered.env("KUBECONFIG", kubeconfig).stdin(Stdio::inherit()).exec().into())
}

/// Where everything is that a run leaves on the disk.
fn directory() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("GENIE_E2E_DIR") {
        return Ok(dir.into());
    }
    // target/debug/e2e
    let program = env::current_exe()?;
    let target = program.parent().and_then(Path::parent).context("this program is in cargo's target directory")?;
    Ok(target.join("e2e"))
}

/// Where our own programs are.
fn dist() -> PathBuf {
    env::var_os("GENIE_DIST").map_or_else(|| programs::root().join("dist"), PathBuf::from)
}
