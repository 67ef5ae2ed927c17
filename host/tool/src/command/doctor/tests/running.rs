//! What changes while a node runs: credentials, the API server, the agent, records.

use std::fs;
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixListener;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value, json};

use super::super::finding::Finding;
use super::super::{agent, api, credentials, records, spool};
use super::Level;
use super::Node;
use super::assert_none;
use super::assert_one;
use super::problems;
use genie_core::record::{self, Ending, Header, Planned, Pod, Store};
use genie_core::report::spool::{RefusedPod, Spool};

fn now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs()
}

/// A token that expires in this many seconds. Its secret part is `SECRET`.
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
fn credentials_that_others_could_have_written_as_root() {
    let node = with_kubeconfig(&json!({"token": token(3600)}));
    std::os::unix::fs::chown(node.path("net.d/genie-kubeconfig"), Some(65534), None).unwrap();
    assert_one(credentials::check(&node.site()), Level::Fail, "calls do not use it: ");
    assert_one(api::check(&node.site()), Level::Fail, "belongs to user 65534, not to root");
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

/// Serves one connection with this answer.
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
    let asked: genie_core::agent_api::protocol::Request = serde_json::from_value(asked.join().unwrap()).unwrap();
    assert_eq!(asked.version, genie_core::agent_api::protocol::VERSION);
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

/// The record of container `c1` with one interface. The container's namespace is our own.
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

/// The findings for a record. `finished` says whether its ADD has ended.
fn check_record(header: &Header, finished: bool, deleted: Option<usize>) -> Vec<Finding> {
    let node = Node::new();
    let store = Store::open(&node.path("state")).unwrap();
    let lock = store.lock("c1", Instant::now() + Duration::from_mins(1)).unwrap();
    let mut journal = store.create(&lock, header).unwrap();
    if finished {
        journal.done(&Ending { result: json!({}), annotations: json!({}), ..Ending::default() }).unwrap();
    }
    if let Some(index) = deleted {
        journal.deleted(index).unwrap();
    }
    records::check(&node.site())
}

#[test]
fn records_against_what_there_is_as_root() {
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
    fs::remove_file(node.path("state/records/c1@eth0.json")).unwrap();
    fs::create_dir(node.path("state/records/locks")).unwrap();
    assert_one(records::check(&node.site()), Level::Warn, "1 among the attachment records are no files");
}

#[test]
fn refusals_that_wait() {
    let node = Node::new();
    let spool_dir = Spool::of(&node.path("state"));
    spool_dir.create().unwrap();
    let refusal = |name: &str, time| RefusedPod {
        pod: Pod { namespace: "ns".into(), name: name.into(), uid: String::new() },
        code: 101,
        message: "cni: \"callico\": there is no such network".into(),
        time,
        ..RefusedPod::default()
    };
    spool_dir.write("c1", &refusal("fresh", now())).unwrap();
    node.write("state/spool/x.json", "nonsense", 0o600);
    assert_none(spool::check(&node.site()));
    spool_dir.write("c1", &refusal("late", now() - 300)).unwrap();
    let found = problems(spool::check(&node.site()));
    assert_eq!(found.len(), 2);
    assert!(found[0].1.starts_with("1 refused pods wait"), "{found:?}");
    assert!(found[1].1.starts_with("ns/late was refused 5 min ago: cni: \"callico\""), "{found:?}");
    assert!(node.path("state/spool/x.json").exists(), "looking removes nothing");
}
