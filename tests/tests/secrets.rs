//! Secrets: wherever one can be written and whatever happens then, it is only where it was written,
//! and in the records, which are for root alone.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use genie_tests::fixture::reference_node;
use genie_tests::{Call, Node, Script, Verb, programs};
use serde_json::{Value, json};

/// A text that is in every secret of these tests.
const MARK: &str = "S3CRET";

/// A bearer token with the name of its place.
fn token(place: &str) -> String {
    format!("eyJhbGciOiJSUzI1NiJ9.{MARK}-{place}.c2lnbmF0dXJl")
}

/// A key or certificate in PEM, as in a configuration or a kubeconfig.
fn pem(kind: &str) -> String {
    format!("-----BEGIN {kind}-----\nMIIEowIBAAKC{MARK}\nQDb\"{MARK}\"/+x==\n-----END {kind}-----\n")
}

fn kubeconfig() -> String {
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "c",
        "clusters": [{"name": "c", "cluster": {"server": "https://127.0.0.1:1"}}],
        "users": [{"name": "u", "user": {"token": token("kubeconfig"), "password": token("basic")}}],
        "contexts": [{"name": "c", "context": {"cluster": "c", "user": "u"}}],
    });
    config.to_string()
}

/// A node with a secret in every file that may hold one.
fn node() -> Node {
    let node = reference_node();
    let file = |name: &str, text: &str| {
        let path = node.dir().join(name);
        fs::write(&path, text).unwrap();
        json!(path)
    };
    let kubeconfig = file("kubeconfig", &kubeconfig());
    let manifest = json!({
        "apiVersion": "v1", "kind": "Pod", "metadata": {
            "name": "p", "namespace": "default", "annotations": {"cni": "calico", "example.org/token": token("manifest")},
        },
        "spec": {"containers": [{"name": "c", "env": [{"name": "TOKEN", "value": token("manifest")}]}]},
    });
    file("pod.json", &manifest.to_string());
    node.network(
        "10-calico.conflist",
        &json!({"cniVersion": "0.3.0", "name": "k8s-pod-network", "plugins": [{
            "type": "calico", "etcd_key": pem("RSA PRIVATE KEY"), "etcd_cert": pem("CERTIFICATE"),
            "policy": {"type": "k8s", "k8s_auth_token": token("calico")},
            "kubernetes": {"kubeconfig": kubeconfig},
        }, {"type": "portmap", "capabilities": {"portMappings": true}, "password": token("portmap")}]}),
    );
    let weave = json!({"name": "weave", "type": "weave-net", "encryption": {"password": token("weave")}});
    node.network("10-weave.conf", &weave);
    let policy = json!({"type": "k8s", "k8s_auth_token": token("policy"), "k8s_api_root": "https://127.0.0.1:1"});
    node.with("log_level", json!("trace"))
        .with("policy", policy)
        .with("kubernetes", json!({"kubeconfig": kubeconfig, "token": token("kubernetes")}))
        .with("unknown", json!({"password": token("unknown")}))
}

/// A call with secrets where a runtime may hand them over.
fn call(node: &Node, verb: Verb) -> Call<'_> {
    let call = node.call(verb).env("VAULT_TOKEN", token("environment"));
    match verb {
        Verb::Add | Verb::Del | Verb::Check => call
            .args(&format!("IgnoreUnknown=1;K8S_POD_NAMESPACE=default;K8S_POD_NAME=p;TOKEN={}", token("args")))
            .annotations(&[
                ("cni", "calico,weave"),
                ("example.org/token", &token("annotation")),
                ("kubectl.kubernetes.io/last-applied-configuration", &token("applied")),
            ]),
        _ => call,
    }
}

#[track_caller]
fn assert_silent(what: &str, told: &str) {
    assert!(!told.contains(MARK), "{what} tells a secret: {told}");
}

/// Runs a call and searches all its output for secrets.
#[track_caller]
fn run(what: &str, call: Call<'_>) -> Option<i32> {
    let answer = call.run();
    assert_silent(what, &format!("{answer:?}"));
    answer.status
}

#[test]
fn calls_that_succeed_print_none_and_records_are_for_root_alone() {
    let node = node().with("cniVersion", json!("1.1.0"));
    assert_eq!(run("ADD", call(&node, Verb::Add)), Some(0));
    let record = node.record_file("c1", "eth0");
    let text = fs::read_to_string(&record).unwrap();
    assert!(text.contains(&token("calico")), "the delegate's DEL needs it");
    assert!(!text.contains("-applied"), "and nobody needs this");
    assert_private(&node.state_dir());
    assert_eq!(run("CHECK", call(&node, Verb::Check)), Some(0));
    for verb in [Verb::Status, Verb::Gc, Verb::Version] {
        run(verb.as_str(), call(&node, verb));
    }
    assert_eq!(run("DEL", call(&node, Verb::Del)), Some(0));
    node.assert_no_state();
}

/// Checks that a directory and everything in it are for root alone.
#[track_caller]
fn assert_private(path: &Path) {
    let data = fs::symlink_metadata(path).unwrap();
    let expected = if data.is_dir() { 0o700 } else { 0o600 };
    assert_eq!((data.permissions().mode() & 0o7777, data.uid()), (expected, 0), "{}", path.display());
    for entry in data.is_dir().then(|| fs::read_dir(path).unwrap()).into_iter().flatten().flatten() {
        assert_private(&entry.path());
    }
}

#[test]
fn a_delegate_that_prints_what_it_was_handed_is_not_quoted() {
    let said = || format!("cannot use {} nor {}", token("calico"), pem("RSA PRIVATE KEY"));
    let scripts = [
        ("prints it and fails", Script::new().echo().exit(1)),
        ("prints it as a result", Script::new().echo()),
        ("says so in its error", Script::new().error(7, &said())),
        ("fails in many words", Script::new().print("x".repeat(500) + &said() + &"x".repeat(2000)).exit(1)),
        ("gives it as an address", Script::new().json(&json!({"ips": [{"address": token("calico")}]}))),
        ("gives a result that is half of it", Script::new().print(format!("{{\"ips\": \"{}", token("calico")))),
    ];
    for (what, script) in scripts {
        let node = node().with("cniVersion", json!("1.1.0"));
        node.script("calico", Verb::Add, script.clone());
        assert_eq!(run(&format!("ADD {what}"), call(&node, Verb::Add)), Some(1), "{what}");
        node.assert_no_state();
        node.script("calico", Verb::Add, Script::new());
        run("ADD", call(&node, Verb::Add));
        for verb in [Verb::Check, Verb::Status, Verb::Gc, Verb::Del] {
            node.script("calico", verb, script.clone());
            let gc = json!([]);
            run(&format!("{} {what}", verb.as_str()), call(&node, verb).key("cni.dev/valid-attachments", gc));
        }
    }
}

#[test]
fn a_configuration_that_is_wrong_is_named_and_not_quoted() {
    let node = node();
    let mut config = node.config();
    config.insert("runtimeConfig".into(), json!({"password": token("runtime")}));
    let text = Value::Object(config.clone()).to_string();
    // The configuration is cut at each secret, and at many other places.
    for at in (1..text.len()).step_by(23).chain(text.match_indices(MARK).map(|(at, _)| at + MARK.len())) {
        assert_ne!(run("a cut configuration", call(&node, Verb::Add).stdin(&text.as_bytes()[..at])), Some(0));
    }
    let secret = json!(token("place"));
    for key in ["policy", "kubernetes", "runtimeConfig"] {
        for wrong in [secret.clone(), json!([secret])] {
            run(&format!("{key}: {wrong}"), call(&node, Verb::Add).key(key, wrong));
        }
    }
    let annotations = "io.kubernetes.cri.pod-annotations";
    for wrong in [secret.clone(), json!([secret]), json!({"a": [secret]}), json!({"a": {"b": secret}})] {
        run(annotations, call(&node, Verb::Add).runtime_config(annotations, wrong));
    }
    for key in ["k8s_auth_token", "k8s_client_key", "k8s_client_certificate"] {
        for wrong in [json!([secret]), json!(pem("EC PRIVATE KEY")), json!(pem("CERTIFICATE").replace('\n', ""))] {
            if key == "k8s_auth_token" && wrong.is_string() {
                continue;
            }
            let policy = json!({key: wrong, "k8s_api_root": "https://127.0.0.1:1"});
            assert_eq!(run(key, call(&node, Verb::Add).key("policy", policy)), Some(1), "{key}");
        }
    }
    for network in [
        r#"{"cniVersion":"0.4.0","name":"a","type":["X"]}"#,
        r#"{"cniVersion":"0.4.0","name":"a","type":"a","ipam":"X"}"#,
        r#"{"cniVersion":"0.4.0","name":"a","type":"a","capabilities":{"a":"X"}}"#,
        r#"{"cniVersion":"0.4.0","name":"a","type":"a","password":"X""#,
        r#"{"cniVersion":"0.4.0","name":"a","plugins":["X"]}"#,
        r#""X""#,
        "X",
    ] {
        node.raw_network("05-wrong.conf", &network.replace('X', &token("network")));
        run(network, call(&node, Verb::Add).container("other"));
        run(network, call(&node, Verb::Del).container("other"));
    }
}

#[test]
fn sources_that_cannot_be_read_are_named_and_not_quoted() {
    let node = node();
    let kubeconfig = node.dir().join("kubeconfig");
    let manifests = node.dir().join("manifests");
    fs::create_dir(&manifests).unwrap();
    let whole = fs::read_to_string(&kubeconfig).unwrap();
    let wrong = [
        whole.clone(),
        whole[..whole.find(MARK).unwrap() + 20].to_owned(),
        format!("users:\n- name: u\n  user:\n    token: {}\n  : [", token("yaml")),
        format!("kind: Pod\nmetadata:\n  annotations: [{}]\n", token("yaml")),
        format!("kind: Pod\nmetadata:\n  name: p\n  annotations:\n    a: {{{}: ]\n", token("yaml")),
        token("text"),
    ];
    for text in wrong {
        fs::write(&kubeconfig, &text).unwrap();
        fs::write(manifests.join("pod.yaml"), &text).unwrap();
        for pods in [json!("api"), json!({"manifests": manifests})] {
            run(&text, call(&node, Verb::Add).key("pods", pods).key("timeout", json!("5s")));
            run(&text, call(&node, Verb::Del));
        }
    }
}

#[test]
fn commands_print_none() {
    let node = node();
    let cut = node.dir().join("cut.json");
    let text = fs::read_to_string(node.conf_dir().join("00-genie.conf")).unwrap();
    fs::write(&cut, &text[..text.find(MARK).unwrap() + 20]).unwrap();
    let at = |part: &str| node.dir().join(part).display().to_string();
    let (conf_dir, bin, state, pod, cut) = (at("net.d"), at("bin"), at("state"), at("pod.json"), at("cut.json"));
    assert_eq!(run("ADD", call(&node, Verb::Add)), Some(0));
    for output in ["table", "json"] {
        for arguments in [
            vec!["records", "--state-dir", &state],
            vec!["doctor", "--conf-dir", &conf_dir, "--bin-dir", &bin],
            vec!["inspect", "annotation"],
            vec!["inspect", &pod],
            vec!["test-selector", "--chain", "--conf-dir", &conf_dir],
            vec!["test-selector", "default-plugin", "--conf-dir", &conf_dir],
            vec!["test-selector", "--chain", "--conf-dir", &conf_dir, "--config", &cut],
            vec!["test-selector", "--chain", "--conf-dir", &conf_dir, "--pod", &cut],
        ] {
            let arguments: Vec<_> = arguments.into_iter().chain(["--output", output]).collect();
            let answer = node.genie_host(&arguments);
            assert_silent(&arguments.join(" "), &format!("{answer:?}"));
            assert!(!answer.stdout.is_empty() || answer.status != Some(0), "{arguments:?}: {answer:?}");
        }
    }
    run("DEL", call(&node, Verb::Del));
}

#[test]
fn secrets_inside_texts_of_json_are_not_shown_either() {
    let node = reference_node();
    let module = node.guest("puppet");
    let patch = json!({"policy": {"k8s_auth_token": token("patch")}}).to_string();
    let settings = json!({"act": "plan", "networks": ["weave"], "patch": patch});
    let selectors = json!([{
        "module": module, "sha256": genie_tests::fixture::chain::sha256(&module), "settings": settings,
        "grant": [{"patch": ["policy"]}],
    }]);
    let inner = json!({"config": json!({"etcd_key": pem("RSA PRIVATE KEY"), "password": token("inner")}).to_string()});
    let etcd = format!("https://root:{MARK}-url-password@127.0.0.1:2379");
    let weave = json!({
        "name": "weave", "type": "weave-net", "datastore": inner.to_string(), "etcd_endpoints": etcd,
        "args": format!("A=1;API_TOKEN={}", token("pair")),
    });
    node.network("10-weave.conf", &weave);
    let node = node.with("selectors", selectors).with("log_level", json!("trace"));
    let annotation = json!({"example.org/token": token("annotation")}).to_string();
    let args = format!("K8S_POD_NAMESPACE=default;K8S_POD_NAME=p;K8S_ANNOT={annotation}");
    let add = || node.add().args(&args);
    assert_eq!(run("ADD", add()), Some(0));
    let at = |part: &str| node.dir().join(part).display().to_string();
    let (state, conf_dir) = (at("state"), at("net.d"));
    let manifest = json!({"kind": "Pod", "metadata": {"name": "p", "annotations": {"a": annotation}}});
    fs::write(node.dir().join("pod.json"), manifest.to_string()).unwrap();
    let pod = at("pod.json");
    for output in ["table", "json"] {
        for arguments in [
            vec!["records", "--state-dir", &state],
            vec!["test-selector", "--chain", "--conf-dir", &conf_dir, "--pod", &pod, "--show-config"],
        ] {
            let arguments: Vec<_> = arguments.into_iter().chain(["--output", output]).collect();
            let answer = node.genie_host(&arguments);
            assert_eq!(answer.status, Some(0), "{answer:?}");
            assert_silent(&arguments.join(" "), &format!("{answer:?}"));
            assert!(output == "table" || answer.stdout.contains("(secret)"), "{answer:?}");
        }
    }
    let case =
        json!({"name": "p", "confDir": conf_dir, "pod": manifest, "expect": {"plan": [{"list": {"name": "x"}}]}});
    fs::write(node.dir().join("case.json"), case.to_string()).unwrap();
    let case = at("case.json");
    for output in ["people", "junit", "github", "json"] {
        let answer = node.genie_host(&["test", &case, "--output", output]);
        assert_eq!(answer.status, Some(1), "{answer:?}");
        assert_silent(output, &format!("{answer:?}"));
    }
    let answer = node.genie_host(&["test", "--from", "c1", "--state-dir", &state]);
    assert_eq!(answer.status, Some(0), "{answer:?}");
    assert_silent("a case of a record", &format!("{answer:?}"));
    for (what, script) in [
        ("prints it and fails", Script::new().echo().exit(1)),
        ("says so in its error", Script::new().error(7, &format!("{etcd}, {inner}"))),
    ] {
        node.script("weave-net", Verb::Del, script);
        assert_eq!(run(what, node.del().args(&args)), Some(1), "{what}");
    }
    node.script("weave-net", Verb::Del, Script::new());
    run("DEL", node.del().args(&args));
}

/// A process that is killed when it is dropped.
struct Agent(Child);

impl Drop for Agent {
    fn drop(&mut self) {
        _ = self.0.kill();
        _ = self.0.wait();
    }
}

/// An agent with credentials for an API server that does not exist.
fn agent(node: &Node, listen: &str) -> Agent {
    let at = |part: &str| node.dir().join(part);
    let log = fs::File::create(at("agent.log")).unwrap();
    let mut agent = Command::new(programs::dist("genie-host"));
    agent.args(["agent", "--node", "n", "--log-level", "trace", "--listen", listen]);
    agent.arg("--conf-dir").arg(node.conf_dir());
    agent.arg("--kubeconfig").arg(at("kubeconfig")).arg("--state-dir").arg(at("state"));
    agent.arg("--cache-dir").arg(at("cache")).arg("--socket").arg(at("agent.sock"));
    agent.env("VAULT_TOKEN", token("environment")).stdin(Stdio::null()).stdout(log.try_clone().unwrap()).stderr(log);
    Agent(agent.spawn().unwrap())
}

/// Waits until `holds` is true.
#[track_caller]
fn eventually(node: &Node, what: &str, holds: impl Fn() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        let log = fs::read_to_string(node.dir().join("agent.log")).unwrap_or_default();
        assert!(Instant::now() < deadline, "{what}: not yet; the agent says:\n{log}");
        sleep(Duration::from_millis(20));
    }
}

fn get(address: &str, path: &str) -> String {
    let mut stream = TcpStream::connect(address).unwrap();
    write!(stream, "GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n").unwrap();
    let mut told = String::new();
    stream.read_to_string(&mut told).unwrap();
    told
}

#[test]
fn the_agent_logs_serves_and_spools_none() {
    let node = node();
    let socket = node.dir().join("agent.sock");
    let node = node.with("agent", json!(socket));
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let agent = agent(&node, &address);
    let spool = node.state_dir().join("spool");
    eventually(&node, "the agent", || socket.exists() && spool.exists() && TcpStream::connect(&address).is_ok());

    assert_eq!(run("ADD", call(&node, Verb::Add)), Some(0));
    run("DEL", call(&node, Verb::Del));
    node.script("calico", Verb::Add, Script::new().echo().exit(1));
    assert_eq!(run("ADD that fails", call(&node, Verb::Add)), Some(1));
    let failed = || fs::read_to_string(node.dir().join("agent.log")).unwrap().contains("what is this");
    eventually(&node, "the report of the call", failed);

    for path in ["/metrics", "/healthz", "/readyz", "/nosuch"] {
        let told = get(&address, path);
        assert!(told.starts_with("HTTP/1.1 "), "{told}");
        assert_silent(path, &told);
    }
    assert!(get(&address, "/metrics").contains("calico"), "it counts what was done");
    assert_silent("the log", &fs::read_to_string(node.dir().join("agent.log")).unwrap());
    let spooled = fs::read_dir(&spool).unwrap().map(|file| fs::read_to_string(file.unwrap().path()).unwrap());
    let spooled: Vec<_> = spooled.collect();
    assert_eq!(spooled.len(), 1, "{spooled:?}");
    assert_silent("the spool", &spooled.concat());
    assert_private(&node.state_dir());
    drop(agent);
}

/// Whether the kernel may dump a process. If not, the process's files in /proc belong to root,
/// whatever its user.
fn may_be_dumped(pid: u32) -> bool {
    fs::metadata(format!("/proc/{pid}/environ")).unwrap().uid() != 0
}

#[test]
fn no_core_of_the_plugin_or_the_agent_is_ever_written() {
    const NOBODY: &str = "--reuid=65534";
    let node = reference_node();
    for dir in ["", "bin", "net.d"] {
        fs::set_permissions(node.dir().join(dir), fs::Permissions::from_mode(0o777)).unwrap();
    }
    node.script("weave-net", Verb::Add, Script::new().pause());
    for pipe in ["weave-net.started", "weave-net.release"] {
        fs::set_permissions(node.bin().join(pipe), fs::Permissions::from_mode(0o666)).unwrap();
    }
    // setpriv becomes the plugin, so the plugin is the delegate's parent.
    let plugin = node.add().cni("weave").through(&["setpriv", NOBODY, "--clear-groups"]).start();
    let delegate = node.wait_until_hanging("weave-net");
    assert!(!may_be_dumped(plugin.id()), "the plugin");
    assert!(may_be_dumped(node.calls()[0].pid), "its delegates are not its business");
    plugin.kill();
    node.release("weave-net");
    delegate.wait_for_end();

    fs::write(node.dir().join("kubeconfig"), kubeconfig()).unwrap();
    let agent = agent_of(&node, NOBODY);
    eventually(&node, "the agent", || node.dir().join("agent.sock").exists());
    assert!(!may_be_dumped(agent.0.id()), "the agent");
}

/// An agent of another user.
fn agent_of(node: &Node, user: &str) -> Agent {
    let at = |part: &str| node.dir().join(part);
    let mut agent = Command::new("setpriv");
    agent.args([user, "--clear-groups"]).arg(programs::dist("genie-host"));
    agent.args(["agent", "--node", "n", "--listen", "none", "--kubeconfig"]).arg(at("kubeconfig"));
    agent.arg("--state-dir").arg(at("agent-state")).arg("--cache-dir").arg(at("cache"));
    agent.arg("--socket").arg(at("agent.sock")).stdin(Stdio::null()).stderr(fs::File::create(at("agent.log")).unwrap());
    Agent(agent.spawn().unwrap())
}
