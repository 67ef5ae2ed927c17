//! Annotations and definitions that are wrong.

use serde_json::{Value, json};

use super::{Expected, case, neta};
use crate::differential::Case;
use crate::differential::case::{DEEP, MEBIBYTE};

pub fn all() -> Vec<Expected> {
    [annotations(), definitions()].concat()
}

fn interface(name: &str, interface: &str) -> Case {
    case(name).elements(&json!([{"name": "neta", "interface": interface}]))
}

fn annotations() -> Vec<Expected> {
    let deep = format!("[{{\"name\": \"neta\", \"cni-args\": {DEEP}}}]");
    vec![
        (case("03-trailing-comma").networks("neta,"), &["error-code", "nothing-to-undo"]),
        (case("03-capitals").networks("NetA"), &["error-code", "nothing-to-undo"]),
        (case("03-two-slashes").networks("a/b/neta"), &["error-code", "nothing-to-undo"]),
        (case("03-two-ats").networks("neta@a@b"), &["error-code", "nothing-to-undo"]),
        (case("03-at-without-a-name").networks("neta@"), &["interface-checked", "nothing-to-undo"]),
        (
            interface("16-sixteen-bytes", "a234567890123456"),
            &["checked-before-anything-runs", "error-code", "nothing-to-undo"],
        ),
        (interface("16-slash", "a/b"), &["checked-before-anything-runs", "error-code", "nothing-to-undo"]),
        (interface("16-blank", "a b"), &["checked-before-anything-runs", "error-code", "nothing-to-undo"]),
        (interface("16-dot", "."), &["checked-before-anything-runs", "error-code", "nothing-to-undo"]),
        (interface("16-empty", ""), &["interface-checked", "nothing-to-undo"]),
        (case("16-at-sixteen-bytes").networks("neta@a234567890123456"), &["error-code", "nothing-to-undo"]),
        (case("26-null").networks("[null]"), &["panic"]),
        (case("26-an-object").networks(r#"{"name": "neta"}"#), &["error-code", "nothing-to-undo"]),
        (case("26-a-text").networks(r#""neta""#), &["error-code", "nothing-to-undo"]),
        (case("26-no-json").networks("[{"), &["error-code", "nothing-to-undo"]),
        (case("26-no-name").elements(&json!([{"namespace": "NAMESPACE"}])), &["error-code", "nothing-to-undo"]),
        (case("26-empty-name").elements(&json!([{"name": ""}])), &["error-code", "nothing-to-undo"]),
        (case("26-name-with-a-slash").elements(&json!([{"name": "a/b"}])), &["error-code", "nothing-to-undo"]),
        (
            case("26-name-upwards").elements(&json!([{"name": "..", "namespace": ".."}])),
            &["error-code", "nothing-to-undo"],
        ),
        (case("26-name-of-capitals").elements(&json!([{"name": "NetA"}])), &["error-code", "nothing-to-undo"]),
        (case("26-name-that-is-a-number").elements(&json!([{"name": 1}])), &["error-code", "nothing-to-undo"]),
        (case("26-ten-thousand-deep").networks(&deep), &["error-code", "nothing-to-undo"]),
        (
            case("26-keys-in-other-case").networks(r#"[{"NAME": "neta", "Interface": "x0"}]"#),
            &["keys-as-written", "nothing-to-undo"],
        ),
        (case("26-a-key-twice").networks(r#"[{"name": "nosuch", "name": "neta"}]"#), &["key-twice", "nothing-to-undo"]),
    ]
}

fn definitions() -> Vec<Expected> {
    let of = |name: &str, config: &Value| {
        case(name).raw_definition("", "bad", Some(&config.to_string())).networks("neta,bad")
    };
    let list = |plugins: Value| json!({"cniVersion": "1.0.0", "name": "bad", "plugins": plugins});
    let large = json!({"cniVersion": "1.0.0", "name": "bad", "type": "mac1", "text": MEBIBYTE});
    vec![
        (of("27-no-plugins", &list(json!([]))), &["panic"]),
        (of("27-null-plugin", &list(json!([null]))), &["panic"]),
        (of("27-plugins-that-are-none", &list(json!("mac1"))), &["error-code", "nothing-to-undo"]),
        (of("27-plugin-without-type", &list(json!([{"mode": "bridge"}]))), &["error-code", "nothing-to-undo"]),
        (of("27-empty-object", &json!({})), &["error-code", "nothing-to-undo"]),
        (of("27-a-list", &json!([neta()])), &["error-code", "nothing-to-undo"]),
        (
            of("27-unknown-version", &json!({"cniVersion": "9.9.9", "name": "bad", "type": "mac1"})),
            &["checked-before-anything-runs", "error-code", "nothing-to-undo"],
        ),
        (
            of("27-unknown-plugin", &json!({"cniVersion": "1.0.0", "name": "bad", "type": "nosuch"})),
            &["checked-before-anything-runs", "del-after-a-refusal-succeeds", "nothing-to-undo"],
        ),
        (
            of("27-plugin-that-is-a-path", &json!({"cniVersion": "1.0.0", "name": "bad", "type": "../bin/mac1"})),
            &["checked-before-anything-runs", "del-after-a-refusal-succeeds", "error-code", "nothing-to-undo"],
        ),
        (
            of("27-name-that-is-a-path", &json!({"cniVersion": "1.0.0", "name": "a/b", "type": "mac1"})),
            &["checked-before-anything-runs", "error-code", "nothing-to-undo"],
        ),
        (of("27-one-mebibyte", &large), &["whole-result"]),
        (
            case("27-no-json").raw_definition("", "bad", Some("{no")).networks("neta,bad"),
            &["error-code", "nothing-to-undo"],
        ),
        (
            case("27-empty-text").raw_definition("", "bad", Some("")).networks("neta,bad"),
            &["error-code", "nothing-to-undo"],
        ),
    ]
}
