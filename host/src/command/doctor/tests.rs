//! A node in a temporary directory, with one thing wrong at a time.

use std::fs::{self, Permissions};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};
use tempfile::TempDir;

use super::finding::{Finding, Level};
use super::site::Site;
use super::{agent, api, configuration, credentials, directories, networks, plugin, records, selectors, spool};
use crate::publish::spool::{Refusal, Spool};
use crate::record::{self, Header, Outcome, Planned, Pod, Store};

const CAPABILITY: &str = "io.kubernetes.cri.pod-annotations";

struct Node {
    dir: TempDir,
    config: Value,
}

impl Node {
    /// Nothing is wrong with it.
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let at = |part: &str| json!(dir.path().join(part));
        let config = json!({
            "cniVersion": "1.0.0", "name": "k8s-pod-network", "type": "genie", "capabilities": {CAPABILITY: true},
            "conf_dir": at("net.d"), "state_dir": at("state"), "cache_dir": at("cache"), "agent": at("agent.sock"),
        });
        let node = Self { dir, config };
        node.write("net.d/10-cbr0.conf", r#"{"cniVersion": "1.0.0", "name": "cbr0", "type": "bridge"}"#, 0o600);
        node.write("bin/bridge", "", 0o755);
        node
    }

    fn with(mut self, key: &str, value: Value) -> Self {
        self.config[key] = value;
        self
    }

    fn path(&self, part: &str) -> PathBuf {
        self.dir.path().join(part)
    }

    fn write(&self, part: &str, text: &str, mode: u32) -> PathBuf {
        let path = self.path(part);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    /// Written by another process: while we have a program open, no thread of ours can
    /// start it, and a child that any of them starts meanwhile has it open too.
    fn program(&self, part: &str, script: &str) {
        let text = self.write("script", &format!("#!/bin/sh\n{script}\n"), 0o755);
        assert!(Command::new("cp").arg(text).arg(self.path(part)).status().unwrap().success());
    }

    fn site(&self) -> Site {
        self.write("net.d/00-genie.conf", &self.config.to_string(), 0o600);
        Site::read(&self.path("net.d"), &self.path("bin"))
    }

    fn make(&self, dir: &str, mode: u32) {
        fs::create_dir_all(self.path(dir)).unwrap();
        fs::set_permissions(self.path(dir), Permissions::from_mode(mode)).unwrap();
    }
}

/// All that is wrong.
fn problems(found: Vec<Finding>) -> Vec<(Level, String)> {
    assert!(!found.is_empty(), "an area without a finding says nothing");
    let wrong = found.into_iter().filter(|finding| finding.level != Level::Ok);
    wrong.inspect(|finding| assert!(finding.advice.is_some(), "{finding:?}")).map(|f| (f.level, f.what)).collect()
}

/// The one thing that is wrong, of this level and with this text.
#[track_caller]
fn assert_one(found: Vec<Finding>, level: Level, text: &str) {
    let found = problems(found);
    assert!(matches!(&found[..], [(of, what)] if *of == level && what.contains(text)), "{text:?}: {found:?}");
}

#[track_caller]
fn assert_none(found: Vec<Finding>) {
    assert_eq!(problems(found), []);
}

#[test]
fn nothing_is_wrong_with_a_good_node() {
    let node = Node::new();
    for mode in ["state", "cache"] {
        node.make(mode, 0o700);
    }
    let site = node.site();
    for check in [configuration::check, directories::check, networks::check, selectors::check, credentials::check] {
        assert_none(check(&site));
    }
    assert_none(records::check(&site));
    assert_none(spool::check(&site));
    assert_eq!(api::check(&site), [], "no API server is named");
}

#[test]
fn looking_makes_nothing() {
    let node = Node::new();
    let site = node.site();
    for (_, check) in super::AREAS {
        check(&site);
    }
    let mut parts: Vec<_> = fs::read_dir(node.dir.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    parts.sort();
    assert_eq!(parts, ["bin", "net.d"]);
}

#[test]
fn another_file_goes_first() {
    let node = Node::new();
    node.write(
        "net.d/00-a.conflist",
        r#"{"cniVersion": "1.0.0", "name": "a", "plugins": [{"type": "bridge"}]}"#,
        0o600,
    );
    assert_one(configuration::check(&node.site()), Level::Fail, "00-a.conflist sorts before 00-genie.conf");
    node.write("net.d/00-a.conflist", "{", 0o600);
    assert_one(configuration::check(&node.site()), Level::Fail, "00-a.conflist sorts before 00-genie.conf");
}

#[test]
fn no_configuration_of_ours() {
    let node = Node::new();
    let read = || Site::read(&node.path("net.d"), &node.path("bin"));
    assert_one(configuration::check(&read()), Level::Fail, "no usable configuration of type \"genie\"");
    node.write("net.d/00-genie.conf", "{\"type\": ", 0o600);
    assert_one(configuration::check(&read()), Level::Fail, "(00-genie.conf: ");
    let nowhere = Site::read(&node.path("nowhere"), &node.path("bin"));
    assert_one(configuration::check(&nowhere), Level::Fail, "no usable configuration of type \"genie\"");
}

#[test]
fn our_configuration_as_a_list_and_as_the_drain_list() {
    let node = Node::new();
    let list = |drain: bool| {
        let mut own = node.config.clone();
        own["drain"] = drain.into();
        json!({"cniVersion": "1.0.0", "name": "cbr0", "plugins": [{"type": "bridge"}, own]}).to_string()
    };
    node.write("net.d/00-genie.conflist", &list(false), 0o600);
    let site = Site::read(&node.path("net.d"), &node.path("bin"));
    assert_eq!((site.file.as_deref(), &site.map["name"]), (Some("00-genie.conflist"), &json!("cbr0")));
    node.write("net.d/00-genie.conflist", &list(true), 0o600);
    let site = Site::read(&node.path("net.d"), &node.path("bin"));
    assert_one(configuration::check(&site), Level::Warn, "genie is being removed");
}

#[test]
fn what_the_configuration_says_is_wrong() {
    let node = Node::new().with("timeout", json!("soon"));
    assert_one(configuration::check(&node.site()), Level::Fail, "\"timeout\" is \"soon\"");
    let node = Node::new().with("default_plugim", json!("calico"));
    assert_one(configuration::check(&node.site()), Level::Warn, "default_plugim");
    let node = Node::new().with("cniVersion", json!("0.2.0"));
    assert_one(configuration::check(&node.site()), Level::Warn, "cniVersion 0.2.0");
}

#[test]
fn annotations_that_nobody_hands_over() {
    let node = Node::new().with("capabilities", json!({"portMappings": true}));
    assert_one(configuration::check(&node.site()), Level::Warn, CAPABILITY);
    let node = node.with("pods", json!("runtime"));
    assert_one(configuration::check(&node.site()), Level::Fail, CAPABILITY);
    let node = node.with("pods", json!({"manifests": "/etc/kubernetes/manifests"}));
    assert_none(configuration::check(&node.site()));
}

#[test]
fn others_can_write() {
    let node = Node::new();
    node.make("bin", 0o777);
    assert_one(directories::check(&node.site()), Level::Fail, "can write to");
    node.make("bin", 0o755);
    node.make("state", 0o755);
    assert_one(directories::check(&node.site()), Level::Warn, "can look into");
    node.make("state", 0o770);
    assert_one(directories::check(&node.site()), Level::Fail, "can write to");
    node.make("state", 0o700);
    node.make("cache", 0o757);
    assert_one(directories::check(&node.site()), Level::Fail, "compiled selectors are not loaded");
}

#[test]
fn networks_that_cannot_be_had() {
    let node = Node::new();
    node.write("net.d/20-broken.conf", "{", 0o600);
    assert_one(networks::check(&node.site()), Level::Warn, "20-broken.conf is left out");
    fs::remove_file(node.path("net.d/20-broken.conf")).unwrap();

    node.write("bin/bridge", "", 0o644);
    assert_one(networks::check(&node.site()), Level::Fail, "bin/bridge is not executable");
    fs::remove_file(node.path("bin/bridge")).unwrap();
    assert_one(networks::check(&node.site()), Level::Fail, "failed to find plugin \"bridge\"");
    fs::remove_file(node.path("net.d/10-cbr0.conf")).unwrap();
    assert_one(networks::check(&node.site()), Level::Fail, "holds no network");
}

#[test]
fn flannel_needs_its_subnet_and_what_it_calls() {
    let node = Node::new();
    let flannel = json!({"cniVersion": "0.3.1", "name": "f", "type": "flannel", "subnetFile": node.path("subnet.env")});
    node.write("net.d/20-flannel.conf", &flannel.to_string(), 0o600);
    for program in ["flannel", "host-local"] {
        node.write(&format!("bin/{program}"), "", 0o755);
    }
    assert_one(networks::check(&node.site()), Level::Fail, "subnet.env cannot be read");
    node.write("subnet.env", "FLANNEL_MTU=1500\n", 0o644);
    assert_one(networks::check(&node.site()), Level::Fail, "names no FLANNEL_SUBNET");
    node.write("subnet.env", "FLANNEL_SUBNET=172.96.1.1/24\n", 0o644);
    assert_none(networks::check(&node.site()));
    fs::remove_file(node.path("bin/host-local")).unwrap();
    assert_one(networks::check(&node.site()), Level::Fail, "failed to find plugin \"host-local\"");
}

#[test]
fn modules_that_are_not_compiled_or_not_approved() {
    let node = Node::new();
    let module = node.write("tenant.wasm", "\0asm", 0o644);
    let digest = crate::selector::digest::Digest::of(b"\0asm").to_string();
    let chain = |digest: &str| json!([{"module": module, "sha256": digest}, {"module": "annotation"}]);
    let node = node.with("selectors", chain(&digest));
    assert_one(selectors::check(&node.site()), Level::Warn, "is not compiled for this build");
    let node = node.with("selectors", chain(&"0".repeat(64)));
    assert_one(selectors::check(&node.site()), Level::Fail, "the configuration approves 000");
    fs::remove_file(&module).unwrap();
    assert_one(selectors::check(&node.site()), Level::Fail, "cannot be read");
}

#[test]
fn the_plugin_tells_whether_it_is_ready() {
    let node = Node::new();
    assert_one(plugin::check(&node.site()), Level::Fail, "failed to find plugin \"genie\"");
    node.write("bin/genie-host", "", 0o755);
    node.program("bin/genie", "grep -q '\"cniVersion\":\"1.1.0\"' && test $CNI_COMMAND = STATUS");
    assert_none(plugin::check(&node.site()));
    node.program("bin/genie", "echo '{\"code\": 50, \"msg\": \"no network\", \"details\": \"none at all\"}'; exit 1");
    assert_one(plugin::check(&node.site()), Level::Fail, "is not ready: no network; none at all");
    node.program("bin/genie", "exit 3");
    assert_one(plugin::check(&node.site()), Level::Fail, "exit status: 3 and without an answer");
    node.program("bin/genie", "cat >/dev/null");
    fs::remove_file(node.path("bin/genie-host")).unwrap();
    assert_one(plugin::check(&node.site()), Level::Fail, "genie-host is missing");
}

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A token that ends in so many seconds; its secret part is `SECRET`.
fn token(seconds: i64) -> String {
    let exp = now().saturating_add_signed(seconds);
    format!("e30.{}.SECRET", URL_SAFE_NO_PAD.encode(json!({"exp": exp, "sub": "genie"}).to_string()))
}

#[test]
fn a_token_tells_when_it_ends() {
    assert!(credentials::expiry(&token(60)).is_some_and(|expiry| expiry > now()));
    for opaque in ["", "administrator", "a.b.c", "e30.e30.x", "..", "e30.!.x"] {
        assert_eq!(credentials::expiry(opaque), None, "{opaque}");
    }
}

fn with_kubeconfig(user: &Value) -> Node {
    let node = Node::new();
    let kubeconfig = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "genie",
        "clusters": [{"name": "local", "cluster": {"server": "https://127.0.0.1:1"}}],
        "contexts": [{"name": "genie", "context": {"cluster": "local", "user": "genie"}}],
        "users": [{"name": "other", "user": {"token": token(-600)}}, {"name": "genie", "user": user}],
    });
    let path = node.write("net.d/genie-kubeconfig", &kubeconfig.to_string(), 0o600);
    node.with("kubernetes", json!({"kubeconfig": path}))
}

#[test]
fn tokens_that_are_expired_or_about_to_be() {
    let node = with_kubeconfig(&json!({"tokenFile": "../credentials/token"}));
    assert_one(credentials::check(&node.site()), Level::Fail, "credentials/token cannot be read");
    node.write("credentials/token", &token(3600), 0o600);
    assert_none(credentials::check(&node.site()));
    node.write("credentials/token", &token(100), 0o600);
    assert_one(credentials::check(&node.site()), Level::Warn, "the token expires in");
    node.write("credentials/token", &token(-130), 0o600);
    assert_one(credentials::check(&node.site()), Level::Fail, "the token expired 2 min ago");
    let node = with_kubeconfig(&json!({"token": token(-60)}));
    assert_one(credentials::check(&node.site()), Level::Fail, "the token expired 1 min ago");
    let node = with_kubeconfig(&json!({"token": "administrator"}));
    assert_none(credentials::check(&node.site()));
}

#[test]
fn credentials_that_others_can_read() {
    let node = with_kubeconfig(&json!({"token": token(3600)}));
    node.write("net.d/genie-kubeconfig", &fs::read_to_string(node.path("net.d/genie-kubeconfig")).unwrap(), 0o640);
    assert_one(credentials::check(&node.site()), Level::Warn, "genie-kubeconfig (mode 0640)");
}

#[test]
fn no_secret_is_told() {
    let broken = [
        format!("current-context: genie\nusers: [{{name: genie, user: {{token: {}", token(60)),
        format!("current-context: {{a: {}}}", token(60)),
        format!("token: {}", token(60)),
    ];
    let node = with_kubeconfig(&json!({"token": token(-60)}));
    let said = format!("{:?}{:?}", credentials::check(&node.site()), api::check(&node.site()));
    assert!(!said.contains("SECRET"), "{said}");
    for text in broken {
        node.write("net.d/genie-kubeconfig", &text, 0o600);
        let site = node.site();
        assert_eq!(problems(credentials::check(&site)).len(), 1, "{text}");
        let said = format!("{:?}{:?}", credentials::check(&site), api::check(&site));
        assert!(!said.contains("SECRET"), "{said}");
    }
}

#[test]
fn an_api_server_that_is_not_there() {
    let node = with_kubeconfig(&json!({"token": "administrator"}));
    assert_one(api::check(&node.site()), Level::Fail, "the API server is of no use");
}

/// Answers one connection.
fn serve(node: &Node, answer: &'static str) -> std::thread::JoinHandle<Value> {
    let socket = node.path("agent.sock");
    _ = fs::remove_file(&socket);
    let listener = UnixListener::bind(socket).unwrap();
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut line = String::new();
        BufReader::new(&stream).read_line(&mut line).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        serde_json::from_str(&line).unwrap()
    })
}

#[test]
fn agents_that_answer_and_others() {
    let node = Node::new();
    assert_one(agent::check(&node.site()), Level::Warn, "no agent listens");
    let asked = serve(&node, "{\"version\": 1, \"pod\": null}\n");
    assert_none(agent::check(&node.site()));
    let asked: crate::agent::protocol::Request = serde_json::from_value(asked.join().unwrap()).unwrap();
    assert_eq!(asked.version, crate::agent::protocol::VERSION);
    let cases = [
        (
            "{\"version\": 9, \"versions\": {\"oldest\": 8, \"newest\": 9}}\n",
            Level::Warn,
            "understands the versions 8 to 9",
        ),
        ("{\"version\": 7, \"pod\": null}\n", Level::Warn, "speaks version 7"),
        ("", Level::Fail, "it closed the connection"),
        ("nonsense\n", Level::Fail, "does not answer"),
    ];
    for (answer, level, text) in cases {
        let asked = serve(&node, answer);
        assert_one(agent::check(&node.site()), level, text);
        asked.join().unwrap();
    }
}

/// A record of container `c1` with one interface, which lives in our own namespace.
fn header() -> Header {
    let attachment = Planned {
        interface: "lo".into(),
        list: json!({"cniVersion": "1.0.0", "name": "n", "plugins": [{"type": "bridge"}]}),
        cni_args: String::new(),
        runtime_config: Map::new(),
    };
    Header {
        version: record::VERSION,
        boot_id: record::boot_id(),
        container: "c1".into(),
        interface: "eth0".into(),
        netns: "/proc/self/ns/net".into(),
        network: "k8s-pod-network".into(),
        cni_args: String::new(),
        pod: Some(Pod { namespace: "ns".into(), name: "web".into(), uid: String::new() }),
        created: 1_700_000_000,
        path: Vec::new(),
        attachments: vec![attachment.clone(), attachment],
        decision: Value::Null,
    }
}

/// What is found for a record, whose ADD has ended or not.
fn check_record(header: &Header, finished: bool, deleted: Option<usize>) -> Vec<Finding> {
    let node = Node::new();
    let store = Store::open(&node.path("state")).unwrap();
    let lock = store.lock("c1", Instant::now() + Duration::from_mins(1)).unwrap();
    let mut journal = store.create(&lock, header).unwrap();
    if finished {
        journal.done(&Outcome { result: json!({}), annotations: json!({}) }).unwrap();
    }
    deleted.into_iter().for_each(|index| journal.deleted(index).unwrap());
    records::check(&node.site())
}

#[test]
fn records_against_what_there_is() {
    assert_none(check_record(&header(), true, None));
    let earlier = Header { boot_id: "earlier".into(), ..header() };
    assert_one(
        check_record(&earlier, true, None),
        Level::Warn,
        "earlier boot: their addresses are still taken: ns/web (c1)",
    );
    let gone = Header { netns: "/run/netns/of-nobody".into(), ..header() };
    assert_one(check_record(&gone, true, None), Level::Warn, "no network namespace");
    assert_one(check_record(&header(), false, None), Level::Warn, "never attached completely");
    assert_none(check_record(&Header { created: now(), ..header() }, false, None));
    assert_one(check_record(&header(), true, Some(1)), Level::Warn, "taken away in part");
    let mut lost = header();
    lost.attachments[1].interface = "eth77".into();
    assert_one(check_record(&lost, true, None), Level::Fail, "has lost its interface eth77");
}

#[test]
fn damaged_records() {
    let node = Node::new();
    Store::open(&node.path("state")).unwrap();
    node.write("state/records/c1@eth0.json", "nonsense", 0o600);
    assert_one(records::check(&node.site()), Level::Fail, "is damaged");
}

#[test]
fn refusals_that_wait() {
    let node = Node::new();
    let spool_dir = Spool::of(&node.path("state"));
    spool_dir.create().unwrap();
    let refusal = |name: &str, time| Refusal {
        pod: Pod { namespace: "ns".into(), name: name.into(), uid: String::new() },
        code: 101,
        message: "cni: \"callico\": there is no such network".into(),
        details: String::new(),
        time,
    };
    spool_dir.write(&refusal("fresh", now())).unwrap();
    node.write("state/spool/x.json", "nonsense", 0o600);
    assert_none(spool::check(&node.site()));
    spool_dir.write(&refusal("late", now() - 300)).unwrap();
    let found = problems(spool::check(&node.site()));
    assert_eq!(found.len(), 2);
    assert!(found[0].1.starts_with("1 refused pods wait"), "{found:?}");
    assert!(found[1].1.starts_with("ns/late was refused 5 min ago: cni: \"callico\""), "{found:?}");
    assert!(node.path("state/spool/x.json").exists(), "looking removes nothing");
}

#[test]
fn a_finding_as_text_and_as_json() {
    let finding = super::finding::warn("it is so", "do this");
    assert_eq!(finding.as_text("agent"), "warn  agent          it is so\n                     => do this");
    assert_eq!(
        finding.as_json("agent"),
        json!({"area": "agent", "level": "warn", "what": "it is so", "advice": "do this"})
    );
    let names: Vec<_> = (0..7).map(|n| n.to_string()).collect();
    assert_eq!(super::finding::some(&names), "0, 1, 2, 3, 4 and 2 more");
}
