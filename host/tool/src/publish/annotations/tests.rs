//! What is due, without an API server. The tests with one are in `tests/tests/publication.rs`.

use std::fs;
use std::time::{Duration, Instant};

use genie_selector::merge::MULTI_IP_PREFERENCES;
use serde_json::{Map, json};

use super::*;
use crate::publish::Shown;
use genie_core::record::{Ending, Header, Journal, Planned, Pod, VERSION};

const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

struct Node {
    dir: tempfile::TempDir,
    publisher: Publisher,
}

impl Node {
    fn new() -> Self {
        Self { dir: tempfile::tempdir().unwrap(), publisher: Publisher::default() }
    }

    fn store(&self) -> Store {
        Store::open(self.dir.path()).unwrap()
    }

    /// An ADD of the pod `web` that is under way.
    fn begin(&self, container: &str, created: u64) -> Journal {
        let store = self.store();
        let mut lock = store.lock(container, Instant::now() + Duration::from_secs(5)).unwrap();
        lock.keep_file();
        let planned = Planned {
            interface: "eth0".into(),
            list: json!({"name": "a"}),
            cni_args: String::new(),
            runtime_config: Map::new(),
        };
        let header = Header {
            version: VERSION,
            boot_id: "b".into(),
            container: container.into(),
            interface: "eth0".into(),
            netns: "/ns".into(),
            network: "n".into(),
            cni_args: String::new(),
            pod: Some(Pod { namespace: "default".into(), name: "web".into(), uid: "u1".into() }),
            created,
            path: Vec::new(),
            attachments: vec![planned],
            decision: json!({}),
        };
        store.create(&lock, &header).unwrap()
    }

    /// An ADD of the pod `web` that has ended with this status.
    fn add(&self, container: &str, created: u64, status: &str) -> Journal {
        let mut journal = self.begin(container, created);
        journal.done(&outcome(status)).unwrap();
        journal
    }

    /// What is to be patched while the watch shows these annotations.
    fn due(&mut self, annotations: &[(&str, &str)]) -> Vec<BTreeMap<String, Option<String>>> {
        self.patches(annotations).into_iter().map(|patch| patch.annotations).collect()
    }

    fn patches(&mut self, annotations: &[(&str, &str)]) -> Vec<Patch> {
        let annotations: Annotations =
            annotations.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
        let lookup = move |wanted: &Identity| {
            let shown = Shown { identity: web(), annotations: Some(annotations.clone()) };
            (*wanted == web()).then_some(shown)
        };
        self.publisher.refresh(&self.store()).unwrap();
        self.publisher.due(&lookup, Instant::now())
    }
}

fn web() -> Identity {
    Identity { namespace: "default".into(), name: "web".into(), uid: Some("u1".into()) }
}

fn outcome(status: &str) -> Ending {
    Ending { result: json!({}), annotations: json!({STATUS: status}), ..Ending::default() }
}

fn status(value: &str) -> BTreeMap<String, Option<String>> {
    BTreeMap::from([(STATUS.to_owned(), Some(value.to_owned()))])
}

#[test]
fn only_what_differs_is_patched_and_only_in_the_pod_with_the_uid() {
    let mut node = Node::new();
    let _journal = node.add("c1", 1, "new");
    let patches = node.patches(&[("cni", "calico"), (STATUS, "old")]);
    assert_eq!(patches.len(), 1);
    assert_eq!(patches[0].body(), json!({"metadata": {"uid": "u1", "annotations": {STATUS: "new"}}}));
    assert_eq!(patches[0].pod(), "default/web");
}

#[test]
fn what_the_pod_has_already_is_not_written_again() {
    let mut node = Node::new();
    let _journal = node.add("c1", 1, "new");
    assert_eq!(node.due(&[(STATUS, "new")]), []);
    assert_eq!(node.due(&[(STATUS, "edited later")]), [], "who edits later has the last word");
}

#[test]
fn what_could_not_be_sent_is_due_again_and_what_was_sent_is_not() {
    let mut node = Node::new();
    let _journal = node.add("c1", 1, "new");
    assert_eq!(node.due(&[]), [status("new")]);
    let again = node.patches(&[]);
    assert_eq!(again.len(), 1);
    node.publisher.settle(&again[0].record);
    assert_eq!(node.due(&[]), []);
}

#[test]
fn an_unfinished_add_waits_for_its_end_and_a_del_is_none_of_it() {
    let mut node = Node::new();
    let mut journal = node.begin("c1", 1);
    assert_eq!(node.due(&[]), []);
    journal.done(&outcome("new")).unwrap();
    assert_eq!(node.due(&[]), [status("new")]);
    journal.deleted(0).unwrap();
    assert_eq!(node.due(&[]), [], "the pod is going");
}

#[test]
fn a_pod_that_the_watch_does_not_show_waits() {
    let mut node = Node::new();
    let _journal = node.add("c1", 1, "new");
    node.publisher.refresh(&node.store()).unwrap();
    assert_eq!(node.publisher.due(&|_: &Identity| None, Instant::now()), []);
    assert_eq!(node.due(&[]), [status("new")]);
}

#[test]
fn the_last_sandbox_of_a_pod_speaks_for_it() {
    let mut node = Node::new();
    let _journals = [node.add("c1", 2, "newer"), node.add("c2", 1, "older")];
    assert_eq!(node.due(&[]), [status("newer")]);
    let paths = node.patches(&[]);
    node.publisher.settle(&paths[0].record);
    assert_eq!(node.due(&[(STATUS, "newer")]), [], "the older one never comes up");
}

#[test]
fn addresses_of_an_earlier_sandbox_do_not_stay() {
    let mut node = Node::new();
    let _journal = node.add("c1", 1, "new");
    let gone = BTreeMap::from([(MULTI_IP_PREFERENCES.to_owned(), None)]);
    assert_eq!(node.due(&[(STATUS, "new"), (MULTI_IP_PREFERENCES, "{}")]), [gone]);
}

#[test]
fn a_container_that_comes_again_is_published_again() {
    let mut node = Node::new();
    node.add("c1", 1, "first").remove().unwrap();
    assert_eq!(node.due(&[]), []);
    let _journal = node.add("c1", 2, "second");
    assert_eq!(node.due(&[]), [status("second")]);
}

#[test]
fn a_record_that_is_too_large_is_passed_over() {
    let mut node = Node::new();
    let journal = node.add("c1", 1, "s");
    let file = fs::File::options().write(true).open(journal.path()).unwrap();
    file.set_len(MODERATE + 1).unwrap();
    assert_eq!(node.due(&[]), []);
    assert_eq!(node.publisher.waiting().count(), 0);
}

#[test]
fn what_the_api_server_refused_is_not_due_again_at_once() {
    let mut node = Node::new();
    let _journal = node.add("c1", 1, "new");
    let patches = node.patches(&[]);
    node.publisher.postpone(&patches[0].record, &NotPublished::Denied("forbidden".into()), Instant::now());
    assert_eq!(node.due(&[]), []);
    assert_eq!(node.publisher.waiting().count(), 1);
    // It is due again later, and each time later still.
    let lookup = |_: &Identity| Some(Shown { identity: web(), annotations: Some(Annotations::new()) });
    let later = Instant::now() + Duration::from_secs(11);
    assert_eq!(node.publisher.due(&lookup, later).len(), 1);
    node.publisher.postpone(&patches[0].record, &NotPublished::Denied("forbidden".into()), Instant::now());
    assert_eq!(node.publisher.due(&lookup, Instant::now() + Duration::from_secs(9)).len(), 0);
}

#[test]
fn a_pod_whose_annotations_are_too_large_to_be_known_gets_all_that_is_wanted() {
    let mut node = Node::new();
    let _journal = node.add("c1", 1, "new");
    node.publisher.refresh(&node.store()).unwrap();
    let large = |_: &Identity| Some(Shown { identity: web(), annotations: None });
    let patches = node.publisher.due(&large, Instant::now());
    let wanted = json!({STATUS: "new", MULTI_IP_PREFERENCES: null});
    assert_eq!(patches[0].body(), json!({"metadata": {"uid": "u1", "annotations": wanted}}));
}
