//! What only a pod would find out, told before.

use serde_json::{Value, json};

use super::findings;
use crate::approve::finding::Level;
use genie_core::config;

/// What is found in an entry, with whether it is an error.
#[track_caller]
fn found(entry: &Value) -> Vec<(bool, String)> {
    let config = json!({"selectors": [entry]});
    let entry = config::chain::entries(config.as_object().unwrap()).unwrap().remove(0).unwrap();
    findings(&entry).into_iter().map(|finding| (finding.level == Level::Error, finding.what)).collect()
}

fn table(rule: &Value) -> Value {
    json!({"module": "rules", "settings": {"rules": [rule]}})
}

#[track_caller]
fn assert_found(entry: &Value, is_error: bool, says: &[&str]) {
    let found = found(entry);
    let [(level, what)] = &found[..] else { panic!("one finding of {entry}: {found:?}") };
    assert_eq!(*level, is_error, "{what}");
    for part in says {
        assert!(what.contains(part), "{part:?}: {what}");
    }
}

#[test]
fn a_guard_that_is_asked_only_while_nothing_is_decided_is_told() {
    let guard = json!({"when": {"decided": {"otherThan": ["calico"]}}, "deny": "calico only"});
    let always = "write \"run\": \"always\" in it";
    assert_found(&table(&guard), false, &["\"rules\": settings.rules[0].when.decided never holds", always]);
    let adds = json!({"name": "second", "add": "macvlan@net1"});
    assert_found(&table(&adds), true, &["settings.rules[0] (\"second\").add refuses each pod", always]);
    for rule in [guard, adds] {
        for run in ["always", "shadow"] {
            let mut entry = table(&rule);
            entry["run"] = run.into();
            assert_eq!(found(&entry), [], "{entry}");
        }
    }
    assert_eq!(found(&table(&json!({"when": {"decided": "none"}, "networks": "calico"}))), []);
}

#[test]
fn a_list_that_is_none_is_told() {
    for key in ["networks", "add"] {
        for list in [json!("blue,blue@@@@;;"), json!("blue, ,,"), json!(["blue", ""]), json!(" "), json!("a@x,b@x")] {
            let mut entry = table(&json!({key: list}));
            entry["run"] = "always".into();
            assert_found(&entry, true, &[&format!("selector \"rules\": settings.rules[0].{key}: ")]);
        }
    }
    let default = json!({"module": "default-plugin", "settings": {"networks": "blue blue@@"}});
    assert_found(&default, true, &["selector \"default-plugin\": settings.networks: "]);
    for networks in [json!(""), json!([]), Value::Null, json!("blue,red@net1"), json!(["blue"])] {
        assert_eq!(found(&json!({"module": "default-plugin", "settings": {"networks": networks}})), []);
    }
}

#[test]
fn a_pod_without_an_address_is_told() {
    let nowhere = table(&json!({"networks": "blue@net1"}));
    assert_found(&nowhere, false, &["no network is on eth0", "or as blue@eth0"]);
    for networks in ["blue", "blue@eth0", "red@net1,blue"] {
        assert_eq!(found(&table(&json!({"networks": networks}))), [], "{networks}");
    }
}

#[test]
fn a_rule_that_asks_what_is_not_granted_is_told_with_the_line_that_grants_it() {
    let labels = json!({"matchLabels": {"a": "b"}});
    let exist = json!({"matchExpressions": [{"key": "a", "operator": "Exists"}]});
    let namespace = r#"{"cluster":["v1/Namespace"]}"#;
    for (rule, place, grant) in [
        (json!({"when": {"namespace": labels}, "pass": true}), ".when.namespace asks", namespace),
        (json!({"when": {"namespace": exist}, "pass": true}), ".when.namespace asks", namespace),
        (json!({"networksFrom": {"namespaceLabel": "a"}}), ".networksFrom asks", namespace),
        (json!({"when": {"pod": labels}, "pass": true}), ".when.pod asks", "\"pod\""),
        (json!({"when": {"serviceAccount": ["a"]}, "pass": true}), ".when.serviceAccount asks", "\"pod\""),
        (json!({"when": {"owner": ["Job"]}, "pass": true}), ".when.owner asks", "\"pod\""),
        (json!({"networksFrom": {"label": "a"}}), ".networksFrom asks", "\"pod\""),
        (json!({"when": {"node": labels}, "pass": true}), ".when.node asks", "\"node\""),
    ] {
        assert_eq!(found(&table(&rule)), [], "the usual grants: {rule}");
        let mut entry = table(&rule);
        entry["imports"] = "any".into();
        entry["grant"] = json!([{"networks": ["a"]}]);
        let advice = format!(r#"write "grant": [{{"networks":["a"]}}, {grant}] in its entry"#);
        assert_found(&entry, true, &[&format!("settings.rules[0]{place}"), &advice]);
    }
    // Names cost no question.
    let names = json!({"names": ["a"], "matchLabels": {}, "matchExpressions": []});
    let mut entry = table(&json!({"when": {"namespace": names, "pod": names, "node": names}, "pass": true}));
    entry["grant"] = json!([]);
    assert_eq!(found(&entry), []);
    // A plain "cluster" means the kinds that describe networks.
    let mut entry = table(&json!({"networksFrom": {"namespaceLabel": "a"}}));
    entry["grant"] = json!(["pod", "node", "cluster"]);
    assert_found(&entry, true, &[r#"write "grant": ["pod", "node", "cluster", {"cluster":["v1/Namespace"]}] in"#]);
}

#[test]
fn an_owner_that_is_no_kind_is_told() {
    let of = |kind| table(&json!({"when": {"owner": [kind]}, "pass": true}));
    for kind in ["job", "replicaSet", "batch/Job"] {
        assert_found(&of(kind), false, &[&format!("settings.rules[0].when.owner: {kind:?}"), "capital letter"]);
    }
    for kind in ["Job", "*Set"] {
        assert_eq!(found(&of(kind)), [], "{kind}");
    }
}
