//! What one ADD asks of a real API server, and whether the distance to it matters.

use std::fmt;
use std::time::{Duration, Instant};

use genie_tests::Samples;
use genie_tests::apiserver::ApiServer;
use genie_tests::fixture::reference_node;
use genie_tests::{Call, Node};
use serde_json::{Value, json};

use crate::far::{Far, requests};
use crate::running::Running;

/// How many ADDs are made at each latency.
const ADDS: usize = 100;
/// The delays of every answer of the API server, in milliseconds.
const LATENCIES: [u64; 3] = [0, 20, 300];
/// How long publication may take.
const PATIENCE: Duration = Duration::from_mins(3);
/// The largest ratio that the medians may have.
const TOLERANCE: f64 = 1.1;

/// ADDs of one network beside an agent and a real API server.
pub struct Requests {
    /// The times of each latency.
    adds: [Samples; LATENCIES.len()],
    reads: usize,
    writes: usize,
}

impl Requests {
    /// Measures the requests. The latencies take turns, so that other work of the machine meets
    /// them alike. All pods exist before the first ADD, so that only the ADDs' requests are
    /// counted.
    ///
    /// # Panics
    /// When a part of it fails.
    pub fn measure() -> Self {
        let server = ApiServer::start();
        let far = Far::before(&server);
        let agent = Running::start(&far.kubeconfig);
        agent.wait_until_it_knows_its_pods(0);
        let node = reference_node()
            .with("agent", json!(agent.socket()))
            .with("state_dir", json!(agent.state_dir()))
            .with("kubernetes", json!({"kubeconfig": far.kubeconfig}));
        let count = ADDS * LATENCIES.len();
        let pods: Vec<_> = (0..count).map(|index| pod(&format!("pod-{index}"))).collect();
        server.create_all(&pods);
        let pods = server.get(&["pods", "-n", "default"]);
        let pods = pods["items"].as_array().expect("kubectl answers a list");
        let before = requests(&server).len();
        let mut adds = LATENCIES.map(|_| Samples::default());
        for (index, pod) in pods.iter().enumerate() {
            let round = index / LATENCIES.len();
            let turn = (index + round) % LATENCIES.len();
            far.set(LATENCIES[turn]);
            let call = call(&node, index, &arguments(pod));
            let started = Instant::now();
            call.run().ok();
            adds[turn].push(started.elapsed());
        }
        far.set(0);
        let asked = await_publication(&server, before, count);
        for index in 0..count {
            node.del().container(&format!("c{index}")).run().ok();
        }
        let writes = asked.iter().filter(|verb| *verb == "patch").count();
        Self { adds, reads: asked.len() - writes, writes }
    }
}

/// Waits until everything is published. Returns the verbs of the requests since `before`.
fn await_publication(server: &ApiServer, before: usize, count: usize) -> Vec<String> {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let asked = requests(server).split_off(before);
        if asked.iter().filter(|verb| *verb == "patch").count() >= count {
            return asked;
        }
        assert!(Instant::now() < deadline, "publication did not come to its end: {asked:?}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

fn call<'a>(node: &'a Node, index: usize, args: &str) -> Call<'a> {
    node.add().container(&format!("c{index}")).args(args).cni("weave")
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

impl fmt::Display for Requests {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "\nADD of one network, with an agent and a real API server ({ADDS} of each)")?;
        writeln!(f, "{:<22} {:>9} {:>9}", "API answers late by", "p50 ms", "p95 ms")?;
        for (latency, add) in LATENCIES.iter().zip(&self.adds) {
            writeln!(f, "{:<22} {:>9.2} {:>9.2}", format!("{latency} ms"), add.p50(), add.p95())?;
        }
        let count = ADDS * LATENCIES.len();
        writeln!(f, "{count} ADDs asked for {} reads and {} writes", self.reads, self.writes)?;
        let met = |met: bool| if met { "met" } else { "missed" };
        let few = self.reads == 0 && self.writes <= count;
        let medians = self.adds.each_ref().map(Samples::p50);
        let least = medians.iter().copied().fold(f64::MAX, f64::min);
        let most = medians.iter().copied().fold(0.0, f64::max);
        writeln!(f, "{:<50} {:>18}", "no read, at most one write, after the answer", met(few))?;
        writeln!(f, "{:<50} {:>18}", "p50 the same at every latency (within 10 %)", met(most <= least * TOLERANCE))
    }
}
