//! What `deploy/` gives a cluster: a real API server takes it, and holds a node's agent to
//! what it is for.

use std::fs;
use std::io::Write as _;
use std::process::{Command, Output, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use genie_tests::apiserver::ApiServer;
use genie_tests::programs;
use serde_json::{Value, json};

const NAMESPACE: &str = "kube-system";
const USER: &str = "system:serviceaccount:kube-system:genie";
const TAINT: &str = "genie-host.io/not-ready";
/// A policy takes effect soon after it was created.
const PATIENCE: Duration = Duration::from_mins(1);

fn manifest() -> String {
    programs::root().join("deploy/genie.yaml").display().to_string()
}

/// An API server to which `deploy/genie.yaml` was applied, with two nodes, each with an agent
/// and a pod. It ends with the process.
fn cluster() -> &'static ApiServer {
    static CLUSTER: OnceLock<ApiServer> = OnceLock::new();
    CLUSTER.get_or_init(|| {
        let server = ApiServer::start();
        server.kubectl(&["apply", "-f", &manifest()]);
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

/// Waits until the policies refuse what each of them is for.
fn await_policies(server: &ApiServer) {
    let agent = Agent::on(server, "node1");
    let deadline = Instant::now() + PATIENCE;
    let annotated = json!({"metadata": {"annotations": {"probe": "1"}}});
    let wrong: [&dyn Fn() -> Answer; 3] =
        [&|| agent.patch_pod("pod-node2", &annotated), &|| agent.patch_node("node2", &annotated), &|| {
            agent.create_event(&event("kubelet", "node1", "Pod"))
        }];
    for attempt in wrong {
        while !attempt().is_policys() {
            assert!(Instant::now() < deadline, "a policy does not take effect");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A node's agent, with a token as the kubelet would get it. It sends single requests, where
/// kubectl would read first.
struct Agent<'a> {
    server: &'a ApiServer,
    token: String,
}

impl<'a> Agent<'a> {
    fn on(server: &'a ApiServer, node: &str) -> Self {
        let pod = format!("agent-{node}");
        Self::with(server, &["--bound-object-kind", "Pod", "--bound-object-name", &pod])
    }

    /// One whose token belongs to no pod.
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

/// The object as it is now, or why not.
struct Answer(Value);

impl Answer {
    fn is_policys(&self) -> bool {
        self.0["message"].as_str().is_some_and(|message| message.contains("ValidatingAdmissionPolicy"))
    }

    #[track_caller]
    fn done(&self) {
        assert!(self.0["kind"] != "Status", "{}", self.0);
    }

    #[track_caller]
    fn refused(&self, why: &str) {
        let message = self.0["message"].as_str().unwrap_or("it was allowed");
        assert!(self.is_policys() && message.contains(why), "{message}");
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

fn helm(arguments: &[&str]) -> Output {
    let mut command = Command::new(programs::tool("helm"));
    // Nothing of whoever runs the tests.
    let nowhere = tempfile::tempdir().expect("a temporary directory");
    command.args(arguments).current_dir(programs::root().join("deploy")).env("HOME", nowhere.path());
    run(command, "")
}

/// The chart as YAML, with these values.
#[track_caller]
fn rendered(namespace: &str, values: &[&str]) -> String {
    let given = ["template", "genie", "chart", "--namespace", namespace, "--kube-version", "1.34.0"];
    let output = helm(&[&given, values].concat());
    assert_done(&output);
    String::from_utf8(output.stdout).expect("helm prints text")
}

#[test]
fn the_manifest_is_what_the_chart_says() {
    let mut render = Command::new(programs::root().join("deploy/render"));
    render.env("HELM", programs::tool("helm"));
    let output = run(render, "");
    assert_done(&output);
    let committed = fs::read_to_string(manifest()).expect("deploy/genie.yaml");
    assert!(String::from_utf8_lossy(&output.stdout) == committed, "deploy/genie.yaml is old; run: make deploy");
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
fn helm_finds_no_fault_with_the_chart_but_with_wrong_values() {
    assert_done(&helm(&["lint", "--strict", "chart"]));
    for wrong in
        ["config.type=bridge", "listen.port=0", "image.digest=sha256:1", "tolerance=1", "selectors.a\\.txt=QQ=="]
    {
        let output = helm(&["template", "genie", "chart", "--kube-version", "1.34.0", "--set", wrong]);
        assert!(!output.status.success(), "{wrong} is accepted");
        let message = String::from_utf8_lossy(&output.stderr);
        assert!(message.contains("schema"), "{message}");
    }
}

#[test]
fn the_api_server_takes_the_manifest_twice() {
    let server = cluster();
    server.kubectl(&["apply", "--dry-run=server", "-f", &manifest()]);
    let again = server.kubectl(&["apply", "-f", &manifest()]);
    assert!(again.lines().all(|line| line.ends_with(" unchanged")), "{again}");
}

#[test]
fn the_api_server_takes_the_chart_with_other_values() {
    const TAKEN: &[&str] = &[
        "--set=listen.address=0.0.0.0,listen.port=9700,apiServer.host=10.0.0.1,apiServer.port=6443",
        "--set=imagePullSecrets={one},podAnnotations.a=b,podLabels.c=d,maxUnavailable=1",
        "--set=selectors.tenant\\.wasm=AGFzbQ==",
        "--set-json=config.selectors=[{\"module\":\"tenant.wasm\",\"limits\":{\"fuel\":50000000}}]",
        "--set-json=extraRules=[{\"apiGroups\":[\"\"],\"resources\":[\"namespaces\"],\"verbs\":[\"get\"]}]",
    ];
    let server = cluster();
    let text = rendered("default", TAKEN);
    assert!(text.contains("\"fuel\": 50000000"), "a number changes its form");
    assert!(text.contains("system:serviceaccount:default:genie"), "the policies are about another account");
    let mut apply = Command::new(programs::tool("kubectl"));
    apply.args(["apply", "--dry-run=server", "-f", "-"]).env("KUBECONFIG", server.kubeconfig());
    assert_done(&run(apply, &text));

    let without = rendered(NAMESPACE, &["--set=startupTaint.enabled=false,admissionPolicy.enabled=false"]);
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
        ["get", "k8s.cni.cncf.io", "network-attachment-definitions"],
        ["get list watch", "apps", "daemonsets=genie"],
    ];
    const OTHER: &[[&str; 3]] = &[
        ["create update patch delete", "", "pods"],
        ["update", "", "pods/status"],
        ["create", "", "pods/exec"],
        ["create", "", "pods/binding"],
        ["update delete list", "", "events"],
        ["list watch create update delete", "", "nodes"],
        ["patch", "", "nodes/status"],
        ["get list watch", "", "secrets"],
        ["get list watch", "", "configmaps"],
        ["create", "", "serviceaccounts/token"],
        ["update patch delete", "apps", "daemonsets=genie"],
        ["get", "apps", "daemonsets=another"],
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

/// Whether RBAC allows it, in our own namespace. A resource is `PLURAL[/SUBRESOURCE][=NAME]`.
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
    // The API server adds one of its own: nobody has said yet that the node is ready.
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
    // What is done already may be done again; and no other taint need be there.
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
