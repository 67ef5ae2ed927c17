//! The socket with the plugin's own client, and what is counted.

pub mod scripted;
mod server;

use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use super::Context;
use super::Options;
use super::socket;
use crate::install::Layout;
use genie_core::agent_api::client::{ask, report};
use genie_core::agent_api::protocol::{Answer, Body, CallReport, NetworkTime, Part, SelectorRun};
use genie_core::object::ObjectName;
use genie_core::pod::Identity;
use genie_core::record::Pod;
use genie_core::report::spool::{PROBLEM, Spool};
use server::Server;

fn options(dir: &Path) -> Options {
    Options {
        layout: Layout {
            host_root: dir.into(),
            bin_dir: "/bin".into(),
            conf_dir: "/net.d".into(),
            state_dir: "/state".into(),
            cache_dir: "/cache".into(),
        },
        source: None,
        daemon_set: None,
        node: "node1".into(),
        socket: "/run/genie/agent.sock".into(),
        listen: None,
        pod: None,
        registry: super::pull::Settings::default(),
        kubeconfig: Some("/no/such/kubeconfig".into()),
        traffic_every: super::traffic::EVERY,
    }
}

/// An agent that listens, on a runtime of its own.
struct Listening {
    dir: TempDir,
    context: Arc<Context>,
    runtime: tokio::runtime::Runtime,
}

impl Listening {
    fn start() -> Self {
        Self::with(|_| {})
    }

    /// With the credentials of an API server.
    fn beside(server: &Server) -> Self {
        Self::with(|options| {
            let kubeconfig = options.layout.host_root.join("kubeconfig");
            std::fs::write(&kubeconfig, server.kubeconfig()).unwrap();
            options.kubeconfig = Some(kubeconfig);
        })
    }

    fn with(change: impl Fn(&mut Options)) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut options = options(dir.path());
        change(&mut options);
        let context = Arc::new(Context::new(options));
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let serving = Arc::clone(&context);
        runtime.spawn(async move { socket::serve_plugins(&serving).await.unwrap() });
        let listening = Self { dir, context, runtime };
        listening.until(|| UnixStream::connect(listening.socket()).is_ok());
        listening
    }

    fn socket(&self) -> PathBuf {
        self.dir.path().join("run/genie/agent.sock")
    }

    fn metrics(&self) -> String {
        self.context.metrics_text()
    }

    fn until(&self, holds: impl Fn() -> bool) {
        let deadline = soon();
        while !holds() {
            assert!(Instant::now() < deadline, "waited in vain; metrics:\n{}", self.metrics());
            std::thread::yield_now();
        }
    }

    fn say(&self, line: &str) -> String {
        let mut stream = UnixStream::connect(self.socket()).unwrap();
        stream.write_all(line.as_bytes()).unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }
}

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(20)
}

#[test]
fn the_socket_is_for_root_alone() {
    let agent = Listening::start();
    let mode = |path: &Path| path.metadata().unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&agent.socket()), 0o600);
    assert_eq!(mode(agent.socket().parent().unwrap()), 0o700);
}

#[test]
fn a_pod_that_is_not_known_yet_is_to_be_asked_for_elsewhere() {
    let agent = Listening::start();
    let pod = Identity { namespace: "default".into(), name: "web".into(), uid: None };
    // The call's deadline plays no part: the agent says at once that it does not know the pod.
    let line = format!("{{\"version\":1,\"pod\":{}}}\n", serde_json::to_string(&pod).unwrap());
    assert_eq!(agent.say(&line), "{\"version\":1,\"pod\":null}\n");
}

#[test]
fn without_the_api_server_an_object_is_an_error_and_the_plugin_goes_on() {
    let agent = Listening::start();
    let question = object("node1");
    let line = format!("{{\"version\":1,\"object\":{}}}\n", serde_json::to_value(&question).unwrap()["object"]);
    let answer = agent.say(&line);
    assert!(answer.contains("\"error\"") && answer.contains("/no/such/kubeconfig"), "{answer}");
    let refused = ask(&agent.socket(), question, soon()).unwrap_err();
    assert!(refused.contains("/no/such/kubeconfig"), "{refused}");
}

fn object(name: &str) -> Body {
    Body::Object { object: ObjectName::new("v1", "Node", None, name).unwrap(), wait_ms: 20_000 }
}

#[test]
fn who_asks_for_the_same_object_shares_an_answer_and_waits_for_no_other_object() {
    let server = Server::start();
    let agent = Listening::beside(&server);
    let socket = agent.socket();
    std::thread::scope(|scope| {
        let slow = scope.spawn(|| ask(&socket, object("slow"), soon()));
        agent.until(|| server.asked("slow") == 1);
        let same = scope.spawn(|| ask(&socket, object("slow"), soon()));
        let quick = json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "quick"}});
        assert_eq!(ask(&socket, object("quick"), soon()), Ok(Some(Answer::Object(Some(quick)))));
        server.answer_the_slow();
        assert!(slow.join().unwrap().unwrap().is_some());
        assert!(same.join().unwrap().unwrap().is_some());
    });
    assert_eq!(server.asked("slow"), 1);
}

#[test]
fn several_objects_are_answered_in_one_line_each_by_itself() {
    let server = Server::start();
    let agent = Listening::beside(&server);
    let node = |name: &str| ObjectName::new("v1", "Node", None, name).unwrap();
    let objects =
        |names: &[&str], wait_ms| Body::Objects { objects: names.iter().map(|name| node(name)).collect(), wait_ms };
    let quick = Answer::Object(Some(json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": "quick"}})));
    let answer = ask(&agent.socket(), objects(&["quick", "quick"], 20_000), soon());
    assert_eq!(answer, Ok(Some(Answer::Objects(vec![quick.clone(), quick.clone()]))));
    // Who waits longer than the agent does is told of the one that could not be read.
    let socket = agent.socket();
    let line = serde_json::to_value(objects(&["slow", "quick"], 1)).unwrap();
    let answer = agent.say(&format!("{{\"version\":1,\"objects\":{}}}\n", line["objects"]));
    server.answer_the_slow();
    assert!(answer.contains("does not answer in time") && answer.contains("\"name\":\"quick\""), "{answer}");
    assert_eq!(ask(&socket, objects(&[], 20_000), soon()), Ok(Some(Answer::Objects(Vec::new()))));
}

#[test]
fn versions_that_are_not_understood_are_told_the_range() {
    let agent = Listening::start();
    for line in ["{\"version\":0,\"pod\":{}}\n", "{\"version\":99,\"news\":true}\n", "no JSON\n", "{}\n"] {
        assert_eq!(agent.say(line), "{\"version\":1,\"versions\":{\"oldest\":1,\"newest\":1}}\n", "{line}");
    }
}

#[test]
fn a_report_is_counted_and_wakes_publication() {
    let agent = Listening::start();
    let done = CallReport {
        verb: "ADD".into(),
        micros: 1500,
        parts: vec![(Part::Delegate, 1000)],
        networks: vec![NetworkTime {
            network: "k8s-pod-network".into(),
            plugin: "calico".into(),
            interface: "eth0".into(),
            micros: 1000,
            failed: false,
        }],
        selectors: vec![SelectorRun { name: "annotation".into(), outcome: "plan".into(), fuel: 700, micros: 20 }],
        ..CallReport::default()
    };
    report(&agent.socket(), done);
    report(&agent.socket(), CallReport { verb: "DEL".into(), code: Some(11), ..CallReport::default() });
    for line in [
        r#"genie_calls_total{verb="ADD",outcome="ok"} 1"#,
        r#"genie_calls_total{verb="DEL",outcome="try-again"} 1"#,
        r#"genie_parts_total{verb="ADD",part="delegate"} 1"#,
        r#"genie_delegate_seconds_total{verb="ADD",network="other",plugin="other"} 0.001"#,
        r#"genie_selector_fuel_total{selector="annotation"} 700"#,
    ] {
        agent.until(|| agent.metrics().contains(line));
    }
}

/// Such connections come of calls that were stopped, or that wait for an object of an API server
/// that hangs.
#[test]
fn who_connects_and_says_nothing_keeps_nobody_from_being_answered() {
    let agent = Listening::start();
    let idle: Vec<_> = (0..200).map(|_| UnixStream::connect(agent.socket()).unwrap()).collect();
    let pod = Identity { namespace: "default".into(), name: "web".into(), uid: None };
    let line = format!("{{\"version\":1,\"pod\":{}}}\n", serde_json::to_string(&pod).unwrap());
    assert_eq!(agent.say(&line), "{\"version\":1,\"pod\":null}\n");
    // The agent did not wait for the earlier connections to time out: it closed only the oldest of
    // them.
    let mut newer = &idle[100];
    newer.set_nonblocking(true).unwrap();
    assert_eq!(newer.read(&mut [0]).unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn the_traffic_of_the_nodes_interfaces_is_told_from_the_second_reading_on() {
    let agent = Listening::with(|options| options.traffic_every = Duration::from_millis(5));
    let question = || Body::TrafficRate { prefix: "lo".into() };
    let line = "{\"version\":1,\"traffic-rate\":{\"prefix\":\"lo\"}}\n";
    let nothing = "it has not read the counters of the node's interfaces yet";
    assert_eq!(agent.say(line), format!("{{\"version\":1,\"error\":\"{nothing}\"}}\n"));
    let watching = Arc::clone(&agent.context);
    agent.runtime.spawn(async move { watching.traffic.watch().await });
    agent.until(|| matches!(ask(&agent.socket(), question(), soon()), Ok(Some(Answer::TrafficRate { .. }))));
    assert!(agent.say(line).starts_with("{\"version\":1,\"traffic-rate\":{\"rx_bytes\":"), "{}", agent.say(line));
}

/// This is how an agent meets a question that came after it.
#[test]
fn a_question_that_the_agent_does_not_know_is_an_error_and_the_plugin_goes_on() {
    let agent = Listening::start();
    let answer = agent.say("{\"version\":1,\"weather\":{\"prefix\":\"cali\"}}\n");
    assert!(answer.starts_with("{\"version\":1,\"error\":\"not understood: no variant of enum Body"), "{answer}");
}

#[test]
fn no_agent_costs_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("agent.sock");
    assert_eq!(ask(&socket, Body::Pod(Identity::default()), soon()), Ok(None));
    // This socket is left over from an agent that was killed.
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    assert_eq!(ask(&socket, Body::Pod(Identity::default()), soon()), Ok(None));
    report(&socket, CallReport::default());
}

#[test]
fn an_agent_that_hangs_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("agent.sock");
    // The kernel accepts the connection, and nobody ever answers.
    let _listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let pod = Identity { namespace: "default".into(), name: "web".into(), uid: None };
    assert!(ask(&socket, Body::Pod(pod), soon()).unwrap_err().contains("does not answer"));
}

#[test]
fn an_agent_before_which_too_many_stand_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("agent.sock");
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    rustix::net::listen(&listener, 0).unwrap();
    for _ in 0..3 {
        report(&socket, CallReport::default());
        assert!(ask(&socket, Body::Pod(Identity::default()), soon()).is_err());
    }
}

#[test]
fn a_socket_that_was_left_behind_is_replaced() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("run/genie/agent.sock");
    std::fs::create_dir_all(socket.parent().unwrap()).unwrap();
    drop(std::os::unix::net::UnixListener::bind(&socket).unwrap());
    let context = Arc::new(Context::new(options(dir.path())));
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    runtime.spawn(async move { socket::serve_plugins(&context).await.unwrap() });
    let deadline = soon();
    while UnixStream::connect(&socket).is_err() {
        assert!(Instant::now() < deadline);
        std::thread::yield_now();
    }
}

#[test]
fn a_new_problem_of_the_node_is_left_for_an_event_once() {
    let dir = tempfile::tempdir().unwrap();
    let pod = Pod { namespace: "kube-system".into(), name: "genie-x".into(), uid: "u".into() };
    let context = Context::new(Options { pod: Some(pod.clone()), ..options(dir.path()) });
    let spool = Spool::of(&dir.path().join("state"));
    spool.create().unwrap();
    let left = || {
        let mut refusals = Vec::new();
        for taken in spool.list().unwrap() {
            spool.done(&taken);
            refusals.push(taken.refusal);
        }
        refusals
    };
    context.looked(Some("a module is missing".into()));
    let [refusal] = &left()[..] else { panic!("one") };
    assert_eq!((&refusal.pod, refusal.code, refusal.message.as_str()), (&pod, PROBLEM, "a module is missing"));
    context.looked(Some("a module is missing".into()));
    context.looked(None);
    assert!(left().is_empty());
    assert_eq!(context.problem(), None);
    context.looked(Some("a module is missing".into()));
    assert_eq!(left().len(), 1, "it came back");
}
