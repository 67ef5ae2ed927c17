//! What is read from a configuration.

use serde_json::json;

use super::super::digest::Digest;
use super::super::engine::ENGINE_ID;
use super::super::grants::{Grants, Plain};
use super::super::limits::{Limits, parse_bytes};
use super::super::module::Module;
use crate::cni::code;

#[test]
fn the_engine_id_names_the_wasmtime_that_is_built_in() {
    let lock = std::fs::read_to_string("../Cargo.lock").expect("the workspace has a lock file");
    let (_, rest) = lock.split_once("name = \"wasmtime\"\nversion = \"").expect("it names wasmtime");
    let (version, _) = rest.split_once('"').expect("the version ends");
    assert_eq!(ENGINE_ID.split('+').next(), Some(version), "count ENGINE_ID up");
}

#[test]
fn sizes_are_read_as_kubernetes_writes_them() {
    assert_eq!(parse_bytes("16Mi"), Some(16 << 20));
    assert_eq!(parse_bytes("64M"), Some(64_000_000));
    assert_eq!(parse_bytes("1Gi"), Some(1 << 30));
    assert_eq!(parse_bytes("8Ki"), Some(8192));
    assert_eq!(parse_bytes("3k"), Some(3000));
    assert_eq!(parse_bytes("4096"), Some(4096));
    for wrong in ["", "Mi", "-1", "+1", "1.5Mi", "16 Mi", "16mi", "99999999999999999999", "99999999999Gi"] {
        assert_eq!(parse_bytes(wrong), None, "{wrong:?}");
    }
}

#[test]
fn limits_keep_their_defaults_where_nothing_is_written() {
    let limits = Limits::from_json(&json!({"memory": "16Mi", "fuel": 1000})).expect("they are right");
    assert_eq!(limits, Limits { memory: 16 << 20, fuel: 1000, ..Limits::default() });
    assert_eq!(Limits::from_json(&json!(null)), Ok(Limits::default()));
}

#[test]
fn a_wrong_limit_is_named() {
    for (wrong, key) in
        [(json!({"fuel": "much"}), "limits.fuel"), (json!({"memory": 0}), "limits.memory"), (json!([]), "limits")]
    {
        let error = Limits::from_json(&wrong).expect_err("it is wrong");
        assert!(error.contains(key), "{error}");
    }
}

#[test]
fn cluster_alone_grants_the_kinds_that_describe_networks() {
    let grants = Grants::from_json(&json!(["pod", "cluster"])).expect("it is right");
    assert!(grants.has(Plain::Pod) && !grants.has(Plain::Node));
    assert!(grants.cluster.allows("k8s.cni.cncf.io/v1", "NetworkAttachmentDefinition"));
    assert!(!grants.cluster.allows("v1", "Secret"));
}

#[test]
fn a_kind_is_granted_with_or_without_its_api_version() {
    let grants = Grants::from_json(&json!([{"cluster": ["v1/Namespace", "Node"]}])).expect("it is right");
    assert!(grants.cluster.allows("v1", "Namespace") && grants.cluster.allows("v1", "Node"));
    assert!(!grants.cluster.allows("v2", "Namespace"));
}

#[test]
fn a_wrong_grant_is_quoted() {
    for wrong in [json!(["pods"]), json!("pod"), json!([{"cluster": "Node"}]), json!([{"cluster": [""]}]), json!([1])] {
        assert!(Grants::from_json(&wrong).is_err(), "{wrong}");
    }
    let error = Grants::from_json(&json!(["pods"])).expect_err("it is wrong");
    assert!(error.contains("\"pods\""), "{error}");
}

#[test]
fn a_digest_is_sixty_four_digits() {
    let empty = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    assert_eq!(Digest::parse(empty), Some(Digest::of(b"")));
    assert_eq!(Digest::parse(&format!("sha256:{}", empty.to_uppercase())), Some(Digest::of(b"")));
    assert_eq!(Digest::of(b"").to_string(), empty);
    assert_eq!(Digest::parse(&empty[1..]), None);
    assert_eq!(Digest::parse(&empty.replace('e', "g")), None);
}

#[test]
fn a_module_is_built_in_or_an_absolute_path_with_a_digest() {
    let digest = Digest::of(b"").to_string();
    let file = Module::from_config("/opt/guard.wasm", Some(&digest)).expect("it is right");
    assert_eq!(file, Module::File { path: "/opt/guard.wasm".into(), sha256: Digest::of(b"") });
    for (module, sha256, says) in [
        ("no-such", None, "not built in"),
        ("guards/guard.wasm", Some(digest.as_str()), "relative"),
        ("/opt/guard.wasm", None, "sha256sum /opt/guard.wasm"),
        ("/opt/guard.wasm", Some("abc"), "\"abc\""),
    ] {
        let error = Module::from_config(module, sha256).expect_err("it is wrong");
        assert_eq!(error.code, code::INVALID_CONFIG);
        assert!(error.msg.contains(says), "{error}");
    }
}
