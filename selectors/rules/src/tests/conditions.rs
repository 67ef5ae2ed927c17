//! When a rule decides, and what it asks for.

use genie_selector::testing::{Facts, Host};
use genie_selector::{Refusal, Verdict};
use serde_json::json;

use super::{calico, flannel, holds, host, node, plan, refused, select};

#[test]
fn the_first_rule_that_matches_decides_and_none_passes() {
    let rules = json!([
        {"name": "kube", "when": {"namespace": {"names": ["kube-*"]}}, "pass": true},
        {"name": "teams", "when": {"namespace": {"names": ["team-*", "shop"]}}, "networks": "calico"},
        {"when": {"namespace": {"names": ["team-red"]}}, "networks": "flannel"},
    ]);
    let told = |namespace: &str| select(&Host::new().granted("[]"), &node().for_pod(namespace, "web"), &rules);
    assert_eq!(told("kube-system"), Ok(Verdict::Pass));
    assert_eq!(told("team-red"), plan(r#"rule "teams": networks "calico""#, vec![calico()]));
    assert_eq!(told("shop"), told("team-red"));
    assert_eq!(told("elsewhere"), Ok(Verdict::Pass));
    let unnamed = json!([{"when": {"namespace": {"names": ["x"]}}, "pass": true}, {"networks": "flannel"}]);
    assert_eq!(select(&host(), &node(), &unnamed), plan(r#"rules[1]: networks "flannel""#, vec![flannel()]));
}

#[test]
fn all_conditions_of_a_rule_have_to_hold() {
    let request = node().for_pod("shop", "db-0").with_annotation("tier", "gold");
    let host = host()
        .label("app", "db")
        .namespace_label("tenant", "blue")
        .node_label("zone", "west")
        .service_account("robot")
        .owner("StatefulSet", "db");
    let parts = [
        ("namespace", json!({"names": ["shop"], "matchLabels": {"tenant": "blue"}}), json!({"names": ["other"]})),
        ("pod", json!({"names": ["db-*"], "matchLabels": {"app": "db"}}), json!({"matchLabels": {"app": "web"}})),
        ("node", json!({"names": ["node"], "matchLabels": {"zone": "west"}}), json!({"matchLabels": {"zone": "east"}})),
        ("serviceAccount", json!(["rob*"]), json!(["bob"])),
        ("owner", json!(["DaemonSet", "StatefulSet"]), json!(["ReplicaSet"])),
        ("annotations", json!({"tier": "g*d"}), json!({"tier": "silver"})),
        ("decided", json!("none"), json!("any")),
    ];
    let all: serde_json::Map<_, _> = parts.iter().map(|(key, right, _)| ((*key).to_owned(), right.clone())).collect();
    assert!(holds(&host, &request, &json!(all)));
    for (key, right, wrong) in parts {
        assert!(holds(&host, &request, &json!({key: right})), "{key}");
        assert!(!holds(&host, &request, &json!({key: wrong})), "{key}");
        let mut one_wrong = all.clone();
        one_wrong.insert(key.to_owned(), wrong);
        assert!(!holds(&host, &request, &json!(one_wrong)), "{key}");
    }
    for (key, wrong) in [
        ("namespace", json!({"matchLabels": {"tenant": "red"}})),
        ("pod", json!({"names": ["web-*"]})),
        ("node", json!({"names": ["node2"]})),
    ] {
        assert!(!holds(&host, &request, &json!({key: wrong})), "{key}");
    }
}

#[test]
fn without_conditions_a_rule_matches_every_pod() {
    let host = Host::new().granted("[]");
    for when in [json!({}), json!({"pod": {}}), json!({"namespace": {"matchLabels": {}, "matchExpressions": []}})] {
        assert!(holds(&host, &node(), &when), "{when}");
    }
}

#[test]
fn an_annotation_is_compared_or_has_to_be_there_or_not() {
    let request = node().with_annotation("tier", "gold-1").with_annotation("blank", "");
    for (annotations, expected) in [
        (json!({"tier": "gold-*"}), true),
        (json!({"tier": "gold"}), false),
        (json!({"tier": ["silver", "*-1"]}), true),
        (json!({"tier": true}), true),
        (json!({"tier": false}), false),
        (json!({"blank": "*"}), true),
        (json!({"blank": ""}), true),
        (json!({"none": "*"}), false),
        (json!({"none": false}), true),
        (json!({"none": true}), false),
        (json!({"tier": true, "none": "x"}), false),
    ] {
        assert_eq!(holds(&Host::new(), &request, &json!({"annotations": annotations})), expected, "{annotations}");
    }
}

#[test]
fn a_pod_without_an_owner_matches_no_kind() {
    assert!(!holds(&host(), &node(), &json!({"owner": ["*"]})));
}

#[test]
fn a_fact_is_asked_for_once_and_only_when_all_before_it_holds() {
    let labels = |key: &str| json!({"matchLabels": {key: "x"}});
    let both = json!([
        {"when": {"namespace": {"names": ["other"]}, "pod": labels("a"), "node": labels("b"), "owner": ["x"]}, "pass": true},
        {"when": {"annotations": {"none": true}, "serviceAccount": ["x"]}, "pass": true},
    ]);
    let asking_nothing = Host::new().granted("[]");
    assert_eq!(select(&asking_nothing, &node(), &both), Ok(Verdict::Pass));

    let host = host().label("a", "x").namespace_label("n", "x").service_account("robot").owner("Job", "j");
    let rule = json!({
        "when": {"pod": labels("a"), "namespace": labels("n"), "node": labels("b"), "serviceAccount": ["robot"], "owner": ["Job"]},
        "pass": true,
    });
    assert_eq!(select(&host, &node(), &json!([rule, rule, rule])), Ok(Verdict::Pass));
    let asked = ["pod::labels", "pod::service_account", "pod::owner", "namespace::labels", "node::label b"];
    assert_eq!(host.asked(), asked);
}

#[test]
fn a_fact_that_cannot_be_had_makes_the_pod_wait_and_names_the_rule() {
    let host = host().unavailable(Facts::Pod, "the agent is down");
    let rules = json!([{"name": "apps", "when": {"pod": {"matchLabels": {"app": "x"}}}, "networks": "calico"}]);
    let expected = r#"rule "apps": the pod's labels: the agent is down"#;
    assert_eq!(select(&host, &node(), &rules), Err(Refusal::unavailable(expected)));
    let rules = json!([{"when": {"node": {"matchLabels": {"zone": "x"}}}, "deny": "no"}]);
    let refusal = select(&host.unavailable(Facts::Node, "no API server"), &node(), &rules);
    assert_eq!(refused(refusal), "cannot decide now: rules[0]: the node's label zone: no API server");
}
