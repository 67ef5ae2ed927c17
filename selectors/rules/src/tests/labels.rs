//! Label selectors mean what they mean in Kubernetes.

use genie_selector::testing::Host;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::settings::fits;
use super::{holds, node};
use crate::label::check_key;

fn requirement(operator: &str, values: &[&str]) -> Value {
    match values {
        [] => json!({"key": "k", "operator": operator}),
        values => json!({"key": "k", "operator": operator, "values": values}),
    }
}

/// Whether the requirements hold for a pod with this value of the label `k`, and the same for the
/// namespace and the node.
fn met(value: Option<&str>, requirements: &[Value]) -> bool {
    let host = match value {
        Some(value) => Host::new().label("k", value).namespace_label("k", value).node_label("k", value),
        None => Host::new().label("other", "x").namespace_label("other", "x").node_label("other", "x"),
    };
    let [pod, namespace, node] =
        ["pod", "namespace", "node"].map(|of| holds(&host, &node(), &json!({of: {"matchExpressions": requirements}})));
    assert_eq!([pod, pod], [namespace, node], "{value:?} {requirements:?}");
    pod
}

#[test]
fn each_operator_with_each_kind_of_value() {
    for (operator, values, with_a, with_c, blank, missing) in [
        ("In", &["a", "b"][..], true, false, false, false),
        ("In", &[""][..], false, false, true, false),
        ("NotIn", &["a", "b"][..], false, true, true, true),
        ("NotIn", &[""][..], true, true, false, true),
        ("Exists", &[][..], true, true, true, false),
        ("DoesNotExist", &[][..], false, false, false, true),
    ] {
        let requirement = [requirement(operator, values)];
        let seen = [Some("a"), Some("c"), Some(""), None].map(|value| met(value, &requirement));
        assert_eq!(seen, [with_a, with_c, blank, missing], "{requirement:?}");
    }
}

#[test]
fn match_labels_is_a_value_that_the_label_has_to_have() {
    let host = Host::new().label("a", "1").label("b", "2");
    for (labels, expected) in [
        (json!({"a": "1"}), true),
        (json!({"a": "1", "b": "2"}), true),
        (json!({"a": "1", "b": "3"}), false),
        (json!({"c": ""}), false),
    ] {
        assert_eq!(holds(&host, &node(), &json!({"pod": {"matchLabels": labels}})), expected, "{labels}");
    }
    let both = json!({"matchLabels": {"a": "1"}, "matchExpressions": [{"key": "b", "operator": "DoesNotExist"}]});
    assert!(!holds(&host, &node(), &json!({"pod": both})), "all of both has to hold");
}

#[test]
fn a_key_is_one_of_kubernetes() {
    let longest = ["a".repeat(63), format!("{}/{}", vec!["b".repeat(63); 3].join("."), "a".repeat(63))];
    for key in ["a", "A_b.c-1", "example.org/tenant", "kubernetes.io/metadata.name"]
        .into_iter()
        .chain(longest.iter().map(|key| &**key))
    {
        assert_eq!(check_key(key), Ok(()), "{key}");
        assert_eq!(places_that_fit(key), [true; 4], "{key}");
    }
    let long = "a".repeat(64);
    for key in
        ["", "/", "a/", "/a", "a/b/c", "-a", "a-", "a b", "Ä", "a*", "Example.org/a", "ex_ample/a", "a..b", &long]
    {
        assert!(check_key(key).is_err(), "{key}");
        assert_eq!(places_that_fit(key), [false; 4], "{key}");
    }
}

/// Whether the schema takes a key of a label, in each place where one stands.
fn places_that_fit(key: &str) -> [bool; 4] {
    let pod = |pod: Value| json!({"pass": true, "when": {"pod": pod}});
    [
        pod(json!({"matchLabels": {key: ""}})),
        pod(json!({"matchExpressions": [{"key": key, "operator": "Exists"}]})),
        json!({"networksFrom": {"label": key}}),
        json!({"networksFrom": {"namespaceLabel": key}}),
    ]
    .map(|rule| fits(&json!({"rules": [rule]})))
}

proptest! {
    #[test]
    fn not_in_is_the_opposite_of_in_and_does_not_exist_of_exists(
        value in prop::option::of("[a-c]{0,2}"),
        values in prop::collection::vec("[a-c]{0,2}", 1..4),
    ) {
        let values: Vec<_> = values.iter().map(|value| &**value).collect();
        let value = value.as_deref();
        let is_in = met(value, &[requirement("In", &values)]);
        prop_assert_eq!(is_in, value.is_some_and(|value| values.contains(&value)));
        prop_assert_ne!(is_in, met(value, &[requirement("NotIn", &values)]));
        let exists = met(value, &[requirement("Exists", &[])]);
        prop_assert_eq!(exists, value.is_some());
        prop_assert_ne!(exists, met(value, &[requirement("DoesNotExist", &[])]));
        // Requirements are all to be met.
        prop_assert_eq!(is_in && exists, met(value, &[requirement("In", &values), requirement("Exists", &[])]));
    }

    #[test]
    fn a_glob_matches_what_a_regular_search_would(glob in "[ab*]{0,6}", text in "[ab]{0,6}") {
        prop_assert_eq!(
            holds(&Host::new(), &node().for_pod(&text, "p"), &json!({"namespace": {"names": [&glob]}})),
            naive(glob.as_bytes(), text.as_bytes())
        );
    }
}

/// A glob by its definition.
fn naive(glob: &[u8], text: &[u8]) -> bool {
    match (glob.split_first(), text.split_first()) {
        (None, None) => true,
        (Some((b'*', rest)), _) => naive(rest, text) || text.split_first().is_some_and(|(_, text)| naive(glob, text)),
        (Some((one, glob)), Some((other, text))) => one == other && naive(glob, text),
        _ => false,
    }
}
