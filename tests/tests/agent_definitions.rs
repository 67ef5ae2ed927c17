//! How often the agent reads a NetworkAttachmentDefinition, and that its answers are never older
//! than what the API server tells. The plugin's own client asks a real agent beside a real API
//! server, whose audit log counts.

use std::path::{Path, PathBuf};
use std::sync::LazyLock;
use std::time::{Duration, Instant};

use genie_core::agent_api::client::ask;
use genie_core::agent_api::protocol::{Answer, Body};
use genie_core::object::ObjectName;
use genie_tests::Node;
use genie_tests::agent::Agent;
use genie_tests::apiserver::ApiServer;
use genie_tests::definitions::{definition, install};
use genie_tests::fixture::reference_node;
use serde_json::{Value, json};

const RESOURCE: &str = "network-attachment-definitions";
/// How long a question may wait.
const WAIT: Duration = Duration::from_secs(20);

/// The server of all tests that need none of their own.
static SERVER: LazyLock<ApiServer> = LazyLock::new(|| {
    let server = ApiServer::start();
    install(&server);
    server
});

/// A running agent whose requests are told apart from those of others by their namespace.
struct Asked<'server, 'node> {
    server: &'server ApiServer,
    agent: Agent<'node>,
    socket: PathBuf,
    namespace: &'static str,
}

impl<'server, 'node> Asked<'server, 'node> {
    fn start(node: &'node Node, server: &'server ApiServer, namespace: &'static str) -> Self {
        let agent = Agent::start(node, &server.kubeconfig());
        let socket = node.dir().join("agent.sock");
        let known = |agent: &Agent| agent.log().contains("the pods of this node are known");
        agent.eventually("that its pods are known", || if known(&agent) { json!(true) } else { Value::Null });
        Self { server, agent, socket, namespace }
    }

    fn create(&self, name: &str, of: &str) {
        self.server.create(&definition(self.namespace, name, &json!({"type": of})));
    }

    fn change(&self, name: &str, of: &str) {
        let patch = json!({"spec": {"config": json!({"type": of}).to_string()}}).to_string();
        self.server.kubectl(&["patch", RESOURCE, name, "-n", self.namespace, "--type=merge", "-p", &patch]);
    }

    /// The type that a definition names, or why it is not told. It is none when there is no such
    /// definition.
    fn ask(&self, name: &str) -> Result<Option<String>, String> {
        answer(&self.socket, self.namespace, name)
    }

    /// How often a definition was read or listed until now, by the agent.
    fn reads(&self, name: &str) -> usize {
        // What kubectl asks is in the log behind all that was asked before.
        let sentinel = format!("sentinel-{}", self.server.audit().len());
        self.server.get(&[RESOURCE, &sentinel, "-n", self.namespace]);
        let deadline = Instant::now() + WAIT;
        while !self.server.audit().iter().any(|request| request["objectRef"]["name"] == *sentinel) {
            assert!(Instant::now() < deadline, "the audit log lags");
            std::thread::sleep(Duration::from_millis(20));
        }
        let wanted = |request: &&Value| request["verb"] == "get" && request["objectRef"]["name"] == *name;
        self.requests().iter().filter(wanted).count()
    }

    /// The agent's requests for definitions that have come to their end, and watches that have begun.
    fn requests(&self) -> Vec<Value> {
        let ours = |request: &Value| {
            let object = &request["objectRef"];
            let of_namespace = [json!(self.namespace), Value::Null].contains(&object["namespace"]);
            let agent = request["userAgent"].as_str().unwrap_or_default();
            let begun = if request["verb"] == "watch" { "ResponseStarted" } else { "ResponseComplete" };
            object["resource"] == RESOURCE && of_namespace && !agent.starts_with("kube") && request["stage"] == begun
        };
        self.server.audit().into_iter().filter(ours).collect()
    }

    /// Asks until nothing is read for it any more.
    fn settle(&self, name: &str) {
        self.agent.eventually("an answer without a read", || {
            let before = self.reads(name);
            self.ask(name).unwrap();
            if self.reads(name) == before { json!(true) } else { Value::Null }
        });
    }
}

fn answer(socket: &Path, namespace: &str, name: &str) -> Result<Option<String>, String> {
    let wanted = ObjectName::new("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", Some(namespace), name)?;
    let question = Body::Object { object: wanted, wait_ms: 10_000 };
    match ask(socket, question, Instant::now() + WAIT)? {
        Some(Answer::Object(None)) => Ok(None),
        Some(Answer::Object(Some(object))) => {
            let config = object["spec"]["config"].as_str().expect("a configuration");
            let config: Value = serde_json::from_str(config).expect("JSON");
            Ok(config["type"].as_str().map(ToOwned::to_owned))
        }
        other => panic!("{other:?}"),
    }
}

fn namespaced(name: &'static str) -> &'static str {
    SERVER.create(&json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}));
    name
}

#[allow(clippy::unnecessary_wraps)] // compared with what is answered
fn is(of: &str) -> Result<Option<String>, String> {
    Ok(Some(of.into()))
}

#[test]
fn who_never_asks_for_a_definition_costs_the_api_server_nothing() {
    let node = reference_node();
    let server = ApiServer::start();
    install(&server);
    let asked = Asked::start(&node, &server, "default");
    assert_eq!(asked.reads("net"), 0);
    assert_eq!(asked.requests(), Vec::<Value>::new());
    // And who asks costs a list of one name, and one watch.
    asked.create("net", "bridge");
    assert_eq!(asked.ask("net"), is("bridge"));
    asked.settle("net");
    let verb = |verb: &str| asked.requests().into_iter().filter(|request| request["verb"] == verb).collect::<Vec<_>>();
    assert_eq!(verb("watch").len(), 1);
    let [list] = &verb("list")[..] else { panic!("{:?}", asked.requests()) };
    assert!(list["requestURI"].as_str().is_some_and(|uri| uri.contains("metadata.name")), "{list}");
}

#[test]
fn in_a_steady_state_nothing_is_read() {
    let node = reference_node();
    let asked = Asked::start(&node, &SERVER, namespaced("steady"));
    for name in ["one", "two"] {
        asked.create(name, name);
        asked.settle(name);
    }
    let before = [asked.reads("one"), asked.reads("two")];
    assert!(before.iter().all(|reads| *reads <= 3), "{before:?}");
    for _ in 0..100 {
        assert_eq!(asked.ask("one"), is("one"));
        assert_eq!(asked.ask("two"), is("two"));
    }
    assert_eq!([asked.reads("one"), asked.reads("two")], before);
}

#[test]
fn a_definition_that_was_just_made_is_found() {
    let node = reference_node();
    let asked = Asked::start(&node, &SERVER, namespaced("new"));
    asked.create("other", "bridge");
    asked.settle("other");
    for index in 0..10 {
        let name = format!("net{index}");
        assert_eq!(asked.ask(&name), Ok(None));
        asked.create(&name, "macvlan");
        assert_eq!(asked.ask(&name), is("macvlan"));
    }
}

#[test]
fn a_change_costs_one_read_and_a_deleted_definition_is_absent() {
    let node = reference_node();
    let asked = Asked::start(&node, &SERVER, namespaced("changes"));
    asked.create("net", "a");
    asked.create("other", "b");
    asked.settle("net");
    asked.settle("other");
    let before = [asked.reads("net"), asked.reads("other")];
    asked.change("net", "c");
    let is_new = || if asked.ask("net") == is("c") { json!(true) } else { Value::Null };
    asked.agent.eventually("the changed definition", is_new);
    for _ in 0..20 {
        assert_eq!(asked.ask("net"), is("c"), "it is never the old one again");
        assert_eq!(asked.ask("other"), is("b"));
    }
    assert_eq!([asked.reads("net"), asked.reads("other")], [before[0] + 1, before[1]]);
    asked.server.kubectl(&["delete", RESOURCE, "net", "-n", asked.namespace]);
    let is_gone = || if asked.ask("net") == Ok(None) { json!(true) } else { Value::Null };
    asked.agent.eventually("that it is absent", is_gone);
    asked.create("net", "d");
    assert_eq!(asked.ask("net"), is("d"));
}

#[test]
fn when_the_api_server_goes_pods_get_what_it_said_last() {
    let node = reference_node();
    let server = ApiServer::start();
    install(&server);
    let asked = Asked::start(&node, &server, "default");
    asked.create("net", "bridge");
    asked.settle("net");
    let Asked { agent, socket, .. } = asked;
    drop(server);
    // Right after its end the watch may still seem to work.
    agent.eventually("that a pod gets what was said last", || {
        assert_eq!(answer(&socket, "default", "net"), is("bridge"));
        if agent.log().contains("the API server is silent") { json!(true) } else { Value::Null }
    });
    let never_read = answer(&socket, "default", "other").expect_err("nobody can know");
    assert!(never_read.contains("does not tell"), "{never_read}");
}

#[test]
fn a_cluster_without_definitions_is_told_so_and_those_that_come_are_followed() {
    let node = reference_node();
    let server = ApiServer::start();
    let asked = Asked::start(&node, &server, "default");
    for _ in 0..5 {
        let why = asked.ask("net").expect_err("nobody can know");
        assert!(why.contains("it has no k8s.cni.cncf.io/v1; install the custom resource definition"), "{why}");
    }
    let lists = || asked.requests().into_iter().filter(|request| request["verb"] == "list").count();
    let listed = || if lists() == 1 { json!(true) } else { Value::Null };
    asked.agent.eventually("an attempt to watch", listed);
    assert!(!asked.agent.log().contains("WARN"), "that is no mistake: {}", asked.agent.log());
    install(&server);
    asked.create("net", "bridge");
    assert_eq!(asked.ask("net"), is("bridge"));
    // The agent does not wait for its next attempt: it has found one.
    asked.settle("net");
}

/// A row of the multi-network standard's checklist.
#[test]
fn row_01_the_kind_is_the_standards() {
    let kind = SERVER.get(&["crd/network-attachment-definitions.k8s.cni.cncf.io"]);
    let spec = &kind["spec"];
    assert_eq!((&spec["group"], &spec["scope"]), (&json!("k8s.cni.cncf.io"), &json!("Namespaced")));
    assert_eq!(spec["names"]["kind"], "NetworkAttachmentDefinition");
    assert_eq!(spec["names"]["shortNames"], json!(["net-attach-def"]));
    assert_eq!(spec["versions"][0]["name"], "v1");
    // `spec` is all that there is, and `config` may be left out (row 2).
    SERVER.create(&json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": "bare", "namespace": "default"}, "spec": {},
    }));
    let wrong = json!({
        "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
        "metadata": {"name": "wrong", "namespace": "default"}, "spec": {"config": 7},
    });
    assert!(SERVER.would_take(&wrong.to_string()).is_err(), "a configuration is text");
}
