//! How a watch goes on when it breaks, by a server that breaks it.

use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, channel};

use serde_json::{Value, json};

use super::*;
use genie_core::sources::Access;

/// What the server answers: a document, lines of a watch that then ends, or those of one that does
/// not.
enum Says {
    List(&'static str),
    Lines(Vec<Value>),
    Hangs,
}

fn event(kind: &str, version: &str) -> Value {
    json!({"type": kind, "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"namespace": "blue", "name": "net", "resourceVersion": version}}})
}

fn gone() -> Value {
    json!({"type": "ERROR", "object": {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410,
        "message": "too old resource version"}})
}

/// A server that answers these, one after the other. Returns its port, and what it is asked for.
fn serve(all: Vec<Says>) -> (u16, Receiver<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let (asked, asks) = channel();
    // The thread ends with the test's process.
    std::thread::spawn(move || {
        let mut open = Vec::new();
        for says in all {
            let (mut stream, _) = listener.accept().unwrap();
            asked.send(request(&stream)).unwrap();
            let head = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\nconnection: close\r\n\r\n";
            let body = match &says {
                Says::List(version) => json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
                    "metadata": {"resourceVersion": version}, "items": []})
                .to_string(),
                Says::Lines(lines) => lines.iter().flat_map(|line| [line.to_string(), "\n".to_owned()]).collect(),
                Says::Hangs => String::new(),
            };
            write!(stream, "{head}{body}").unwrap();
            if matches!(says, Says::Hangs) {
                open.push(stream);
            }
        }
        std::thread::park();
    });
    (port, asks)
}

/// The address that is asked for.
fn request(stream: &TcpStream) -> String {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().unwrap().unwrap();
    lines.find(|line| line.as_ref().is_ok_and(String::is_empty));
    request.split(' ').nth(1).unwrap().to_owned()
}

fn client(port: u16, dir: &std::path::Path) -> impl Future<Output = Client> {
    let kubeconfig = dir.join("kubeconfig");
    let config = json!({
        "apiVersion": "v1", "kind": "Config", "current-context": "test",
        "clusters": [{"name": "test", "cluster": {"server": format!("http://127.0.0.1:{port}")}}],
        "users": [{"name": "test", "user": {}}],
        "contexts": [{"name": "test", "context": {"cluster": "test", "user": "test"}}],
    });
    std::fs::write(&kubeconfig, config.to_string()).unwrap();
    async { kubernetes::connect(&Access { kubeconfig: Some(kubeconfig), ..Access::default() }).await.unwrap() }
}

/// The one name that is listed.
const LIST: &str = "list of metadata.name%3Dnone";

/// It lists nothing that there is, goes on behind what it was told last, and begins anew when the
/// server has forgotten that.
#[test]
fn a_watch_that_breaks_goes_on_where_it_was_and_begins_anew_when_that_is_forgotten() {
    let (port, asks) = serve(vec![
        Says::List("5"),
        Says::Lines(vec![event("ADDED", "6"), event("MODIFIED", "7")]),
        Says::Lines(vec![event("DELETED", "8"), gone()]),
        Says::List("20"),
        Says::Hangs,
    ]);
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let failures = std::cell::Cell::new(0);
    runtime.block_on(async {
        let definitions = Definitions::default();
        let client = client(port, dir.path()).await;
        let watched = async {
            let mut begins = Vec::new();
            while begins.len() < 5 || !definitions.is_watched() {
                begins.extend(asks.try_iter());
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            begins
        };
        let follow = definitions.follow(client, || failures.set(failures.get() + 1));
        let asked = tokio::select! {
            asked = watched => asked,
            () = follow => Vec::new(),
        };
        let of = |asked: &String| {
            let query = asked.split("network-attachment-definitions?").nth(1).unwrap_or_else(|| panic!("{asked}"));
            let value = |key: &str| query.split('&').find_map(|pair| pair.strip_prefix(key)).map(ToOwned::to_owned);
            match value("watch=") {
                Some(_) => format!("watch from {}", value("resourceVersion=").unwrap_or_default()),
                None => format!("list of {}", value("fieldSelector=").unwrap_or_default()),
            }
        };
        let asked: Vec<_> = asked.iter().map(of).collect();
        assert_eq!(asked, [LIST, "watch from 5", "watch from 7", LIST, "watch from 20"]);
    });
    assert_eq!(failures.get(), 1, "what the server has forgotten is no failure");
}

#[test]
fn agents_that_began_at_the_same_time_do_not_come_back_at_the_same_time() {
    let times: std::collections::BTreeSet<_> = (0..50).map(|_| between(OPEN)).collect();
    assert!(times.len() > 10);
    let (least, most) = (Duration::from_secs(OPEN.0), Duration::from_secs(OPEN.1));
    assert!(times.iter().all(|time| (least..most).contains(time)));
}
