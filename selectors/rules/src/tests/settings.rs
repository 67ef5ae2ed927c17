//! Mistakes in the settings: what is wrong, and where. A pod is told of what it needs; the schema tells
//! of all before the settings are put in force.

use boon::{Compiler, Schemas};
use genie_selector::testing::{self, Host};
use genie_selector::{Refusal, Selector as _, Verdict};
use serde_json::{Value, json};

use super::{Rules, node};

/// What is said about wrong settings.
fn told(settings: &Value) -> String {
    let host = Host::new().service_account("robot");
    match host.run(|| testing::select::<Rules>(&node(), &settings.to_string())) {
        Err(Refusal::Invalid(mistake)) if mistake.key == "settings" => mistake.message,
        other => panic!("{settings}: {other:?}"),
    }
}

/// Whether settings fit the schema.
pub fn fits(settings: &Value) -> bool {
    let schema = serde_json::from_str(&Rules::about().settings_schema).expect("JSON");
    let (mut compiler, mut schemas) = (Compiler::new(), Schemas::new());
    compiler.add_resource("genie:///settings", schema).expect("a schema");
    let index = compiler.compile("genie:///settings", &mut schemas).expect("a schema");
    schemas.validate(settings, index).is_ok()
}

#[test]
fn a_mistake_is_told_with_its_place_and_fits_no_schema() {
    let other = json!({"when": {"namespace": {"names": ["other"]}}, "pass": true});
    let rule = |rule: Value| json!({"rules": [other, rule]});
    let pod = |expression: Value| rule(json!({"pass": true, "when": {"pod": {"matchExpressions": [expression]}}}));
    for (settings, expected) in [
        (json!({}), "missing field `rules`"),
        (json!({"rules": []}), "rules: is empty"),
        (json!({"rules": {}}), "rules: invalid type: map, expected a list"),
        (json!({"rule": []}), "unknown field `rule`, expected `rules`"),
        (rule(json!({})), "rules[1]: has to say exactly one of networks, add, networksFrom, deny, pass"),
        (rule(json!({"networks": "a", "deny": "b"})), "rules[1]: has to say exactly one of"),
        (rule(json!({"network": "a"})), "rules[1]: unknown field `network`, expected one of"),
        (
            rule(json!({"networks": 3})),
            "rules[1].networks: invalid type: integer `3`, expected networks: a list such as",
        ),
        (rule(json!({"networks": " "})), "rules[1]: names no network"),
        (rule(json!({"add": []})), "rules[1]: names no network"),
        (rule(json!({"deny": ""})), "rules[1]: deny: is empty"),
        (rule(json!({"pass": false})), "rules[1]: pass: write true"),
        (rule(json!({"pass": "yes"})), "rules[1].pass: invalid type: string \"yes\", expected a boolean"),
        (
            rule(json!({"networksFrom": {"lable": "x"}})),
            "rules[1].networksFrom: unknown variant `lable`, expected one of `annotation`, `label`, `namespaceLabel`",
        ),
        (rule(json!({"networksFrom": {"label": "a b"}})), "rules[1]: \"a b\" is no key of a label"),
        (rule(json!({"pass": true, "when": {"namespaces": {}}})), "rules[1].when: unknown field `namespaces`"),
        (rule(json!({"pass": true, "when": {"namespace": {"names": []}}})), "rules[1].when.namespace.names: is empty"),
        (
            rule(json!({"pass": true, "when": {"serviceAccount": "x"}})),
            "rules[1].when.serviceAccount: invalid type: string \"x\", expected a sequence",
        ),
        (rule(json!({"pass": true, "when": {"decided": "some"}})), "rules[1].when.decided: unknown variant `some`"),
        (
            rule(json!({"pass": true, "when": {"annotations": {"a": 1}}})),
            "rules[1].when.annotations: invalid type: integer `1`, expected a value such as",
        ),
        (
            rule(json!({"pass": true, "when": {"pod": {"matchLabels": {"a b": ""}}}})),
            "rules[1].when.pod.matchLabels: \"a b\" is no key of a label",
        ),
        (
            pod(json!({"key": "k", "operator": "Gt"})),
            "rules[1].when.pod.matchExpressions[0]: unknown variant `Gt`, expected one of `In`, `NotIn`, `Exists`, `DoesNotExist`",
        ),
        (pod(json!({"key": "k", "operator": "In"})), "rules[1].when.pod.matchExpressions[0]: In needs values"),
        (
            pod(json!({"key": "k", "operator": "NotIn", "values": []})),
            "rules[1].when.pod.matchExpressions[0]: NotIn needs values",
        ),
        (
            pod(json!({"key": "k", "operator": "Exists", "values": ["a"]})),
            "rules[1].when.pod.matchExpressions[0]: Exists takes no values",
        ),
        (
            pod(json!({"key": "k", "operator": "In", "values": ["a,b"]})),
            "rules[1].when.pod.matchExpressions[0]: \"a,b\" can be the value of no label",
        ),
        (
            rule(json!({"pass": true, "when": {"node": {"matchLabels": {"a": "b c"}}}})),
            "rules[1].when.node.matchLabels: \"b c\" can be the value of no label",
        ),
        (
            rule(json!({"pass": true, "when": {"annotations": {"a": []}}})),
            "rules[1].when.annotations: is empty, so nothing would match",
        ),
        (rule(json!({"pass": true, "when": {"owner": null}})), "rules[1].when.owner: invalid type: null"),
        (rule(json!({"networks": [" "]})), "rules[1]: names no network"),
        (pod(json!({"key": "-", "operator": "Exists"})), "rules[1].when.pod.matchExpressions[0]: \"-\" is no key"),
        (pod(json!({"operator": "In"})), "rules[1].when.pod.matchExpressions[0]: missing field `key`"),
    ] {
        let told = told(&settings);
        assert!(told.starts_with(expected), "{settings}\ntold: {told}\nnot:  {expected}");
        assert!(!told.contains(" column "), "{told}");
        assert!(!fits(&settings), "{settings}");
    }
}

#[test]
fn a_mistake_that_a_pod_does_not_need_is_the_schemas_to_tell() {
    for rules in [
        // Behind the rule that decides nothing is looked at.
        json!([{"pass": true}, {"when": {"nods": {}}, "deny": ""}]),
        // Of a rule for others only the keys are.
        json!([{"when": {"namespace": {"names": ["other"]}, "owner": []}, "deny": ""}]),
    ] {
        let settings = json!({"rules": rules});
        assert_eq!(testing::select::<Rules>(&node(), &settings.to_string()), Ok(Verdict::Pass), "{settings}");
        assert!(!fits(&settings), "{settings}");
    }
    let unknown = json!({"rules": [{"when": {"namespace": {"names": ["other"]}, "nods": {}}, "pass": true}]});
    assert!(told(&unknown).starts_with("rules[0].when: unknown field `nods`"));
}

#[test]
fn of_a_repeated_condition_the_last_counts() {
    let answer = |when: &str| {
        let settings = format!(r#"{{"rules": [{{{when}, "deny": "no"}}]}}"#);
        testing::select::<Rules>(&node(), &settings)
    };
    let (others, all) = (r#""when": {"namespace": {"names": ["other"]}}"#, r#""when": {}"#);
    assert_eq!(answer(&format!("{all}, {others}")), Ok(Verdict::Pass));
    assert_eq!(answer(&format!("{others}, {all}")), Err(Refusal::denied("rules[0]: no")));
    let repeated = r#""when": {"namespace": {"names": ["other"]}, "namespace": {}}"#;
    assert_eq!(answer(repeated), Err(Refusal::denied("rules[0]: no")));
}

#[test]
fn the_schema_is_json_and_names_every_key() {
    let schema: Value = serde_json::from_str(&Rules::about().settings_schema).expect("JSON");
    for (part, keys) in [
        ("rule", &["name", "when", "networks", "add", "networksFrom", "deny", "pass"][..]),
        ("when", &["namespace", "pod", "node", "serviceAccount", "owner", "annotations", "decided"][..]),
        ("selected", &["names", "matchLabels", "matchExpressions"][..]),
    ] {
        let part = &schema["$defs"][part];
        assert_eq!(part["additionalProperties"], json!(false));
        let mut known: Vec<_> = part["properties"].as_object().into_iter().flat_map(|known| known.keys()).collect();
        known.sort();
        let mut keys = keys.to_vec();
        keys.sort_unstable();
        assert_eq!(known, keys);
    }
}
