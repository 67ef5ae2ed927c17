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
        (case("03-trailing-comma").networks("neta,"), &[]),
        (case("03-capitals").networks("NetA"), &[]),
        (case("03-two-slashes").networks("a/b/neta"), &[]),
        (case("03-two-ats").networks("neta@a@b"), &[]),
        (case("03-at-without-a-name").networks("neta@"), &[]),
        (interface("16-sixteen-bytes", "a234567890123456"), &[]),
        (interface("16-slash", "a/b"), &[]),
        (interface("16-blank", "a b"), &[]),
        (interface("16-dot", "."), &[]),
        (interface("16-empty", ""), &[]),
        (case("16-at-sixteen-bytes").networks("neta@a234567890123456"), &[]),
        (case("26-null").networks("[null]"), &[]),
        (case("26-an-object").networks(r#"{"name": "neta"}"#), &[]),
        (case("26-a-text").networks(r#""neta""#), &[]),
        (case("26-no-json").networks("[{"), &[]),
        (case("26-no-name").elements(&json!([{"namespace": "NAMESPACE"}])), &[]),
        (case("26-empty-name").elements(&json!([{"name": ""}])), &[]),
        (case("26-name-with-a-slash").elements(&json!([{"name": "a/b"}])), &[]),
        (case("26-name-upwards").elements(&json!([{"name": "..", "namespace": ".."}])), &[]),
        (case("26-name-of-capitals").elements(&json!([{"name": "NetA"}])), &[]),
        (case("26-name-that-is-a-number").elements(&json!([{"name": 1}])), &[]),
        (case("26-ten-thousand-deep").networks(&deep), &[]),
        (case("26-keys-in-other-case").networks(r#"[{"NAME": "neta", "Interface": "x0"}]"#), &[]),
        (case("26-a-key-twice").networks(r#"[{"name": "nosuch", "name": "neta"}]"#), &[]),
    ]
}

fn definitions() -> Vec<Expected> {
    let of = |name: &str, config: &Value| {
        case(name).raw_definition("", "bad", Some(&config.to_string())).networks("neta,bad")
    };
    let list = |plugins: Value| json!({"cniVersion": "1.0.0", "name": "bad", "plugins": plugins});
    let large = json!({"cniVersion": "1.0.0", "name": "bad", "type": "mac1", "text": MEBIBYTE});
    vec![
        (of("27-no-plugins", &list(json!([]))), &[]),
        (of("27-null-plugin", &list(json!([null]))), &[]),
        (of("27-plugins-that-are-none", &list(json!("mac1"))), &[]),
        (of("27-plugin-without-type", &list(json!([{"mode": "bridge"}]))), &[]),
        (of("27-empty-object", &json!({})), &[]),
        (of("27-a-list", &json!([neta()])), &[]),
        (of("27-unknown-version", &json!({"cniVersion": "9.9.9", "name": "bad", "type": "mac1"})), &[]),
        (of("27-unknown-plugin", &json!({"cniVersion": "1.0.0", "name": "bad", "type": "nosuch"})), &[]),
        (of("27-plugin-that-is-a-path", &json!({"cniVersion": "1.0.0", "name": "bad", "type": "../bin/mac1"})), &[]),
        (of("27-name-that-is-a-path", &json!({"cniVersion": "1.0.0", "name": "a/b", "type": "mac1"})), &[]),
        (of("27-one-mebibyte", &large), &[]),
        (case("27-no-json").raw_definition("", "bad", Some("{no")).networks("neta,bad"), &[]),
        (case("27-empty-text").raw_definition("", "bad", Some("")).networks("neta,bad"), &[]),
    ]
}
