//! What the agents of a large cluster ask of a real API server: when all start at once, when nothing
//! happens, when a definition is changed, and when all are replaced. The agents are the agent's own
//! code, so many times in one process (`host/tool/examples/many_agents.rs`).

mod document;
mod server;

pub use document::HEADING;

use std::env;
use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use genie_tests::apiserver::ApiServer;
use genie_tests::definitions;
use genie_tests::programs;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::section;
use server::{Cost, Server};

/// The number of nodes, each with an agent and a pod, unless `AGENTS` says otherwise.
const AGENTS: usize = 5_000;
/// The number of definitions, of which all agents use one.
const DEFINITIONS: usize = 5_000;
/// Of how many agents a rollout replaces one at a time (`maxUnavailable: 2%`).
const AT_A_TIME: usize = 50;

/// What was measured.
pub struct Agents {
    count: usize,
    /// Whether the agents follow the pods of their nodes, too: with `WITH_PODS` in the environment.
    with_pods: bool,
    phases: Vec<Phase>,
    /// The server's memory before the first agent, in KiB.
    before: u64,
    /// What a list of the metadata of all definitions costs.
    list: Cost,
}

/// What happened to all agents, and what it cost.
struct Phase {
    name: &'static str,
    /// The seconds after which each agent was done, in order.
    after: Vec<f64>,
    seconds: f64,
    failed: u64,
    cost: Cost,
    watches: u64,
}

/// Measures, prints, and writes the section of `performance.md` with its plots, as the other figures
/// are written.
///
/// # Panics
/// When something is missing.
pub fn run() {
    let count = env::var("AGENTS").ok().and_then(|count| count.parse().ok()).unwrap_or(AGENTS);
    let machine = crate::machine::name();
    let measured = Agents::measure(count);
    let text = measured.section(&machine);
    print!("{text}");
    for place in section::places() {
        section::write(&place.join("performance.md"), HEADING, &text);
        for (name, svg) in measured.plots() {
            fs::write(place.join("performance").join(name), svg).expect("a file");
        }
    }
}

impl Agents {
    fn measure(count: usize) -> Self {
        eprintln!("an API server with {DEFINITIONS} definitions, {count} agents …");
        let server = ApiServer::start();
        server.kubectl(&["apply", "-f", &programs::root().join("deploy").display().to_string()]);
        definitions::install(&server);
        definitions::fill(&server, DEFINITIONS);
        server.create(&definitions::definition("default", "net", &json!({"type": "bridge"})));
        let with_pods = env::var_os("WITH_PODS").is_some();
        if with_pods {
            fill(&server, count);
        }
        let watched = Server::of(&server);
        let before = watched.resident();
        let list = list(&server, &watched);
        let mut swarm = Swarm::start(&server, count);
        let mut phases = Vec::new();
        for (name, command) in [
            ("all start at once, a pod on each node", "start".to_owned()),
            ("the next pod on each node", "ask".into()),
            ("one more pod on each node", "ask".into()),
            ("one definition is changed", "change macvlan".into()),
            ("the next pod on each node, all at once", "ask".into()),
            ("all are replaced, 50 at a time, a pod on each node", format!("roll {AT_A_TIME}")),
        ] {
            eprintln!("{name} …");
            watched.begin();
            let started = watched.cost(&server);
            let done = swarm.tell(&command);
            let cost = watched.cost(&server).since(&started);
            let after = done["after"].as_array().into_iter().flatten().filter_map(Value::as_f64).collect();
            let seconds = done["seconds"].as_f64().unwrap_or(f64::NAN);
            let failed = done["failed"].as_u64().unwrap_or_default();
            phases.push(Phase { name, after, seconds, failed, cost, watches: Server::watches(&server) });
        }
        Self { count, with_pods, phases, before, list }
    }
}

/// A pod on each node.
fn fill(server: &ApiServer, nodes: usize) {
    let pod = |node: usize| {
        json!({
            "apiVersion": "v1", "kind": "Pod",
            "metadata": {"name": format!("web-{node}"), "namespace": "default",
                "annotations": {"k8s.v1.cni.cncf.io/networks": "net"}},
            "spec": {"nodeName": format!("node{node}"), "containers": [{"name": "web", "image": "none"}]},
        })
    };
    let pods: Vec<_> = (0..nodes).map(pod).collect();
    server.create_many(&pods);
}

/// Lists the metadata of all definitions, as a client would that wants to know all of them.
fn list(server: &ApiServer, watched: &Server) -> Cost {
    const LISTS: u32 = 10;
    let dir = tempfile::tempdir().expect("a temporary directory");
    let kubeconfig = dir.path().join("kubeconfig");
    let token = write_kubeconfig(server, &kubeconfig);
    let before = watched.cost(server);
    let mut bytes = 0;
    for _ in 0..LISTS {
        let kind = "Accept: application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1";
        let listed = Command::new("curl")
            .args(["--silent", "--fail", "--insecure", "--header", kind])
            .args(["--header", &format!("Authorization: Bearer {token}")])
            .arg(format!("{}/apis/k8s.cni.cncf.io/v1/network-attachment-definitions", server.url()))
            .output();
        bytes = listed.ok().filter(|listed| listed.status.success()).expect("curl lists definitions").stdout.len();
    }
    let mut cost = watched.cost(server).since(&before);
    cost.cpu.0 /= f64::from(LISTS);
    #[allow(clippy::cast_precision_loss, reason = "some MiB")]
    let bytes = bytes as f64;
    Cost { bytes, ..cost }
}

/// The process with all agents.
struct Swarm {
    process: Child,
    answers: BufReader<ChildStdout>,
    _dir: TempDir,
}

impl Swarm {
    fn start(server: &ApiServer, count: usize) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let kubeconfig = dir.path().join("kubeconfig");
        write_kubeconfig(server, &kubeconfig);
        let mut process = Command::new(program())
            .arg(&kubeconfig)
            .arg(count.to_string())
            .env("ADMIN", server.kubeconfig())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("the agents' program starts");
        let answers = BufReader::new(process.stdout.take().expect("it was piped"));
        Self { process, answers, _dir: dir }
    }

    /// Tells them what to do, and waits until it is done.
    fn tell(&mut self, command: &str) -> Value {
        let input = self.process.stdin.as_mut().expect("it was piped");
        writeln!(input, "{command}").expect("the agents listen");
        let mut line = String::new();
        self.answers.read_line(&mut line).expect("the agents answer");
        serde_json::from_str(&line).unwrap_or_else(|_| panic!("{command}: the agents have ended"))
    }
}

impl Drop for Swarm {
    fn drop(&mut self) {
        _ = self.process.kill();
        _ = self.process.wait();
    }
}

/// The program that `make bench` builds.
fn program() -> PathBuf {
    let program = env::var_os("MANY_AGENTS").map(PathBuf::from).filter(|program| program.is_file());
    program.expect("MANY_AGENTS names no program; run: make bench PART=agents")
}

/// Credentials of the agents' account: the administrator would not have to queue. Returns the token.
fn write_kubeconfig(server: &ApiServer, to: &Path) -> String {
    let token = server.kubectl(&["create", "token", "genie", "-n", "kube-system", "--duration=24h"]);
    let token = token.trim().to_owned();
    let admin = fs::read(server.kubeconfig()).expect("the server wrote it");
    let mut config: Value = serde_json::from_slice(&admin).expect("a kubeconfig in JSON");
    config["users"][0]["user"] = json!({"token": token});
    fs::write(to, config.to_string()).expect("a new file");
    token
}
