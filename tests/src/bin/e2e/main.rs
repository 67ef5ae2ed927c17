//! `make e2e`: the reference scenario on a real cluster of two nodes.
//!
//! It starts a sandbox with the cluster inside, and runs the cases there. The sandbox ends however
//! this program ends: a process of its own waits for that, and is not interrupted with this
//! program.

mod cases;
mod deploy;
mod outside;
mod pod_start;
mod report;
mod trial;

use std::env;
use std::fs;
use std::io::{Read as _, stdin};
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use anyhow::{Context as _, Result, ensure};
use genie_tests::cluster::proxy::Proxy;
use genie_tests::cluster::sandbox::{self, Sandbox};
use genie_tests::cluster::{API_PORT, CONTROL_IP, Cluster, await_that};
use genie_tests::{guests, programs};
use serde_json::Value;

const USAGE: &str = "usage: e2e [FILTER]     run the cases whose names contain FILTER
       e2e pod-start [N] measure N pairs of pods, ours beside the delegate alone
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
        ["proxy", from, to, delay] => stand_between(from, to, delay),
        ["forward", dir, kubeconfig] => forward(Path::new(dir), Path::new(kubeconfig)),
        ["inside", dir, "cases", filter] => inside(Path::new(dir), filter),
        ["inside", dir, "pod-start", rounds] => measure(Path::new(dir), rounds),
        ["pod-start"] => run(["pod-start", &pod_start::ROUNDS.to_string()]),
        ["pod-start", rounds] => run(["pod-start", rounds]),
        ["down"] => directory().and_then(|dir| Sandbox::open(&dir)?.end()).map(|()| true),
        ["exec", ref command @ ..] => run_inside(&["exec-inside"], command),
        ["node", name, ref command @ ..] => run_inside(&["node-inside", name], command),
        ["exec-inside", dir, ref command @ ..] => become_inside(Path::new(dir), None, command),
        ["node-inside", name, dir, ref command @ ..] => become_inside(Path::new(dir), Some(name), command),
        [] => run(["cases", ""]),
        [filter] if !filter.starts_with('-') => run(["cases", filter]),
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

/// Runs a command of this program in a sandbox.
fn run(what: [&str; 2]) -> Result<bool> {
    let dir = directory()?;
    let sandbox = Sandbox::open(&dir)?;
    let kept = dir.join("kept");
    if !kept.exists() || !sandbox.runs() {
        // A run that was killed, or an earlier boot, may have left something.
        sandbox.end()?;
        _ = fs::remove_dir_all(dir.join("logs"));
        sandbox.start()?;
    }
    let keep = env::var("KEEP").is_ok_and(|keep| keep == "1");
    let janitor = if keep { None } else { Some(janitor(&dir)?) };
    if keep {
        fs::write(&kept, "")?;
    }
    // Cargo may want the network, and there is none inside.
    guests::module("puppet");
    let program = env::current_exe()?;
    let mut inside = sandbox.command(&program)?;
    inside.arg("inside").arg(&dir).args(what).stdin(outside::network()?);
    let status = inside.status()?;
    if let Some(mut janitor) = janitor {
        drop(sandbox);
        drop(janitor.stdin.take());
        janitor.wait()?;
    } else {
        keep_up(&sandbox, &dir)?;
    }
    Ok(status.success())
}

/// Leaves the cluster running, so that people can look at it.
fn keep_up(sandbox: &Sandbox, dir: &Path) -> Result<()> {
    let (program, kubeconfig) = (env::current_exe()?, dir.join("kubeconfig"));
    if !kubeconfig.exists() {
        let log = fs::File::create(dir.join("logs/forward.log"))?;
        let mut forward = sandbox.command_with_our_network(&program)?;
        forward
            .arg("forward")
            .arg(dir)
            .arg(&kubeconfig)
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log);
        forward.spawn()?;
        await_that("the KUBECONFIG", Duration::from_secs(30), || {
            Ok((!kubeconfig.exists()).then(|| "see logs/forward.log".into()))
        })?;
    }
    let program = program.display();
    println!("the cluster stays up:");
    println!("  export KUBECONFIG={}", kubeconfig.display());
    println!("  {program} node node1 ip address     # a command on a node");
    println!("  {program} down                      # takes it away");
    Ok(())
}

/// Becomes the proxy in front of the API server.
fn stand_between(from: &str, to: &str, delay: &str) -> Result<bool> {
    let proxy = Proxy { target: to.parse()?, namespace: None, delay: Some(delay.into()) };
    proxy.serve(&TcpListener::bind(from)?)?;
    Ok(true)
}

/// Forwards from the machine's loopback to the API server, and writes the KUBECONFIG for it.
fn forward(dir: &Path, kubeconfig: &Path) -> Result<bool> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let server = format!("https://{}", listener.local_addr()?);
    let kubectl = Cluster::new(dir, &programs::tools(), &dist())?.kubectl();
    let text = kubectl.run(&["config", "view", "--raw", "--flatten", "-o", "json"])?;
    let mut config: Value = serde_json::from_str(&text)?;
    config["clusters"][0]["cluster"]["server"] = server.into();
    let new = kubeconfig.with_extension("new");
    fs::write(&new, config.to_string())?;
    fs::set_permissions(&new, fs::Permissions::from_mode(0o600))?;
    fs::rename(new, kubeconfig)?;
    let target = format!("{CONTROL_IP}:{API_PORT}").parse()?;
    let proxy = Proxy { target, namespace: Some("/proc/1/ns/net".into()), delay: None };
    proxy.serve(&listener)?;
    Ok(true)
}

/// A process that outlives this one, however this one ends, and then cleans up.
fn janitor(dir: &Path) -> Result<std::process::Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg("janitor").arg(dir).stdin(Stdio::piped()).process_group(0);
    command.spawn().context("the janitor")
}

fn wait_and_clean(dir: &Path) -> Result<()> {
    // Its input ends when the parent does.
    _ = stdin().read_to_end(&mut Vec::new());
    Sandbox::open(dir)?.end()
}

/// The cluster, with genie-host deployed.
fn deployed(dir: &Path) -> Result<Cluster> {
    let cluster = Cluster::new(dir, &programs::tools(), &dist())?;
    cluster.start()?;
    deploy::install(&cluster)?;
    Ok(cluster)
}

fn measure(dir: &Path, rounds: &str) -> Result<bool> {
    let rounds = rounds.parse().context("how many pairs of pods?")?;
    pod_start::measure(&deployed(dir)?, rounds)?;
    Ok(true)
}

fn inside(dir: &Path, filter: &str) -> Result<bool> {
    let cluster = deployed(dir)?;
    let cases: Vec<_> = cases::all().into_iter().filter(|case| case.name.contains(filter)).collect();
    ensure!(!cases.is_empty(), "no case's name contains {filter}");
    Ok(report::run(&cluster, &cases))
}

fn run_inside(role: &[&str], command: &[&str]) -> Result<bool> {
    let dir = directory()?;
    let program = env::current_exe()?;
    let mut entered = Sandbox::open(&dir)?.command(&program)?;
    Err(entered.args(role).arg(&dir).args(command).exec().into())
}

/// Becomes a command inside of the sandbox, or of one of its nodes.
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

/// The directory of everything that a run leaves on the disk.
fn directory() -> Result<PathBuf> {
    if let Some(dir) = env::var_os("GENIE_E2E_DIR") {
        return Ok(dir.into());
    }
    // target/debug/e2e
    let program = env::current_exe()?;
    let target = program.parent().and_then(Path::parent).context("this program is in cargo's target directory")?;
    Ok(target.join("e2e"))
}

/// The directory of our own programs.
fn dist() -> PathBuf {
    env::var_os("GENIE_DIST").map_or_else(|| programs::root().join("dist"), PathBuf::from)
}
