//! Values that are read from a configuration.

use serde_json::json;

use crate::cni::code;
use crate::digest::Digest;
use crate::object::ObjectName;
use crate::selector::artefact::engine::ENGINE_ID;
use crate::selector::grants::{Grants, Home};
use crate::selector::module::Module;
use crate::selector::sandbox::limits::{Limits, parse_bytes};

#[test]
fn the_engine_id_names_the_wasmtime_that_is_built_in() {
    let lock = std::fs::read_to_string("../../Cargo.lock").expect("the workspace has a lock file");
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
    for (wrong, key) in [
        (json!({"fuel": "much"}), "limits.fuel"),
        (json!({"memory": 0}), "limits.memory"),
        (json!({"fule": 1}), "limits: unknown key \"fule\": did you mean \"fuel\"?"),
        (json!([]), "limits"),
    ] {
        let error = Limits::from_json(&wrong).expect_err("it is wrong");
        assert!(error.contains(key), "{error}");
    }
}

fn cluster(grant: &serde_json::Value, object: (&str, &str, Option<&str>, &str)) -> Result<(), String> {
    let (api_version, kind, namespace, name) = object;
    let object = ObjectName::new(api_version, kind, namespace, name).expect("it is a name");
    let home = Home { namespace: "shop".into(), node: "node1".into() };
    Grants::from_json(grant).expect("it is right").permit_object(&object, &home)
}

const NETWORKS: &str = "k8s.cni.cncf.io/v1";

#[test]
fn cluster_alone_grants_the_kinds_that_describe_networks_in_the_pods_own_namespace() {
    let grant = json!(["pod", "cluster"]);
    assert_eq!(cluster(&grant, (NETWORKS, "NetworkAttachmentDefinition", Some("shop"), "a")), Ok(()));
    assert_eq!(cluster(&grant, ("alpha.network.k8s.io/v1", "LogicalNetwork", Some("shop"), "a")), Ok(()));
    let error = cluster(&grant, (NETWORKS, "NetworkAttachmentDefinition", Some("payments"), "a")).unwrap_err();
    let line = r#""grant": ["pod", "cluster", {"cluster":{"kinds":["k8s.cni.cncf.io/v1/NetworkAttachmentDefinition"],"namespaces":["payments"]}}] in"#;
    assert!(error.contains(line), "{error}");
    let error = cluster(&grant, ("v1", "ConfigMap", Some("shop"), "a")).unwrap_err();
    assert!(error.contains(r#""grant": ["pod", "cluster", {"cluster":["v1/ConfigMap"]}] in"#), "{error}");
}

#[test]
fn a_kind_without_its_group_is_of_that_group_alone() {
    let grant = json!([{"cluster": ["NetworkAttachmentDefinition", "ConfigMap", "apps/Deployment"]}]);
    for (api_version, kind, granted) in [
        ("v1", "ConfigMap", true),
        ("evil.example/v1", "ConfigMap", false),
        ("k8s.cni.cncf.io/v2", "NetworkAttachmentDefinition", true),
        ("v1", "NetworkAttachmentDefinition", false),
        ("apps/v1", "Deployment", true),
        ("apps.example/v1", "Deployment", false),
    ] {
        let told = cluster(&grant, (api_version, kind, Some("shop"), "a"));
        assert_eq!(told.is_ok(), granted, "{api_version} {kind}: {told:?}");
    }
    let grant = json!([{"cluster": ["apps/v1/Deployment"]}]);
    assert!(cluster(&grant, ("apps/v2", "Deployment", Some("shop"), "a")).is_err());
}

#[test]
fn namespaces_are_granted_with_their_kinds() {
    let grant = json!(["cluster", {"cluster": {"kinds": ["v1/ConfigMap"], "namespaces": ["payments"]}}]);
    assert_eq!(cluster(&grant, ("v1", "ConfigMap", Some("payments"), "a")), Ok(()));
    assert_eq!(cluster(&grant, ("v1", "ConfigMap", Some("shop"), "a")), Ok(()), "its own it may always");
    assert!(cluster(&grant, ("v1", "ConfigMap", Some("kube-system"), "a")).is_err());
    assert!(cluster(&grant, (NETWORKS, "NetworkAttachmentDefinition", Some("payments"), "a")).is_err());
    let everywhere = json!([{"cluster": {"namespaces": ["*"]}}]);
    assert_eq!(cluster(&everywhere, (NETWORKS, "NetworkAttachmentDefinition", Some("payments"), "a")), Ok(()));
}

#[test]
fn what_is_in_no_namespace_is_the_pods_or_the_nodes_own() {
    let grant = json!([{"cluster": ["Namespace", "Node", "example.org/v1/Zone"]}]);
    assert_eq!(cluster(&grant, ("v1", "Namespace", None, "shop")), Ok(()));
    assert_eq!(cluster(&grant, ("v1", "Node", None, "node1")), Ok(()));
    assert_eq!(cluster(&grant, ("example.org/v1", "Zone", None, "north")), Ok(()));
    assert!(cluster(&grant, ("v1", "Namespace", None, "payments")).unwrap_err().contains(r#"["payments"]"#));
    assert!(cluster(&grant, ("v1", "Node", None, "node2")).unwrap_err().contains(r#"["*"]"#));
    let grant = json!([{"cluster": {"kinds": ["Node", "Namespace"], "namespaces": ["*"]}}]);
    assert_eq!(cluster(&grant, ("v1", "Node", None, "node2")), Ok(()));
    assert_eq!(cluster(&grant, ("v1", "Namespace", None, "payments")), Ok(()));
}

#[test]
fn a_cluster_grant_that_is_none_is_refused() {
    for (wrong, says) in [
        (json!(["Deployment"]), "apps/v1/Deployment"),
        (json!(["v1/Secret"]), "Secrets"),
        (json!(["SECRET"]), "Secrets"),
        (json!(["/v1/Pod"]), "no kind"),
        (json!(["v1/configmaps"]), "no kind"),
        (json!(["apps/v1/x/Pod"]), "no kind"),
        (json!(["*"]), "no kind"),
        (json!([]), "not a list of kinds"),
        (json!("Node"), "not a list of kinds"),
        (json!({"kinds": ["Node"], "namespace": ["a"]}), "there are kinds and namespaces"),
        (json!({"namespaces": ["kube_system"]}), "no name of a namespace"),
        (json!({"namespaces": "payments"}), "not a list of namespaces"),
    ] {
        let error = Grants::from_json(&json!([{"cluster": wrong}])).expect_err("it is wrong");
        assert!(error.contains(says), "{wrong}: {error}");
    }
}

#[test]
fn grants_reach_a_child_as_they_are() {
    let grant =
        json!(["pod", "cluster", {"cluster": {"kinds": ["apps/Deployment", "v1/Pod"], "namespaces": ["a", "*"]}}]);
    let grants = Grants::from_json(&grant).expect("it is right");
    let sent = serde_json::to_string(&grants).expect("it can be sent");
    assert_eq!(serde_json::from_str::<Grants>(&sent).expect("it can be read"), grants);
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
        ("oci://registry/guard@sha256:00", None, "genie-host pull oci://registry/guard@sha256:00"),
        ("guards/guard.wasm", Some(digest.as_str()), "relative"),
        ("/opt/guard.wasm", None, "sha256sum /opt/guard.wasm"),
        ("/opt/guard.wasm", Some("abc"), "\"abc\""),
    ] {
        let error = Module::from_config(module, sha256).expect_err("it is wrong");
        assert_eq!(error.code, code::INVALID_CONFIG);
        assert!(error.msg.contains(says), "{error}");
    }
}
