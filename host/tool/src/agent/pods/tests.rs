use serde_json::{Value, json};

use super::slim::LARGEST;
use super::*;
use crate::kubernetes::STATIC_UID;

fn metadata(name: &str, uid: &str) -> Value {
    json!({
        "namespace": "default", "name": name, "uid": uid,
        "annotations": {"cni": "calico", "kubectl.kubernetes.io/last-applied-configuration": "{\"env\":\"secret\"}"},
        "labels": {"app": "web"},
        "ownerReferences": [{"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "web", "uid": "r", "controller": true}],
        "managedFields": [{"manager": "kubectl", "fieldsV1": {"f:metadata": {}}}],
    })
}

fn of(metadata: &Value) -> Slim {
    // As text, as it comes from the API server.
    serde_json::from_str(&json!({"kind": "PartialObjectMetadata", "metadata": metadata}).to_string()).unwrap()
}

fn pod(name: &str, uid: &str) -> Slim {
    of(&metadata(name, uid))
}

impl Pods {
    fn facts(&self, wanted: &Identity) -> Option<PodFacts> {
        match self.get(wanted) {
            Known::Facts(facts) => Some(facts),
            Known::Nothing => None,
            Known::Large(pod) => panic!("{pod:?} is too large"),
        }
    }
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

#[test]
fn what_is_known_of_a_pod_is_what_selectors_ask_for() {
    let pods = Pods::default();
    assert!(pods.hear(Event::Apply(pod("web", "1"))), "publication is woken");
    let facts = pods.facts(&named("web", Some("1"))).unwrap();
    assert_eq!(facts.annotations.into_iter().collect::<Vec<_>>(), [("cni".to_owned(), "calico".to_owned())]);
    assert_eq!(facts.labels["app"], "web");
    assert_eq!(facts.owner, Some(("ReplicaSet".into(), "web".into())));
}

#[test]
fn a_pod_of_another_uid_is_another_pod() {
    let pods = Pods::default();
    pods.hear(Event::Apply(pod("web-0", "2")));
    assert!(pods.facts(&named("web-0", Some("1"))).is_none());
    assert!(pods.facts(&named("web-0", None)).is_some());
    // The end of the first pod is told late.
    pods.hear(Event::Delete(pod("web-0", "1")));
    assert!(pods.facts(&named("web-0", Some("2"))).is_some());
    pods.hear(Event::Delete(pod("web-0", "2")));
    assert!(pods.facts(&named("web-0", None)).is_none());
}

#[test]
fn a_list_replaces_what_was_known_when_it_has_come_to_its_end() {
    let pods = Pods::default();
    listed(&pods, &["a", "b"]);
    assert_eq!((pods.len(), pods.is_watched()), (0, false));
    assert!(pods.hear(Event::InitDone));
    assert_eq!((pods.len(), pods.is_watched()), (2, true));

    // A list is cut short and begun again. A pod that was deleted in between is not in the new one.
    listed(&pods, &["c"]);
    pods.fail("no answer");
    assert_eq!((pods.len(), pods.is_watched()), (2, false), "known as long as nothing else is");
    listed(&pods, &["b"]);
    pods.hear(Event::InitDone);
    assert_eq!((pods.len(), pods.is_watched()), (1, true));
    assert!(pods.facts(&named("c", None)).is_none());
}

#[test]
fn a_watch_that_has_not_failed_for_a_while_works_even_if_it_has_nothing_to_tell() {
    let pods = Pods::default();
    pods.hear(Event::InitDone);
    pods.fail("no answer");
    assert!(!pods.is_watched());
    pods.lock().failed = Instant::now().checked_sub(RECOVERED);
    assert!(pods.is_watched());
}

#[test]
fn a_static_pod_is_known_by_its_kubelets_uid_too() {
    let pods = Pods::default();
    let mut mirror = metadata("web", "mirror");
    mirror["annotations"][STATIC_UID] = "hash".into();
    pods.hear(Event::Apply(of(&mirror)));
    let known = pods.facts(&named("web", Some("hash"))).unwrap();
    assert_eq!(known.identity.uid.as_deref(), Some("mirror"), "the API server's uid is the one to patch");
    assert!(pods.facts(&named("web", Some("other"))).is_none());
}

#[test]
fn of_a_pod_with_large_annotations_is_kept_who_it_is() {
    let pods = Pods::default();
    let large = |field: &str, value: Value| {
        let mut metadata = metadata("large", "1");
        metadata[field] = value;
        metadata["annotations"][STATIC_UID] = "hash".into();
        of(&metadata)
    };
    let many: Value = (0..LARGEST / 64).map(|index| (format!("k{index}"), json!(""))).collect();
    for (what, pod) in [
        ("one value", large("annotations", json!({"a": "x".repeat(LARGEST)}))),
        ("many values, which take more than their texts", large("annotations", many.clone())),
        ("labels", large("labels", many)),
    ] {
        pods.hear(Event::Apply(pod));
        let identity = named("large", Some("1"));
        assert_eq!(pods.get(&identity), Known::Large(identity.clone()), "{what}");
        assert_eq!(pods.get(&named("large", Some("hash"))), Known::Large(identity.clone()), "{what}");
        assert_eq!(pods.get(&named("large", Some("2"))), Known::Nothing, "{what}");
        assert_eq!(pods.shown(&identity), Some(Shown { identity: identity.clone(), annotations: None }), "{what}");
    }
    assert_eq!(pods.lock().known.size, 0);

    // A large manifest that kubectl keeps in an annotation makes no pod too large.
    let mut applied = metadata("web", "1");
    applied["annotations"]["kubectl.kubernetes.io/last-applied-configuration"] = "x".repeat(LARGEST).into();
    pods.hear(Event::Apply(of(&applied)));
    assert_eq!(pods.facts(&named("web", None)).unwrap().annotations["cni"], "calico");
}

#[test]
fn what_all_pods_take_together_is_bounded() {
    let pods = Pods::default();
    let nearly = |index: usize| {
        let mut metadata = metadata(&format!("pod{index}"), "1");
        metadata["annotations"]["a"] = "x".repeat(LARGEST / 2).into();
        of(&metadata)
    };
    let enough = 2 * ALL / LARGEST + 10;
    for index in 0..enough {
        pods.hear(Event::Apply(nearly(index)));
        assert!(pods.lock().known.size <= ALL);
    }
    assert_eq!(pods.len(), enough);
    assert!(matches!(pods.get(&named("pod0", None)), Known::Facts(_)));
    let last = named(&format!("pod{}", enough - 1), None);
    assert!(matches!(pods.get(&last), Known::Large(_)));
    // There is room again.
    for index in 0..20 {
        pods.hear(Event::Delete(nearly(index)));
    }
    pods.hear(Event::Apply(nearly(enough - 1)));
    assert!(matches!(pods.get(&last), Known::Facts(_)));
    for index in 0..enough {
        pods.hear(Event::Delete(nearly(index)));
    }
    assert_eq!((pods.len(), pods.lock().known.size), (0, 0));
}
