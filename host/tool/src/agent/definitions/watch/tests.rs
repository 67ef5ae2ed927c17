//! How a watch goes on when it breaks, by a server that breaks it.

use serde_json::{Value, json};

use super::*;
use crate::agent::tests::scripted::{Says, client, serve};

fn event(kind: &str, version: &str) -> Value {
    json!({"type": kind, "object": {"kind": "PartialObjectMetadata", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"namespace": "blue", "name": "net", "resourceVersion": version}}})
}

fn gone() -> Value {
    json!({"type": "ERROR", "object": {"kind": "Status", "status": "Failure", "reason": "Expired", "code": 410,
        "message": "too old resource version"}})
}

/// A list of nothing.
fn empty(version: &str) -> Says {
    Says::Document(json!({"kind": "PartialObjectMetadataList", "apiVersion": "meta.k8s.io/v1",
        "metadata": {"resourceVersion": version}, "items": []}))
}

/// The one name that is listed.
const LIST: &str = "list of metadata.name%3Dnone";

/// It lists nothing that there is, goes on behind what it was told last, and begins anew when the
/// server has forgotten that.
#[test]
fn a_watch_that_breaks_goes_on_where_it_was_and_begins_anew_when_that_is_forgotten() {
    let (port, asks) = serve(vec![
        empty("5"),
        Says::Lines(vec![event("ADDED", "6"), event("MODIFIED", "7")]),
        Says::Lines(vec![event("DELETED", "8"), gone()]),
        empty("20"),
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
