//! An entry that names a script becomes one of the engine.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::{ENGINE, Engine, LARGEST, Script, is_script};
use genie_core::digest::Digest;

const SOURCE: &str = "export function select() {}\n";

fn script() -> Script {
    Script { file: "policy.js".into(), source: SOURCE.into() }
}

fn completed(entry: Value) -> Result<Value, String> {
    let Value::Object(mut entry) = entry else { panic!("an entry is an object") };
    let engine = Path::new("/var/lib/genie/selectors/e/script.wasm");
    script().complete(&mut entry, engine, Digest::of(b"engine")).map_err(|error| format!("{error:#}"))?;
    Ok(Value::Object(entry))
}

#[test]
fn an_entry_keeps_what_is_its_own() {
    let entry = json!({
        "Module": "policy.js", "grant": ["pod"], "run": "always", "settings": {"a": 1}, "limits": {"fuel": 7, "memory": "1Mi"},
    });
    let expected = json!({
        "module": "/var/lib/genie/selectors/e/script.wasm",
        "sha256": Digest::of(b"engine").to_string(),
        "name": "policy.js",
        "imports": "any",
        "grant": ["pod"],
        "run": "always",
        "limits": {"fuel": 7, "memory": "1Mi"},
        "settings": {
            "file": "policy.js", "source": SOURCE, "settings": {"a": 1}, "limits": {"fuel": 7, "memory": 1 << 20},
        },
    });
    assert_eq!(completed(entry), Ok(expected));
}

#[test]
fn what_an_entry_leaves_out_has_its_usual_value() {
    let completed = completed(json!({"module": "policy.js", "settings": null})).unwrap();
    assert_eq!(completed["settings"]["settings"], json!({}));
    assert_eq!(completed["settings"]["limits"], json!({"fuel": 400_000_000, "memory": 64 << 20}));
    assert_eq!(completed["limits"], json!({"fuel": 400_000_000}));
    assert_eq!(completed.as_object().map(Map::len), Some(6));
}

#[test]
fn a_name_of_its_own_stays() {
    let completed = completed(json!({"module": "policy.js", "name": "tenants"})).unwrap();
    assert_eq!(completed["name"], "tenants");
}

#[test]
fn a_pinned_script_is_held_to_its_digest() {
    let digest = Digest::of(SOURCE.as_bytes()).to_string();
    assert!(completed(json!({"module": "policy.js", "sha256": digest})).is_ok());
    let error = completed(json!({"module": "policy.js", "sha256": "0".repeat(64)})).unwrap_err();
    assert!(error.contains("pins") && error.contains(&digest), "{error}");
}

#[test]
fn wrong_limits_are_named_with_the_script() {
    let error = completed(json!({"module": "policy.js", "limits": {"memory": "much"}})).unwrap_err();
    assert!(error.starts_with("policy.js: limits.memory"), "{error}");
}

#[test]
fn a_script_is_known_by_its_ending() {
    assert!(is_script("policy.js") && is_script("/etc/genie/a.b.js"));
    assert!(!is_script("js") && !is_script("policy.wasm") && !is_script("annotation"));
}

#[test]
fn a_script_that_cannot_be_one_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let refused = |bytes: &[u8]| {
        let path = dir.path().join("policy.js");
        fs::write(&path, bytes).unwrap();
        format!("{:#}", Script::read(&path).unwrap_err())
    };
    assert!(refused(b"\xff").contains("UTF-8"));
    assert!(refused(&vec![b' '; usize::try_from(LARGEST).unwrap() + 1]).contains("256 KiB"));
    let absent = format!("{:#}", Script::read(&dir.path().join("absent.js")).unwrap_err());
    assert!(absent.contains("absent.js cannot be read"), "{absent}");
}

#[test]
fn an_engine_that_is_not_there_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let error = format!("{:#}", Engine::read(dir.path()).unwrap_err());
    assert!(error.contains(ENGINE) && error.contains("make script"), "{error}");
}
