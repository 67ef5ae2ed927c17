use std::fmt;

use super::{Facts, Host, request};
use crate::log::{self, Level};
use crate::{Plan, Refusal, cluster, namespace, node, pod};

#[test]
fn a_host_answers_what_it_was_told() {
    let host = Host::new()
        .label("b", "2")
        .label("a", "1")
        .service_account("robot")
        .owner("ReplicaSet", "web")
        .namespace_label("team", "red")
        .object("v1", "Namespace", None, "demo", "{}")
        .object("v1", "Secret", Some("demo"), "key", "[]")
        .traffic("cali1", 10, 1)
        .traffic("cali2", u64::MAX, 2)
        .traffic("flannel.1", 5, 5)
        .traffic_rate("cali1", 3, 0)
        .traffic_rate("cali2", u64::MAX, 1)
        .traffic_rate("flannel.1", 9, 9)
        .node_label("zone", "west")
        .free_addresses("10-a.conf", 7);
    host.run(|| {
        let labels = vec![("a".to_owned(), "1".to_owned()), ("b".to_owned(), "2".to_owned())];
        assert_eq!(pod::labels(), Ok(labels));
        assert_eq!(pod::label("c"), Ok(None));
        assert_eq!(pod::service_account(), Ok("robot".to_owned()));
        assert_eq!(pod::owner(), Ok(Some(("ReplicaSet".to_owned(), "web".to_owned()))));
        assert_eq!(namespace::labels(), Ok(vec![("team".to_owned(), "red".to_owned())]));
        assert_eq!(namespace::label("colour"), Ok(None));
        assert_eq!(cluster::get("v1", "Namespace", None, "demo"), Ok(Some("{}".to_owned())));
        assert_eq!(cluster::get("v1", "Secret", Some("demo"), "key"), Ok(Some("[]".to_owned())));
        assert_eq!(cluster::get("v1", "Secret", None, "key"), Ok(None));
        let sum = node::Counters { rx_bytes: u64::MAX, tx_bytes: 3 };
        assert_eq!(node::traffic("cali"), Ok(sum));
        assert_eq!(node::traffic_rate("cali"), Ok(node::Rates { rx_bytes: u64::MAX, tx_bytes: 1 }));
        assert_eq!(node::traffic_rate("weav"), Ok(node::Rates { rx_bytes: 0, tx_bytes: 0 }));
        assert_eq!(node::label("zone"), Ok(Some("west".to_owned())));
        assert_eq!(node::free_addresses("10-a.conf"), Ok(Some(7)));
        assert_eq!(node::free_addresses("10-b.conf"), Ok(None));
    });
    let asked = host.asked();
    assert_eq!(asked[..3], ["pod::labels", "pod::labels", "pod::service_account"]);
    assert!(asked.contains(&"cluster::get Secret key".to_owned()), "{asked:?}");
}

/// Whether the host lets `ask` have its answer.
fn allows(grant: &str, ask: impl Fn() + std::panic::UnwindSafe) -> bool {
    let host = Host::new().granted(grant);
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| host.run(ask))).is_ok()
}

#[test]
fn a_host_with_grants_answers_what_is_granted_and_nothing_else() {
    let get = |api: &'static str, kind: &'static str, namespace: Option<&'static str>| {
        move || _ = cluster::get(api, kind, namespace, "x")
    };
    let map = get("v1", "ConfigMap", Some("demo"));
    let others = get("v1", "ConfigMap", Some("other"));
    for (grant, granted) in [
        ("[]", [false; 6]),
        (r#"["pod"]"#, [true, false, false, false, false, false]),
        (r#"["node", "addresses", {"args": ["KEY"]}]"#, [false, true, false, false, false, false]),
        (r#"["cluster"]"#, [false, false, false, false, false, true]),
        (r#"[{"cluster": ["v1/Namespace"]}]"#, [false, false, true, false, false, false]),
        (r#"[{"cluster": ["ConfigMap"]}]"#, [false, false, false, true, false, false]),
        (
            r#"[{"cluster": {"kinds": ["v1/ConfigMap"], "namespaces": ["other"]}}]"#,
            [false, false, false, true, true, false],
        ),
        (r#"[{"cluster": {"namespaces": ["*"]}}]"#, [false, false, false, false, false, true]),
        (
            r#"[{"cluster": ["k8s.cni.cncf.io/NetworkAttachmentDefinition"]}]"#,
            [false, false, false, false, false, true],
        ),
    ] {
        let definition = get("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition", Some("demo"));
        let seen = [
            allows(grant, || _ = pod::labels()),
            allows(grant, || _ = node::label("zone")),
            allows(grant, || _ = namespace::labels()),
            allows(grant, map),
            allows(grant, others),
            allows(grant, definition),
        ];
        assert_eq!(seen, granted, "{grant}");
    }
    let elsewhere = Host::new().granted(r#"[{"cluster": ["v1/ConfigMap"]}]"#).in_namespace("other");
    elsewhere.run(others);
}

#[test]
fn facts_that_cannot_be_had_say_what_and_why() {
    let host = Host::new().label("a", "1").unavailable(Facts::Pod, "the agent is down");
    host.run(|| {
        assert_eq!(pod::label("a"), Err(Refusal::unavailable("the pod's labels: the agent is down")));
        assert_eq!(node::label("zone"), Ok(None));
    });
}

#[test]
fn outside_of_run_nothing_answers_and_nothing_breaks() {
    Host::new().run(|| ());
    log::error!("lost");
    assert!(matches!(cluster::get("v1", "Pod", Some("a"), "b"), Err(Refusal::Unavailable(_))));
}

#[test]
fn the_earlier_host_is_back_after_a_run_and_after_a_panic() {
    let outer = Host::new().label("who", "outer");
    outer.run(|| {
        let inner = Host::new().label("who", "inner");
        assert_eq!(inner.run(|| pod::label("who")), Ok(Some("inner".to_owned())));
        let broken = std::panic::catch_unwind(|| Host::new().run(|| panic!("as the test wants")));
        assert!(broken.is_err());
        assert_eq!(pod::label("who"), Ok(Some("outer".to_owned())));
    });
}

#[test]
fn messages_are_kept_in_order_and_formatted_only_if_kept() {
    struct Unprintable;
    impl fmt::Display for Unprintable {
        fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
            panic!("formatted a message that nobody keeps")
        }
    }
    let host = Host::new().log_level(Level::Info);
    host.run(|| {
        log::debug!("{Unprintable}");
        log::info!("one {}", 1);
        log::warn!("two");
        assert!(log::enabled(Level::Error) && !log::enabled(Level::Debug));
    });
    let expected = [(Level::Info, "one 1".to_owned()), (Level::Warn, "two".to_owned())];
    assert_eq!(host.log(), expected);
    assert!(host.logged("ne 1") && !host.logged("three"));
}

#[test]
fn a_request_holds_what_the_test_adds() {
    let plan = Plan::new("earlier", Vec::new());
    let request = request()
        .for_pod("blue", "web")
        .with_annotation("z", "")
        .with_annotation("a", "1")
        .with_attribute("unusable", "x: y")
        .with_attribute("self", "s")
        .with_attribute("unusable", "z: y")
        .after(plan.clone());
    assert_eq!((&*request.pod.namespace, &*request.pod.name), ("blue", "web"));
    assert_eq!(request.annotations[0].0, "a");
    assert_eq!(request.annotation("z"), Some(""));
    assert_eq!(request.annotation("y"), None);
    assert_eq!(request.attribute("unusable"), Some("x: y"));
    assert_eq!(request.attributes("unusable").collect::<Vec<_>>(), ["x: y", "z: y"]);
    assert_eq!(request.decided, Some(plan));
}
