//! What `deploy/` gives a cluster: a real API server accepts it, and limits a node's agent to its
//! purpose.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use genie_tests::apiserver::ApiServer;
use genie_tests::helm::{helm, render};
use genie_tests::programs;
use serde_json::{Value, json};

const NAMESPACE: &str = "kube-system";
const USER: &str = "system:serviceaccount:kube-system:genie";
const TAINT: &str = "genie-host.io/not-ready";
/// How long to wait for a policy, which takes effect soon after it was created.
const PATIENCE: Duration = Duration::from_mins(1);

/// The path of a file of `deploy/`, or of the directory.
fn deploy(file: &str) -> String {
    programs::root().join("deploy").join(file).display().to_string()
}

/// An API server to which `deploy/` was applied. It has two nodes, each with an agent and a pod. It
/// ends with the process.
fn cluster() -> &'static ApiServer {
    static CLUSTER: OnceLock<ApiServer> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let server = ApiServer::start();
        server.kubectl(&["apply", "-f", &deploy("")]);
        for node in ["node1", "node2"] {
            let taints = json!([
                {"key": TAINT, "effect": "NoSchedule"},
                {"key": "node.example/maintenance", "effect": "NoSchedule"},
            ]);
            server.create(&json!({"apiVersion": "v1", "kind": "Node",
                "metadata": {"name": node, "labels": {"zone": "a"}}, "spec": {"taints": taints}}));
            server.create(&pod(NAMESPACE, &format!("agent-{node}"), node, "genie"));
            server.create(&pod("default", &format!("pod-{node}"), node, "default"));
        }
        await_policies(&server);
        server
    })
}

fn pod(namespace: &str, name: &str, node: &str, account: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"namespace": namespace, "name": name, "labels": {"app": name}},
        "spec": {"nodeName": node, "serviceAccountName": account, "containers": [{"name": "main", "image": "none"}]}})
}

/// Waits until each policy refuses what it is for.
fn await_policies(server: &ApiServer) {
    let agent = Agent::on(server, "node1");
    let deadline = Instant::now() + PATIENCE;
    let annotated = json!({"metadata": {"annotations": {"probe": "1"}}});
    let wrong: [&dyn Fn() -> Answer; 3] =
        [&|| agent.patch_pod("pod-node2", &annotated), &|| agent.patch_node("node2", &annotated), &|| {
            agent.create_event(&event("kubelet", "node1", "Pod"))
        }];
    for attempt in wrong {
        while !attempt().is_of_a_policy() {
            assert!(Instant::now() < deadline, "a policy does not take effect");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A node's agent, with a token such as the kubelet would get. It sends single requests; kubectl
/// would read first.
struct Agent<'a> {
    server: &'a ApiServer,
    token: String,
}

impl<'a> Agent<'a> {
    fn on(server: &'a ApiServer, node: &str) -> Self {
        let pod = format!("agent-{node}");
        Self::with(server, &["--bound-object-kind", "Pod", "--bound-object-name", &pod])
    }

    /// An agent whose token belongs to no pod.
    fn nowhere(server: &'a ApiServer) -> Self {
        Self::with(server, &[])
    }

    fn with(server: &'a ApiServer, bound: &[&str]) -> Self {
        let token = server.kubectl(&[&["create", "token", "genie", "-n", NAMESPACE], bound].concat());
        Self { server, token: token.trim().into() }
    }

    fn patch_pod(&self, name: &str, patch: &Value) -> Answer {
        self.send("PATCH", &format!("namespaces/default/pods/{name}/status"), patch)
    }

    fn patch_node(&self, name: &str, patch: &Value) -> Answer {
        self.send("PATCH", &format!("nodes/{name}"), patch)
    }

    fn patch_event(&self, name: &str, patch: &Value) -> Answer {
        self.send("PATCH", &format!("namespaces/default/events/{name}"), patch)
    }

    fn create_event(&self, event: &Value) -> Answer {
        self.send("POST", "namespaces/default/events", event)
    }

    fn send(&self, method: &str, path: &str, body: &Value) -> Answer {
        let kubeconfig = fs::read(self.server.kubeconfig()).expect("the kubeconfig");
        let kubeconfig: Value = serde_json::from_slice(&kubeconfig).expect("a kubeconfig in JSON");
        let kind = if method == "PATCH" { "merge-patch+json" } else { "json" };
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--request", method, "--data-binary", "@-"])
            .arg("--cacert")
            .arg(kubeconfig["clusters"][0]["cluster"]["certificate-authority"].as_str().expect("its authority"))
            .args(["--header", &format!("Authorization: Bearer {}", self.token)])
            .args(["--header", &format!("Content-Type: application/{kind}")])
            .arg(format!("{}/api/v1/{path}", self.server.url()));
        let output = run(curl, &body.to_string());
        assert_done(&output);
        Answer(serde_json::from_slice(&output.stdout).expect("the API server answers in JSON"))
    }
}

/// The object after the request, or the refusal.
struct Answer(Value);

impl Answer {
    fn is_of_a_policy(&self) -> bool {
        self.0["message"].as_str().is_some_and(|message| message.contains("ValidatingAdmissionPolicy"))
    }

    #[track_caller]
    fn done(&self) {
        assert!(self.0["kind"] != "Status", "{}", self.0);
    }

    #[track_caller]
    fn refused(&self, why: &str) {
        let message = self.0["message"].as_str().unwrap_or("it was allowed");
        assert!(self.is_of_a_policy() && message.contains(why), "{message}");
    }
}

fn run(mut command: Command, input: &str) -> Output {
    let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = piped.spawn().expect("the program starts");
    child.stdin.take().expect("it was piped").write_all(input.as_bytes()).expect("it reads its input");
    child.wait_with_output().expect("it ends")
}

#[track_caller]
fn assert_done(output: &Output) {
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

fn event(component: &str, node: &str, kind: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Event", "type": "Warning", "reason": "NetworkFailed", "message": "m",
        "metadata": {"generateName": "pod-node1.", "namespace": "default"},
        "involvedObject": {"apiVersion": "v1", "kind": kind, "namespace": "default", "name": "pod-node1"},
        "source": {"component": component, "host": node}})
}

#[test]
fn the_manifests_are_what_the_chart_says() {
    for (part, file) in [
        ("configuration", "configuration.yaml"),
        ("networks", "kinds/logical-networks.yaml"),
        ("program", "genie.yaml"),
    ] {
        let mut script = Command::new(deploy("render"));
        script.arg(part).env("HELM", programs::tool("helm"));
        let output = run(script, "");
        assert_done(&output);
        let committed = fs::read_to_string(deploy(file)).expect("a manifest");
        assert!(String::from_utf8_lossy(&output.stdout) == committed, "deploy/{file} is old; run: make deploy");
    }
}

#[test]
fn the_chart_deploys_the_version_of_the_programs() {
    let chart = fs::read_to_string(programs::root().join("deploy/chart/Chart.yaml")).expect("the chart");
    for key in ["version", "appVersion"] {
        let line = format!("{key}: {}", env!("CARGO_PKG_VERSION"));
        assert!(chart.lines().any(|found| found == line), "Chart.yaml has no line {line:?}");
    }
}

#[test]
fn a_node_by_hand_gets_the_configuration_of_the_cluster() {
    let config_map = cluster().get(&["configmap", "genie-config", "-n", NAMESPACE]);
    let text = config_map["data"]["00-genie.conf"].as_str().expect("the configuration");
    let by_hand = fs::read_to_string(programs::root().join("deploy/00-genie.conf")).expect("deploy/00-genie.conf");
    let parse = |text: &str| serde_json::from_str::<Value>(text).expect("JSON");
    assert_eq!(parse(text), parse(&by_hand));
}

#[test]
fn helm_finds_no_fault_with_the_chart() {
    assert_done(&helm(&["lint", "--strict", "chart"], ""));
}

#[test]
fn the_api_server_takes_the_manifests_twice() {
    let server = cluster();
    for file in ["configuration.yaml", "genie.yaml"] {
        let manifests = fs::read_to_string(deploy(file)).expect("a manifest");
        server.would_take(&manifests).unwrap_or_else(|said| panic!("{file}: {said}"));
    }
    let again = server.kubectl(&["apply", "-f", &deploy("genie.yaml")]);
    assert!(again.lines().all(|line| line.ends_with(" unchanged")), "{again}");
}

#[test]
fn a_new_version_of_the_program_leaves_a_sites_policy_alone() {
    const NAME: [&str; 4] = ["configmap", "genie-config", "-n", NAMESPACE];
    let server = ApiServer::start();
    server.kubectl(&["apply", "-f", &deploy("")]);
    let mut written = server.get(&NAME);
    let guard = json!({"name": "mine", "type": "genie", "selectors": [{"module": "annotation",
        "grant": [{"networks": ["10-calico"]}]}, {"module": "default-plugin"}]});
    written["data"]["00-genie.conf"] = guard.to_string().into();
    let patch = json!({"data": written["data"]}).to_string();
    server.kubectl(&["patch", NAME[0], NAME[1], "-n", NAMESPACE, "--type=merge", "-p", &patch]);
    server.kubectl(&["apply", "-f", &deploy("genie.yaml")]);
    server.kubectl(&["delete", "--wait=false", "-f", &deploy("genie.yaml")]);
    assert_eq!(server.get(&NAME)["data"], written["data"]);
}

#[test]
fn in_another_namespace_the_policies_are_about_the_account_there() {
    let text = render("default", "{}").unwrap_or_else(|said| panic!("{said}"));
    assert!(text.contains("system:serviceaccount:default:genie") && !text.contains("kube-system"), "{text}");
    cluster().would_take(&text).unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn what_a_site_does_not_use_it_need_not_allow() {
    let off = "{startupTaint: {enabled: false}, admissionPolicy: {enabled: false}}";
    let without = render(NAMESPACE, off).unwrap_or_else(|said| panic!("{said}"));
    assert!(!without.contains("get, patch]"), "nodes can be patched without need");
    assert!(!without.contains("ValidatingAdmissionPolicy"));
}

#[test]
fn the_agent_may_do_what_it_needs_and_nothing_else() {
    const NEEDED: &[[&str; 3]] = &[
        ["get list watch", "", "pods"],
        ["patch", "", "pods/status"],
        ["create patch", "", "events"],
        ["get patch", "", "nodes"],
        ["get", "", "namespaces"],
        ["get list watch", "k8s.cni.cncf.io", "network-attachment-definitions"],
        ["get", "alpha.network.k8s.io", "logicalnetworks"],
        ["get", "alpha.network.k8s.io", "physicalnetworks"],
        ["get list watch", "apps", "daemonsets=genie"],
    ];
    const OTHER: &[[&str; 3]] = &[
        ["create update patch delete", "", "pods"],
        ["update", "", "pods/status"],
        ["create", "", "pods/exec"],
        ["create", "", "pods/binding"],
        ["update delete list", "", "events"],
        ["list watch create update delete", "", "nodes"],
        ["list watch create update patch delete", "", "namespaces"],
        ["patch", "", "nodes/status"],
        ["create update patch delete", "k8s.cni.cncf.io", "network-attachment-definitions"],
        ["get list watch", "", "secrets"],
        ["get list watch", "", "configmaps"],
        ["create", "", "serviceaccounts/token"],
        ["update patch delete", "apps", "daemonsets=genie"],
        ["get", "apps", "daemonsets=another"],
        ["list watch create update patch delete", "alpha.network.k8s.io", "logicalnetworks"],
        ["list watch create update patch delete", "alpha.network.k8s.io", "physicalnetworks"],
    ];
    for [verbs, group, resource] in NEEDED {
        for verb in verbs.split(' ') {
            assert!(is_allowed(USER, verb, group, resource), "the agent may not {verb} {resource}");
            assert!(!is_allowed("somebody", verb, group, resource), "anybody may {verb} {resource}");
        }
    }
    for [verbs, group, resource] in OTHER {
        for verb in verbs.split(' ') {
            assert!(!is_allowed(USER, verb, group, resource), "the agent may {verb} {resource}");
        }
    }
}

/// Whether RBAC allows it in our own namespace. A resource is `PLURAL[/SUBRESOURCE][=NAME]`.
fn is_allowed(user: &str, verb: &str, group: &str, resource: &str) -> bool {
    let (resource, name) = resource.split_once('=').unwrap_or((resource, ""));
    let (resource, subresource) = resource.split_once('/').unwrap_or((resource, ""));
    let review = cluster().create(&json!({"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview",
        "spec": {"user": user, "groups": ["system:authenticated"], "resourceAttributes": {
            "verb": verb, "group": group, "resource": resource, "subresource": subresource, "name": name,
            "namespace": NAMESPACE}}}));
    review["status"]["allowed"] == true
}

#[test]
fn an_agent_changes_annotations_of_its_own_pods_only() {
    let server = cluster();
    let agent = Agent::on(server, "node1");
    let annotations = json!({"metadata": {"annotations": {"k8s.v1.cni.cncf.io/network-status": "[]"}}});
    agent.patch_pod("pod-node1", &annotations).done();
    agent.patch_pod("pod-node2", &annotations).refused("may change the pods of that node only");
    Agent::nowhere(server).patch_pod("pod-node1", &annotations).refused("may change the pods of that node only");
    for wrong in [
        json!({"metadata": {"labels": {"app": "another"}}}),
        json!({"metadata": {"labels": null}}),
        json!({"metadata": {"annotations": {"a": "b"}, "finalizers": ["example.com/keep"]}}),
        json!({"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}}),
        json!({"status": {"phase": "Failed"}}),
    ] {
        agent.patch_pod("pod-node1", &wrong).refused("may change annotations only");
    }
    let pod = server.get(&["pod", "pod-node1"]);
    assert_eq!(pod["metadata"]["annotations"], annotations["metadata"]["annotations"]);
    assert_eq!(pod["metadata"]["labels"], json!({"app": "pod-node1"}));
}

#[test]
fn an_agent_takes_away_its_own_taint_only() {
    let server = cluster();
    let agent = Agent::on(server, "node1");
    // The API server adds a taint of its own, since nothing has reported yet that the node is
    // ready.
    let mut others = server.get(&["node", "node1"])["spec"]["taints"].as_array().cloned().expect("taints");
    others.retain(|taint| taint["key"] != TAINT);
    assert!(!others.is_empty());
    let without_ours = json!({"spec": {"taints": others}});
    agent.patch_node("node2", &without_ours).refused("may change that node only");
    for wrong in [
        json!({"spec": {"taints": null}}),
        json!({"spec": {"taints": [{"key": TAINT, "effect": "NoSchedule"}]}}),
        json!({"spec": {"taints": others, "unschedulable": true}}),
        json!({"spec": {"taints": others}, "metadata": {"labels": {"zone": "b"}}}),
        json!({"spec": {"taints": others}, "metadata": {"annotations": {"a": "b"}}}),
    ] {
        agent.patch_node("node1", &wrong).refused("may only take away the taint");
    }
    agent.patch_node("node1", &without_ours).done();
    assert_eq!(server.get(&["node", "node1"])["spec"]["taints"], json!(others));
    // What is done already may be done again. Other taints need not be there.
    agent.patch_node("node1", &without_ours).done();
    let only_ours = json!({"spec": {"taints": [{"key": TAINT, "effect": "NoSchedule"}]}}).to_string();
    server.kubectl(&["patch", "node", "node1", "--type=merge", "-p", &only_ours]);
    agent.patch_node("node1", &json!({"spec": {"taints": null}})).done();
}

#[test]
fn an_agent_tells_of_pods_in_its_own_name_only() {
    const WHY: &str = "may tell of pods only";
    let server = cluster();
    let agent = Agent::on(server, "node1");
    let own = event("genie-host", "node1", "Pod");
    let created = agent.create_event(&own);
    created.done();
    let name = created.0["metadata"]["name"].as_str().expect("a name");
    agent.patch_event(name, &json!({"count": 2})).done();
    agent.patch_event(name, &json!({"source": {"component": "kubelet"}})).refused(WHY);
    for (component, node, kind) in
        [("kubelet", "node1", "Pod"), ("genie-host", "node2", "Pod"), ("genie-host", "node1", "Node")]
    {
        agent.create_event(&event(component, node, kind)).refused(WHY);
    }
    let mut foreign = event("kubelet", "node1", "Pod");
    foreign["metadata"] = json!({"name": "foreign", "namespace": "default"});
    server.create(&foreign);
    agent.patch_event("foreign", &json!({"source": {"component": "genie-host", "host": "node1"}})).refused(WHY);
}
