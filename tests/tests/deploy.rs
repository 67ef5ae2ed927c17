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
const PATIENCE: Duration = Duration::from_secs(60);

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
    let foreign: [&dyn Fn() -> Output; 3] = [
        &|| agent.patch_pod("pod-node2", &json!({"metadata": {"annotations": {"probe": "1"}}})),
        &|| agent.patch_node("node2", &json!({"metadata": {"annotations": {"probe": "1"}}})),
        &|| agent.create(&event("kubelet", "node1", "Pod")),
    ];
    for attempt in foreign {
        while attempt().status.success() {
            assert!(Instant::now() < deadline, "a policy does not take effect");
            std::thread::sleep(Duration::from_millis(100));
        }
    }
}

/// A node's agent, with a token as the kubelet would get it.
struct Agent<'a> {
    server: &'a ApiServer,
    token: String,
}

impl<'a> Agent<'a> {
    fn on(server: &'a ApiServer, node: &str) -> Self {
        let pod = format!("agent-{node}");
        let token = server.kubectl(&[
            "create",
            "token",
            "genie",
            "-n",
            NAMESPACE,
            "--bound-object-kind",
            "Pod",
            "--bound-object-name",
            &pod,
        ]);
        Self { server, token: token.trim().into() }
    }

    /// One whose token belongs to no pod.
    fn nowhere(server: &'a ApiServer) -> Self {
        let token = server.kubectl(&["create", "token", "genie", "-n", NAMESPACE]);
        Self { server, token: token.trim().into() }
    }

    fn patch_pod(&self, name: &str, patch: &Value) -> Output {
        let patch = patch.to_string();
        self.kubectl(&["patch", "pod", name, "--subresource=status", "--type=merge", "-p", &patch], "")
    }

    fn patch_node(&self, name: &str, patch: &Value) -> Output {
        self.kubectl(&["patch", "node", name, "--type=merge", "-p", &patch.to_string()], "")
    }

    fn create(&self, object: &Value) -> Output {
        self.kubectl(&["create", "-f", "-"], &object.to_string())
    }

    fn kubectl(&self, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(programs::tool("kubectl"));
        command.args(arguments).arg("--token").arg(&self.token).env("KUBECONFIG", self.server.kubeconfig());
        run(command, input)
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

#[track_caller]
fn assert_refused(output: &Output, why: &str) {
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!output.status.success(), "it was allowed");
    assert!(message.contains(why), "{message}");
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
        assert_refused(&output, "schema");
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
    const NEEDED: &[&str] = &[
        "list pods",
        "watch pods",
        "get pods",
        "patch pods/status",
        "create events",
        "patch events",
        "get nodes",
        "patch nodes",
        "get network-attachment-definitions.k8s.cni.cncf.io",
        "get daemonsets.apps/genie -n kube-system",
    ];
    const OTHER: &[&str] = &[
        "update pods",
        "patch pods",
        "delete pods",
        "create pods/exec",
        "get secrets",
        "get configmaps",
        "list nodes",
        "update nodes",
        "patch nodes/status",
        "get daemonsets.apps/other -n kube-system",
        "list daemonsets.apps",
        "create serviceaccounts/token",
        "delete events",
    ];
    let server = cluster();
    let may = |user: &[&str], question: &str| {
        let mut command = Command::new(programs::tool("kubectl"));
        command.args(["auth", "can-i"]).args(question.split(' ')).args(user).env("KUBECONFIG", server.kubeconfig());
        run(command, "").status.success()
    };
    let agent = ["--as", USER];
    for question in NEEDED {
        assert!(may(&agent, question), "the agent may not {question}");
    }
    for question in OTHER {
        assert!(!may(&agent, question), "the agent may {question}");
    }
    let anybody = ["--as", "somebody", "--as-group", "system:authenticated"];
    for question in NEEDED.iter().chain(OTHER) {
        assert!(!may(&anybody, question), "anybody may {question}");
    }
}

#[test]
fn an_agent_changes_annotations_of_its_own_pods_only() {
    let server = cluster();
    let agent = Agent::on(server, "node1");
    let annotations = json!({"metadata": {"annotations": {"k8s.v1.cni.cncf.io/network-status": "[]"}}});
    assert_done(&agent.patch_pod("pod-node1", &annotations));
    assert_refused(&agent.patch_pod("pod-node2", &annotations), "may change the pods of that node only");
    for (wrong, what) in [
        (json!({"metadata": {"labels": {"app": "another"}}}), "labels"),
        (json!({"metadata": {"annotations": {"a": "b"}, "finalizers": ["example.com/keep"]}}), "finalizers"),
        (json!({"status": {"podIP": "10.0.0.1", "podIPs": [{"ip": "10.0.0.1"}]}}), "an address"),
        (json!({"status": {"phase": "Failed"}}), "the phase"),
    ] {
        let output = agent.patch_pod("pod-node1", &wrong);
        assert!(!output.status.success(), "the agent changed {what}");
        assert_refused(&output, "may change annotations only");
    }
    assert_refused(
        &Agent::nowhere(server).patch_pod("pod-node1", &annotations),
        "may change the pods of that node only",
    );
    let pod = server.get(&["pod", "pod-node1"]);
    assert_eq!(pod["metadata"]["annotations"], annotations["metadata"]["annotations"]);
    assert_eq!(pod["metadata"]["labels"], json!({"app": "pod-node1"}));
}

#[test]
fn an_agent_takes_away_its_own_taint_only() {
    let server = cluster();
    let agent = Agent::on(server, "node1");
    let other = json!({"key": "node.example/maintenance", "effect": "NoSchedule"});
    let without_ours = json!({"spec": {"taints": [other]}});
    assert_refused(&agent.patch_node("node2", &without_ours), "may change that node only");
    for wrong in [
        json!({"spec": {"taints": null}}),
        json!({"spec": {"taints": [{"key": TAINT, "effect": "NoSchedule"}]}}),
        json!({"spec": {"taints": [other], "unschedulable": true}}),
        json!({"spec": {"taints": [other]}, "metadata": {"labels": {"zone": "b"}}}),
        json!({"spec": {"taints": [other]}, "metadata": {"annotations": {"a": "b"}}}),
    ] {
        assert_refused(&agent.patch_node("node1", &wrong), "may only take away the taint");
    }
    assert_done(&agent.patch_node("node1", &without_ours));
    assert_eq!(server.get(&["node", "node1"])["spec"]["taints"], json!([other]));
    // What is done already may be done again; the last taint of all may go too.
    assert_done(&agent.patch_node("node1", &without_ours));
    server.kubectl(&["taint", "node", "node1", &format!("{TAINT}:NoSchedule"), "node.example/maintenance-"]);
    assert_done(&agent.patch_node("node1", &json!({"spec": {"taints": null}})));
}

#[test]
fn an_agent_tells_of_pods_in_its_own_name_only() {
    let server = cluster();
    let agent = Agent::on(server, "node1");
    assert_done(&agent.create(&event("genie-host", "node1", "Pod")));
    for wrong in
        [event("kubelet", "node1", "Pod"), event("genie-host", "node2", "Pod"), event("genie-host", "node1", "Node")]
    {
        assert_refused(&agent.create(&wrong), "may tell of pods only");
    }
    let mut foreign = event("kubelet", "node1", "Pod");
    foreign["metadata"] = json!({"name": "foreign", "namespace": "default"});
    server.create(&foreign);
    let taken = json!({"source": {"component": "genie-host", "host": "node1"}}).to_string();
    assert_refused(
        &agent.kubectl(&["patch", "event", "foreign", "--type=merge", "-p", &taken], ""),
        "may tell of pods only",
    );
}
