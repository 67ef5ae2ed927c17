//! What fits a schema, and schemas that must not be followed.

use serde_json::{Value, json};

use super::PATTERNS;
use super::check_settings;

#[track_caller]
fn mistakes(schema: &Value, settings: &Value) -> Vec<String> {
    check_settings(&schema.to_string(), settings).unwrap()
}

#[track_caller]
fn assert_unusable(schema: &Value, says: &str) {
    let error = check_settings(&schema.to_string(), &json!({})).unwrap_err();
    assert!(error.contains(says), "{says:?}: {error}");
}

fn tenant() -> Value {
    json!({
        "type": "object",
        "properties": {
            "first": {"type": "string", "pattern": "^[a-z]+$"},
            "most": {"type": "integer", "minimum": 1},
            "networks": {"oneOf": [{"type": "string"}, {"type": "array", "items": {"$ref": "#/$defs/name"}}]},
        },
        "required": ["first"],
        "additionalProperties": false,
        "$defs": {"name": {"type": "string"}},
    })
}

#[test]
fn what_fits_is_no_mistake() {
    for settings in [json!({"first": "a"}), json!({"first": "a", "most": 2, "networks": ["a", "b"]})] {
        assert_eq!(mistakes(&tenant(), &settings), [""; 0], "{settings}");
    }
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let told = mistakes(&tenant(), &json!({"first": "a", "frist": "b", "most": 0}));
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(
        told.contains(
            &r#"settings: unknown key "frist": did you mean "first"? there are first, most, networks"#.into()
        ),
        "{told:?}"
    );
    assert!(told.contains(&"settings.most: must be >=1, but got 0".into()), "{told:?}");
    assert_eq!(mistakes(&tenant(), &json!({})), ["settings: missing properties 'first'"]);
    assert_eq!(mistakes(&tenant(), &json!([])), ["settings: want object, but got array"]);
    let told = mistakes(&tenant(), &json!({"first": "a", "networks": ["a", 1]}));
    let forms = "settings.networks: want string, but got array, or settings.networks[1]: want string, but got number";
    assert_eq!(told, [forms]);
}

/// A table as that of the selector `rules`.
fn table() -> Value {
    json!({
        "properties": {"rules": {"type": "array", "items": {"$ref": "#/$defs/rule"}}},
        "$defs": {"rule": {
            "additionalProperties": false,
            "oneOf": [{"required": ["give"]}, {"required": ["deny"]}, {"required": ["a", "b"]}],
            "properties": {"name": {}, "give": {"type": "string"}, "deny": {}, "a": {}, "b": {}},
        }},
    })
}

#[test]
fn forms_that_differ_by_keys_are_told_by_keys() {
    let of = |rule: Value| mistakes(&table(), &json!({"rules": [rule]}));
    let both = "settings.rules[0]: has give and deny, of which only one can be";
    assert_eq!(of(json!({"give": "a", "deny": 1})), [both]);
    let both = "settings.rules[0]: has deny and a, b, of which only one can be";
    assert_eq!(of(json!({"deny": 1, "a": 1, "b": 1})), [both]);
    let overlap = json!({"properties": {"a": {"oneOf": [{"type": "number"}, {"type": "integer"}]}}});
    let both = "settings.a: fits forms 0 and 1 of the schema, of which only one can be";
    assert_eq!(mistakes(&overlap, &json!({"a": 1})), [both]);
    let keys = json!({"oneOf": [{"required": ["a"]}, {"required": ["b"]}]});
    assert_eq!(mistakes(&keys, &json!({"c": 1})), ["settings: one of a, b is missing"]);
}

#[test]
fn a_misspelt_key_is_told_once() {
    let told = mistakes(&table(), &json!({"rules": [{"name": "tenants", "giev": "a"}]}));
    let [told] = &told[..] else { panic!("one mistake: {told:?}") };
    assert!(told.starts_with(r#"settings.rules[0] ("tenants"): unknown key "giev": did you mean "give"?"#), "{told}");
}

#[test]
fn an_element_is_called_by_its_name_too() {
    let told = mistakes(&table(), &json!({"rules": [{"give": "a"}, {"name": "tenants", "give": 1}]}));
    assert_eq!(told, [r#"settings.rules[1] ("tenants").give: want string, but got number"#]);
}

#[test]
fn a_setting_that_does_not_match_is_not_repeated() {
    let told = mistakes(&tenant(), &json!({"first": "S3CRET"}));
    assert_eq!(told, [r#"settings.first: does not match the pattern "^[a-z]+$""#]);
}

#[test]
fn what_is_no_schema_is_of_no_use() {
    assert!(check_settings("{", &json!({})).unwrap_err().contains("not JSON"));
    assert_unusable(&json!({"type": "nonsense"}), "metaschema");
    assert_unusable(&json!([]), "metaschema");
    assert_unusable(&json!({"properties": {"a": {"pattern": "("}}}), "regex");
}

#[test]
fn a_schema_reads_no_other_document() {
    for to in ["file:///etc/passwd", "https://example.org/x", "other.json", "#name", "#/a%2fb", "#/nosuch"] {
        assert_unusable(&json!({"properties": {"a": {"$ref": to}}}), "refers to");
    }
    assert_unusable(&json!({"$schema": "file:///etc/passwd"}), "no other document");
    assert_unusable(&json!({"$defs": {"a": {"$id": "b"}}}), "$id");
    assert_unusable(&json!({"$defs": {"a": {"$dynamicRef": "#b"}}}), "$dynamicRef");
}

#[test]
fn a_schema_that_would_never_end_is_not_followed() {
    assert_unusable(&json!({"$ref": "#"}), "refers to itself");
    let circle = json!({"allOf": [{"$ref": "#/$defs/a"}], "$defs": {"a": {"anyOf": [{"$ref": "#/$defs/a"}]}}});
    assert_unusable(&circle, "refers to itself");
    // Each definition refers to the next one twice.
    let mut defs: Value = (0..30)
        .map(|n| {
            let next = json!({"$ref": format!("#/$defs/d{}", n + 1)});
            (format!("d{n}"), json!({"allOf": [next, next]}))
        })
        .collect::<serde_json::Map<_, _>>()
        .into();
    defs["d30"] = json!({"type": "object"});
    assert_unusable(&json!({"$ref": "#/$defs/d0", "$defs": defs}), "itself");
    let wide: Vec<_> = (0..20_000).map(|_| json!(0)).collect();
    assert_unusable(&json!({"enum": wide}), "values");
    assert_unusable(&json!({"description": "x".repeat(70_000)}), "bytes");
}

#[test]
fn patterns_are_few_and_short() {
    let some = |count: usize| -> Value {
        let patterns: serde_json::Map<_, _> = (0..count).map(|n| (format!("^{n}"), json!(true))).collect();
        json!({"patternProperties": patterns})
    };
    assert_eq!(mistakes(&some(PATTERNS), &json!({})), [""; 0]);
    assert_unusable(&some(PATTERNS + 1), "patterns");
    // However often something is referred to, its patterns are compiled once.
    let referring = |count: usize| -> Value {
        let refers = json!({"$ref": "#/$defs/some"});
        json!({"allOf": [refers, refers, refers], "$defs": {"some": some(count)}})
    };
    assert_eq!(mistakes(&referring(PATTERNS), &json!({})), [""; 0]);
    assert_unusable(&referring(PATTERNS + 1), "patterns");
    assert_unusable(&json!({"pattern": "x".repeat(300)}), "pattern");
    assert_unusable(&json!({"pattern": r"(\w{1000}){1000}"}), "too much");
    // The pattern takes exponential time in an engine that backtracks.
    let slow = json!({"properties": {"a": {"pattern": "^(a+)+$"}}});
    assert_eq!(mistakes(&slow, &json!({"a": format!("{}!", "a".repeat(50_000))})).len(), 1);
}
