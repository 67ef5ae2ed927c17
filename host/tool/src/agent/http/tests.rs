use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use tokio::runtime::Runtime;

use super::*;
use crate::agent::Options;
use crate::agent::pull::Settings;
use crate::install::Layout;

/// An agent that serves metrics and health, on a runtime of its own.
struct Serving {
    address: SocketAddr,
    context: Arc<Context>,
    _runtime: Runtime,
}

impl Serving {
    fn start() -> Self {
        let nowhere = || "/no/such/directory".into();
        let context = Arc::new(Context::new(Options {
            layout: Layout {
                host_root: nowhere(),
                bin_dir: nowhere(),
                conf_dir: nowhere(),
                state_dir: nowhere(),
                cache_dir: nowhere(),
            },
            source: None,
            daemon_set: None,
            node: "node1".into(),
            socket: nowhere(),
            listen: None,
            pod: None,
            registry: Settings::default(),
            kubeconfig: Some(nowhere()),
            traffic_every: crate::agent::traffic::EVERY,
        }));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(listen(([127, 0, 0, 1], 0).into())).unwrap();
        let address = listener.local_addr().unwrap();
        let served = Arc::clone(&context);
        runtime.spawn(async move { serve_http(&served, listener).await });
        Self { address, context, _runtime: runtime }
    }

    /// Returns the status and everything that follows it.
    fn get(&self, path: &str) -> (u16, String) {
        self.get_as(path, "*/*")
    }

    fn get_as(&self, path: &str, accept: &str) -> (u16, String) {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        write!(stream, "GET {path} HTTP/1.1\r\nhost: test\r\naccept: {accept}\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        (status, answer)
    }
}

#[test]
fn health_does_not_depend_on_what_is_wrong_with_the_node_and_readiness_does() {
    let agent = Serving::start();
    assert_eq!((agent.get("/healthz").0, agent.get("/readyz").0), (200, 200));
    agent.context.set_problem(Some("05-other.conf comes before ours".into()));
    assert_eq!(agent.get("/healthz").0, 200);
    let (status, answer) = agent.get("/readyz");
    assert_eq!(status, 503);
    assert!(answer.ends_with("05-other.conf comes before ours\n"), "{answer}");
    agent.context.set_problem(None);
    assert_eq!(agent.get("/readyz").0, 200);
}

#[test]
fn metrics_say_what_is_true_now() {
    let agent = Serving::start();
    agent.context.set_problem(Some("something".into()));
    // This is what Prometheus asks for.
    let prometheus = "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1";
    for (accept, kind, ends) in [
        (prometheus, "application/openmetrics-text; version=1.0.0", "# EOF\n"),
        ("*/*", "text/plain; version=0.0.4", "\n"),
    ] {
        let (status, answer) = agent.get_as("/metrics", accept);
        assert_eq!(status, 200);
        assert!(answer.contains(&format!("content-type: {kind}")) && answer.ends_with(ends), "{answer}");
        for line in ["genie_ready 0\n", "genie_watched 0\n", "genie_pods 0\n", "genie_build_info{version=\""] {
            assert!(answer.contains(line), "{line} is not in {answer}");
        }
    }
}

#[test]
fn who_connects_and_says_nothing_keeps_no_probe_from_its_answer() {
    let agent = Serving::start();
    let mut idle: Vec<_> = (0..400).map(|_| TcpStream::connect(agent.address).unwrap()).collect();
    for stream in &mut idle[..200] {
        // Some clients begin a request, and do not go on.
        _ = write!(stream, "GET /healthz HTTP/1.1\r\n");
    }
    for path in ["/healthz", "/readyz", "/metrics"] {
        assert_eq!(agent.get(path).0, 200);
    }
    // The agent did not wait for the earlier connections to time out: it closed only the oldest of
    // them.
    let newer = &idle[370];
    newer.set_nonblocking(true).unwrap();
    assert_eq!(newer.peek(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
}

#[test]
fn other_paths_are_told_which_there_are() {
    let (status, answer) = Serving::start().get("/");
    assert_eq!(status, 404);
    assert!(answer.contains("/metrics"), "{answer}");
}
