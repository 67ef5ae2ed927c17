//! What one ADD asks of a real API server, and whether it matters how far away that is.

use std::fmt;
use std::fs;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use genie_tests::apiserver::ApiServer;
use genie_tests::cluster::proxy::Proxy;
use genie_tests::fixture::reference_node;
use genie_tests::{Call, Node};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::running::Running;
use crate::samples::Samples;

/// ADDs for each latency.
const ADDS: u16 = 40;
/// Milliseconds by which every answer of the API server is late.
const LATENCIES: [u64; 3] = [0, 20, 300];
/// How long publication may take at the greatest latency.
const PATIENCE: Duration = Duration::from_mins(2);
/// By how much the medians may differ.
const TOLERANCE: f64 = 1.1;

/// What was measured at one latency.
struct Line {
    latency: u64,
    add: Samples,
    reads: usize,
    writes: usize,
}

/// ADDs of one network beside an agent and a real API server.
pub struct Requests(Vec<Line>);

impl Requests {
    /// Measures.
    ///
    /// # Panics
    /// When something that it takes fails.
    pub fn measure() -> Self {
        let server = ApiServer::start();
        let far = Far::before(&server);
        let agent = Running::start(&far.kubeconfig);
        agent.wait_until_it_knows_its_pods(0);
        let node = reference_node()
            .with("agent", json!(agent.socket()))
            .with("state_dir", json!(agent.state_dir()))
            .with("kubernetes", json!({"kubeconfig": far.kubeconfig}));
        Self(LATENCIES.map(|latency| at(latency, &server, &far, &node)).into())
    }
}

/// All pods are there before the first ADD, so that what is counted is the ADDs'.
fn at(latency: u64, server: &ApiServer, far: &Far, node: &Node) -> Line {
    far.set(latency);
    let pods: Vec<_> = (0..ADDS).map(|index| pod(&format!("pod-{latency}-{index}"))).collect();
    let args: Vec<_> = pods.iter().map(|pod| arguments(&server.create(pod))).collect();
    let before = requests(server).len();
    let mut add = Samples::default();
    for (index, args) in args.iter().enumerate() {
        let call = call(node, latency, index, args);
        let started = Instant::now();
        call.run().ok();
        add.push(started.elapsed());
    }
    let deadline = Instant::now() + PATIENCE;
    let asked = loop {
        let asked = requests(server).split_off(before);
        if asked.iter().filter(|verb| *verb == "patch").count() >= usize::from(ADDS) {
            break asked;
        }
        assert!(Instant::now() < deadline, "publication did not come to its end: {asked:?}");
        std::thread::sleep(Duration::from_millis(50));
    };
    for index in 0..ADDS {
        node.del().container(&format!("c{latency}x{index}")).run().ok();
    }
    let writes = asked.iter().filter(|verb| *verb == "patch").count();
    Line { latency, add, reads: asked.len() - writes, writes }
}

fn call<'a>(node: &'a Node, latency: u64, index: usize, args: &str) -> Call<'a> {
    node.add().container(&format!("c{latency}x{index}")).args(args).cni("weave")
}

fn pod(name: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "default"},
        "spec": {"nodeName": "node1", "containers": [{"name": "c", "image": "none"}]},
    })
}

fn arguments(pod: &Value) -> String {
    let of = |key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_owned();
    format!("K8S_POD_NAMESPACE=default;K8S_POD_NAME={};K8S_POD_UID={}", of("name"), of("uid"))
}

/// The verbs of all that was asked but for what we asked ourselves, with kubectl. The
/// agent's watch is one request that was there before.
fn requests(server: &ApiServer) -> Vec<String> {
    let audit = server.audit();
    let ours = |request: &&Value| {
        let agent = request["userAgent"].as_str().unwrap_or_default();
        let verb = request["verb"].as_str().unwrap_or_default();
        !agent.starts_with("kubectl") && !agent.starts_with("kube-apiserver") && verb != "watch"
    };
    audit.iter().filter(ours).map(|request| request["verb"].as_str().unwrap_or_default().to_owned()).collect()
}

/// The API server at a distance.
struct Far {
    kubeconfig: PathBuf,
    delay: PathBuf,
    _dir: TempDir,
}

impl Far {
    fn before(server: &ApiServer) -> Self {
        let dir = tempfile::tempdir().expect("a temporary directory");
        let (kubeconfig, delay) = (dir.path().join("kubeconfig"), dir.path().join("delay"));
        let listener = TcpListener::bind("127.0.0.1:0").expect("loopback has a free port");
        let here = listener.local_addr().expect("a listener has an address");
        let target = server.url().trim_start_matches("https://").parse().expect("an address with its port");
        let proxy = Proxy { target, namespace: None, delay: Some(delay.clone()) };
        std::thread::spawn(move || proxy.serve(&listener));
        let text = fs::read_to_string(server.kubeconfig()).expect("the server wrote it");
        fs::write(&kubeconfig, text.replace(&server.url(), &format!("https://{here}"))).expect("a new file");
        let far = Self { kubeconfig, delay, _dir: dir };
        far.set(0);
        far
    }

    fn set(&self, latency: u64) {
        write(&self.delay, &latency.to_string());
    }
}

fn write(path: &Path, text: &str) {
    fs::write(path, text).expect("the directory is ours");
}

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nADD of one network, with an agent and a real API server ({ADDS} of each)")?;
        writeln!(
            f,
            "{:<22} {:>9} {:>9} {:>12} {:>13}",
            "API answers late by", "p50 ms", "p95 ms", "reads per ADD", "writes per ADD"
        )?;
        for line in &self.0 {
            let per_add = |count: usize| f64::from(u32::try_from(count).unwrap_or(u32::MAX)) / f64::from(ADDS);
            let (reads, writes) = (per_add(line.reads), per_add(line.writes));
            let latency = format!("{} ms", line.latency);
            writeln!(f, "{latency:<22} {:>9.2} {:>9.2} {reads:>12.2} {writes:>13.2}", line.add.p50(), line.add.p95())?;
        }
        let met = |met: bool| if met { "met" } else { "missed" };
        let reads = self.0.iter().all(|line| line.reads == 0);
        let writes = self.0.iter().all(|line| line.writes <= usize::from(ADDS));
        let medians: Vec<_> = self.0.iter().map(|line| line.add.p50()).collect();
        let (least, most) =
            medians.iter().fold((f64::MAX, 0.0_f64), |(least, most), p50| (least.min(*p50), most.max(*p50)));
        writeln!(f, "{:<50} {:>18}", "no read, at most one write, after the answer", met(reads && writes))?;
        writeln!(f, "{:<50} {:>18}", "p50 the same at every latency (within 10 %)", met(most <= least * TOLERANCE))
    }
}
