//! The table as a guard: `"run": "always"`, with a decision before it.

use genie_selector::{Attachment, Plan, Refusal, Request, Verdict};
use serde_json::{Value, json};

use super::{calico, flannel, holds, host, node, plan, refused, select, storage};

fn after(attachments: Vec<Attachment>) -> Request {
    node().after(Plan::new("earlier", attachments))
}

#[test]
fn what_was_decided_is_compared_as_cni_finds_networks() {
    let by_name = Attachment::installed("k8s-pod-network");
    let gone = Attachment::installed("99-gone.conf");
    let definition = Attachment::definition("demo", "calico");
    for (decided, condition, expected) in [
        (vec![calico()], json!("any"), true),
        (vec![calico()], json!("none"), false),
        (vec![calico()], json!({"networks": ["calico"]}), true),
        (vec![by_name.clone()], json!({"networks": ["calico"]}), true),
        (vec![flannel(), calico()], json!({"networks": ["k8s-pod-network"]}), true),
        (vec![flannel()], json!({"networks": ["calico", "storage"]}), false),
        (vec![calico()], json!({"otherThan": ["calico"]}), false),
        (vec![by_name, calico().on("eth1")], json!({"otherThan": ["10-calico"]}), false),
        (vec![calico(), flannel()], json!({"otherThan": ["calico"]}), true),
        (vec![calico(), flannel()], json!({"otherThan": ["calico", "cbr0"]}), false),
        // What is not installed is none of those that are listed.
        (vec![gone.clone()], json!({"otherThan": ["calico", "99-gone.conf"]}), true),
        (vec![gone], json!({"networks": ["99-gone.conf"]}), false),
        (vec![definition.clone()], json!({"otherThan": ["calico"]}), true),
        (vec![definition], json!({"networks": ["calico"]}), false),
        (vec![Attachment::inline("{}")], json!({"otherThan": ["calico"]}), true),
    ] {
        let told = holds(&host(), &after(decided.clone()), &json!({"decided": condition}));
        assert_eq!(told, expected, "{condition} {decided:?}");
    }
    for (condition, expected) in [
        (json!("any"), false),
        (json!("none"), true),
        (json!({"networks": ["calico"]}), false),
        (json!({"otherThan": ["calico"]}), false),
    ] {
        assert_eq!(holds(&host(), &node(), &json!({"decided": condition})), expected, "{condition}");
    }
}

#[test]
fn a_name_in_decided_that_is_not_installed_lets_nothing_through_and_is_logged() {
    let host = host();
    let rules = json!([{"name": "guard", "when": {"decided": {"otherThan": ["calcio"]}}, "deny": "calico only"}]);
    assert_eq!(select(&host, &after(vec![calico()]), &rules), Err(Refusal::denied("rule \"guard\": calico only")));
    assert!(host.logged(r#"rule "guard": decided names "calcio", which is not installed here"#));
}

fn guard() -> Value {
    json!([
        {"when": {"namespace": {"matchLabels": {"networks": "free"}}}, "pass": true},
        {"name": "calico-only", "when": {"decided": {"otherThan": ["calico"]}}, "deny": "pods of this namespace may use calico only"},
    ])
}

#[test]
fn a_guard_lets_stand_or_refuses() {
    let open = host().namespace_label("networks", "free");
    assert_eq!(select(&open, &after(vec![flannel()]), &guard()), Ok(Verdict::Pass));
    assert_eq!(select(&host(), &after(vec![calico()]), &guard()), Ok(Verdict::Pass));
    let told = refused(select(&host(), &after(vec![calico(), flannel()]), &guard()));
    assert_eq!(told, r#"denied: rule "calico-only": pods of this namespace may use calico only"#);
}

#[test]
fn networks_replaces_what_was_decided() {
    let rules = json!([{"when": {"decided": {"networks": ["flannel"]}}, "networks": "calico"}]);
    assert_eq!(
        select(&host(), &after(vec![flannel()]), &rules),
        plan(r#"rules[0]: networks "calico""#, vec![calico()])
    );
    assert_eq!(select(&host(), &after(vec![storage()]), &rules), Ok(Verdict::Pass));
}

#[test]
fn add_appends_what_the_pod_does_not_have() {
    let rules = json!([{"name": "disks", "add": "storage@net1"}]);
    let mut decided = calico().on("eth0");
    decided.ips = vec!["10.0.0.5".to_owned()];
    let both = plan(r#"earlier; rule "disks" adds "storage@net1""#, vec![decided.clone(), storage().on("net1")]);
    assert_eq!(select(&host(), &after(vec![decided.clone()]), &rules), both, "the decision itself stays as it is");
    assert_eq!(select(&host(), &after(vec![calico(), storage()]), &rules), Ok(Verdict::Pass));
    let two = json!([{"add": ["flannel", "storage"]}]);
    let added = plan(r#"earlier; rules[0] adds "flannel,storage""#, vec![flannel(), storage()]);
    assert_eq!(select(&host(), &after(vec![flannel()]), &two), added);
}

#[test]
fn add_without_a_decision_is_the_operators_mistake() {
    let Err(Refusal::Invalid(mistake)) = select(&host(), &node(), &json!([{"add": "storage"}])) else {
        panic!("it is refused");
    };
    assert_eq!(mistake.key, "settings.rules[0].add");
    assert!(mistake.message.contains(r#"write "run": "always""#), "{mistake:?}");
    let told = refused(select(&host(), &after(vec![calico()]), &json!([{"add": "storagee"}])));
    assert!(told.starts_with(r#"settings.rules[0].add: "storagee": no such network; did you mean storage?"#), "{told}");
}
