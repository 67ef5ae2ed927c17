//! What a rule that matches does.

use genie_selector::testing::Host;
use genie_selector::{Refusal, Verdict, testing};
use serde_json::{Value, json};

use super::{calico, flannel, host, node, plan, refused, select, storage};

#[test]
fn networks_are_text_or_an_array_of_the_grammar_of_cni() {
    for (written, shown, attachments) in [
        (json!("calico"), "calico", vec![calico()]),
        (json!("flannel,storage@net1"), "flannel,storage@net1", vec![flannel(), storage().on("net1")]),
        (json!(["flannel", "storage@net1"]), "flannel,storage@net1", vec![flannel(), storage().on("net1")]),
        (json!("10-calico.conflist"), "10-calico.conflist", vec![calico()]),
    ] {
        let told = select(&host(), &node(), &json!([{"networks": written}]));
        assert_eq!(told, plan(&format!("rules[0]: networks {shown:?}"), attachments), "{written}");
    }
}

#[test]
fn a_network_that_a_rule_names_and_the_node_lacks_is_the_operators() {
    let rules = json!([{"when": {"namespace": {"names": ["x"]}}, "pass": true}, {"name": "all", "networks": "calcio"}]);
    let Err(Refusal::Invalid(mistake)) = select(&host(), &node(), &rules) else { panic!("it is refused") };
    assert_eq!((&*mistake.key, &*mistake.value), ("settings.rules[1].networks", "calcio"));
    assert!(
        mistake.message.ends_with(r#"did you mean calico? 3 networks are installed here (rule "all")"#),
        "{mistake:?}"
    );
    for (list, expected) in [
        ("calico,,flannel", "element 2 of the list is empty"),
        ("storage@net1", "no network is on eth0"),
        ("calico@a@b", "more than one `@`"),
    ] {
        let told = refused(select(&host(), &node(), &json!([{"networks": list}])));
        assert!(told.starts_with("settings.rules[0].networks: ") && told.contains(expected), "{told}");
    }
    let empty = select(&host(), &testing::request(), &json!([{"networks": "calico"}]));
    assert!(matches!(empty, Err(Refusal::Unavailable(why)) if why.starts_with("rules[0]: no CNI plugin installed")));
}

fn from(origin: &Value) -> Value {
    json!([{"name": "tenants", "networksFrom": origin}, {"networks": "flannel"}])
}

#[test]
fn networks_from_takes_what_a_label_or_annotation_says() {
    let host = host().label("net", "calico").namespace_label("tenant", "storage");
    let request = node().with_annotation("nets", "calico, storage@net1");
    for (origin, reason, attachments) in [
        (json!({"label": "net"}), r#"label net: "calico""#, vec![calico()]),
        (json!({"namespaceLabel": "tenant"}), r#"label tenant of namespace demo: "storage""#, vec![storage()]),
        (
            json!({"annotation": "nets"}),
            r#"annotation nets: "calico, storage@net1""#,
            vec![calico(), storage().on("net1")],
        ),
    ] {
        let told = select(&host, &request, &from(&origin));
        assert_eq!(told, plan(&format!(r#"rule "tenants": {reason}"#), attachments), "{origin}");
    }
}

#[test]
fn where_nothing_names_the_networks_the_next_rule_is_tried() {
    let next = plan(r#"rules[1]: networks "flannel""#, vec![flannel()]);
    let request = node().with_annotation("blank", "  ");
    for origin in ["label", "namespaceLabel", "annotation"] {
        assert_eq!(select(&host(), &request, &from(&json!({origin: "none"}))), next, "{origin}");
    }
    assert_eq!(select(&host(), &request, &from(&json!({"annotation": "blank"}))), next);
}

#[test]
fn a_wrong_name_in_a_label_or_annotation_is_its_writers() {
    let host = host().label("net", "calcio").namespace_label("tenant", "bleu");
    let request = node().with_annotation("nets", "weave");
    for (origin, key, value) in [
        (json!({"label": "net"}), "label net", "calcio"),
        (json!({"namespaceLabel": "tenant"}), "label tenant of namespace demo", "bleu"),
        (json!({"annotation": "nets"}), "annotation nets", "weave"),
    ] {
        let Err(Refusal::Invalid(mistake)) = select(&host, &request, &from(&origin)) else { panic!("{origin}") };
        assert_eq!((&*mistake.key, &*mistake.value), (key, value));
        assert!(mistake.message.starts_with("no such network") && mistake.message.ends_with(r#"(rule "tenants")"#));
    }
}

#[test]
fn deny_tells_the_sentence_and_the_rule() {
    let rules = json!([{"name": "closed", "deny": "this namespace has no network"}]);
    let expected = r#"rule "closed": this namespace has no network"#;
    assert_eq!(select(&Host::new(), &node(), &rules), Err(Refusal::denied(expected)));
}

#[test]
fn pass_ends_the_table() {
    assert_eq!(select(&host(), &node(), &json!([{"pass": true}, {"deny": "never"}])), Ok(Verdict::Pass));
}
