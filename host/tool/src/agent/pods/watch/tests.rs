//! What is asked for, and how the watch goes on when it breaks, by a server that breaks it.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use serde_json::{Value, json};

use super::*;
use crate::agent::tests::scripted::{Says, client, serve};
use crate::agent::watching::OPEN;

fn metadata(name: &str, version: &str) -> Value {
    json!({"namespace": "default", "name": name, "uid": name, "resourceVersion": version})
}

fn page(names: &[&str], version: &str, more: &str) -> Says {
    let items: Vec<_> = names.iter().map(|name| json!({"metadata": metadata(name, "1")})).collect();
    let metadata = json!({"resourceVersion": version, "continue": more});
    Says::Document(json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1", "metadata": metadata,
        "items": items}))
}

fn event(kind: &str, name: &str, version: &str) -> Value {
    json!({"type": kind, "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": metadata(name, version)}})
}

fn gone() -> Value {
    json!({"type": "ERROR", "object": {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410,
        "message": "too old resource version"}})
}

/// An address without what is encoded in it.
fn query(asked: &str) -> Vec<(String, String)> {
    let decoded = asked.replace("%3D", "=").replace("%2C", ",").replace("%21", "!");
    let query = decoded.split_once("/api/v1/pods?").unwrap_or_else(|| panic!("{asked}")).1.to_owned();
    let pair = |pair: &str| pair.split_once('=').map(|(key, value)| (key.to_owned(), value.to_owned()));
    query.trim_start_matches('&').split('&').filter_map(pair).collect()
}

/// A request in short: what it lists, or from where it watches. All ask for the pods of the node alone.
fn short(asked: &str) -> String {
    let query = query(asked);
    let of = |wanted: &str| query.iter().find(|(key, _)| key == wanted).map_or("", |(_, value)| value);
    assert!(of("fieldSelector").starts_with("spec.nodeName=node1,spec.hostNetwork=false,"), "{asked}");
    if of("watch").is_empty() {
        assert_eq!(of("limit"), PAGE.to_string(), "{asked}");
        match of("continue") {
            "" => format!("list {} {}", of("resourceVersionMatch"), of("resourceVersion")),
            token => format!("list from {token}"),
        }
    } else {
        let open = of("timeoutSeconds").parse().unwrap();
        assert!((OPEN.0..OPEN.1).contains(&open), "{asked}");
        format!("watch from {}", of("resourceVersion"))
    }
}

/// Follows until so many requests were made and the watch is open. Returns them in short, and how often
/// it failed.
fn followed(says: Vec<Says>, pods: &Pods) -> (Vec<String>, usize) {
    let count = says.len();
    let (port, asks) = serve(says);
    let dir = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let failures = Cell::new(0);
    let asked = runtime.block_on(async {
        let api = Api::all(client(port, dir.path()).await);
        let told = |event| _ = pods.hear(event);
        let follow = Follow { api, fields: fields("node1"), pods, told: &told };
        let asked = RefCell::new(Vec::new());
        let watched = async {
            while asked.borrow().len() < count || !pods.is_watched() {
                asked.borrow_mut().extend(asks.try_iter());
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        };
        tokio::select! {
            () = watched => {},
            () = follow.follow(|| failures.set(failures.get() + 1)) => {},
        }
        asked.into_inner()
    });
    (asked.iter().map(|asked| short(asked)).collect(), failures.get())
}

/// Any version will do, which the server has in memory: the newest one it would have to ask for. The
/// version 0 says the same, and the server would answer all pods at once.
const LIST: &str = "list NotOlderThan 1";

#[test]
fn the_pods_of_a_node_are_listed_from_the_servers_memory_in_pages() {
    let pods = Pods::default();
    let says = vec![page(&["a", "b"], "7", "token"), page(&["c"], "7", ""), Says::Hangs];
    let (asked, failures) = followed(says, &pods);
    assert_eq!(asked, [LIST, "list from token", "watch from 7"]);
    assert_eq!((pods.len(), failures), (3, 0));
}

#[test]
fn a_server_with_too_many_requests_is_asked_again_and_the_watch_begins() {
    let pods = Pods::default();
    let says = vec![Says::TooMany, Says::TooMany, page(&["a"], "7", ""), Says::TooMany, Says::Hangs];
    let (asked, failures) = followed(says, &pods);
    assert_eq!(asked, [LIST, LIST, LIST, "watch from 7", "watch from 7"]);
    assert_eq!((pods.len(), failures), (1, 0), "it is no failure");
}

#[test]
fn a_watch_that_breaks_goes_on_where_it_was_and_lists_anew_when_that_is_forgotten() {
    let pods = Pods::default();
    let says = vec![
        page(&["a"], "5", ""),
        Says::Lines(vec![event("ADDED", "b", "6"), event("DELETED", "a", "7")]),
        Says::Lines(vec![event("MODIFIED", "b", "8"), gone()]),
        page(&["b", "c"], "20", ""),
        Says::Hangs,
    ];
    let (asked, failures) = followed(says, &pods);
    assert_eq!(asked, [LIST, "watch from 5", "watch from 7", LIST, "watch from 20"]);
    assert_eq!((pods.len(), failures), (2, 2));
}
