use serde_json::json;

use super::*;

fn pod(name: &str, uid: &str) -> PartialObjectMeta<Pod> {
    serde_json::from_value(json!({"metadata": {
        "namespace": "default", "name": name, "uid": uid,
        "annotations": {"cni": "calico", "kubectl.kubernetes.io/last-applied-configuration": "{\"env\":\"secret\"}"},
        "labels": {"app": "web"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r", "controller": true}],
    }}))
    .unwrap()
}

fn named(name: &str, uid: Option<&str>) -> Identity {
    Identity { namespace: "default".into(), name: name.into(), uid: uid.map(Into::into) }
}

fn listed(pods: &Pods, names: &[&str]) {
    pods.hear(Event::Init);
    for name in names {
        pods.hear(Event::InitApply(pod(name, "1")));
    }
}

fn failure() -> watcher::Error {
    watcher::Error::NoResourceVersion
}

#[test]
fn what_is_known_of_a_pod_is_what_selectors_ask_for() {
    let pods = Pods::default();
    assert!(pods.hear(Event::Apply(pod("web", "1"))), "publication is woken");
    let facts = pods.get(&named("web", Some("1"))).unwrap();
    assert_eq!(facts.annotations.into_iter().collect::<Vec<_>>(), [("cni".to_owned(), "calico".to_owned())]);
    assert_eq!(facts.labels["app"], "web");
    assert_eq!(facts.owner, Some(("ReplicaSet".into(), "web".into())));
}

#[test]
fn a_pod_of_another_uid_is_another_pod() {
    let pods = Pods::default();
    pods.hear(Event::Apply(pod("web-0", "2")));
    assert!(pods.get(&named("web-0", Some("1"))).is_none());
    assert!(pods.get(&named("web-0", None)).is_some());
    // The end of its predecessor comes late.
    pods.hear(Event::Delete(pod("web-0", "1")));
    assert!(pods.get(&named("web-0", Some("2"))).is_some());
    pods.hear(Event::Delete(pod("web-0", "2")));
    assert!(pods.get(&named("web-0", None)).is_none());
}

#[test]
fn a_list_replaces_what_was_known_when_it_has_come_to_its_end() {
    let pods = Pods::default();
    listed(&pods, &["a", "b"]);
    assert_eq!((pods.len(), pods.is_watched()), (0, false));
    assert!(pods.hear(Event::InitDone));
    assert_eq!((pods.len(), pods.is_watched()), (2, true));

    // Cut short, and begun again: what went in the meantime is not in it any more.
    listed(&pods, &["c"]);
    pods.fail(&failure());
    assert_eq!((pods.len(), pods.is_watched()), (2, false), "known as long as nothing else is");
    listed(&pods, &["b"]);
    pods.hear(Event::InitDone);
    assert_eq!((pods.len(), pods.is_watched()), (1, true));
    assert!(pods.get(&named("c", None)).is_none());
}

#[test]
fn a_watch_that_has_not_failed_for_a_while_works_even_if_it_has_nothing_to_tell() {
    let pods = Pods::default();
    pods.hear(Event::InitDone);
    pods.fail(&failure());
    assert!(!pods.is_watched());
    pods.lock().failed = Instant::now().checked_sub(RECOVERED);
    assert!(pods.is_watched());
}

#[test]
fn a_static_pod_is_known_by_its_kubelets_uid_too() {
    let pods = Pods::default();
    let mut mirror = pod("web", "mirror");
    mirror.metadata.annotations.get_or_insert_default().insert(STATIC_UID.into(), "hash".into());
    pods.hear(Event::Apply(mirror));
    let known = pods.get(&named("web", Some("hash"))).unwrap();
    assert_eq!(known.identity.uid.as_deref(), Some("mirror"), "the API server's uid is the one to patch");
    assert!(pods.get(&named("web", Some("other"))).is_none());
}
