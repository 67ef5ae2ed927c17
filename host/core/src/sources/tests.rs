//! Where annotations come from.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};

use super::{Access, Manifests, PodSource, annotations, parse};
use crate::cni::{Call, CniArgs, Verb, Version, code};
use crate::object::ObjectName;
use crate::pod::{ANNOTATIONS_CAPABILITY, Annotations, Identity, public_runtime_config};

fn call(runtime_config: Value, args: &str) -> Call {
    let mut config = Map::new();
    config.insert("runtimeConfig".into(), runtime_config);
    Call {
        verb: Verb::Add,
        container: "c".into(),
        netns: None,
        interface: "eth0".into(),
        args: args.into(),
        path: Vec::new(),
        config,
        selectors: None,
        name: "g".into(),
        version: Version::CURRENT,
    }
}

/// The sources that are in the call itself.
const LOCAL: [PodSource; 2] = [PodSource::Runtime, PodSource::Args];

fn soon() -> Instant {
    Instant::now() + Duration::from_secs(10)
}

fn cni(value: &str) -> Annotations {
    Annotations::from([("cni".into(), value.into())])
}

const MANIFEST: &str = "
apiVersion: v1
kind: ConfigMap
metadata: {name: web}
---
apiVersion: v1
kind: Pod
metadata:
  name: web
  uid: u1
  labels: {tenant: a}
  annotations: {cni: weave}
  ownerReferences: [{kind: Set, name: other}, {kind: ReplicaSet, name: web-1, controller: true}]
spec: {serviceAccountName: robot}
";

#[test]
fn the_first_source_that_has_them_gives_them() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("web.yaml"), MANIFEST).unwrap();
    let manifests = PodSource::Manifests(Manifests::new(dir.path()));
    let args = r#"K8S_POD_NAMESPACE=default;K8S_POD_NAME=web;K8S_ANNOT={"cni":"flannel"}"#;
    let call = call(json!({ANNOTATIONS_CAPABILITY: {"cni": "calico"}}), args);
    let pod = Identity::from_args(&CniArgs::new(args));
    let from = |sources: &[PodSource]| annotations(sources, &call, &pod, soon()).unwrap();
    assert_eq!(from(&[PodSource::Runtime, PodSource::Args, manifests.clone()]), cni("calico"));
    assert_eq!(from(&[PodSource::Args, PodSource::Runtime]), cni("flannel"));
    assert_eq!(from(&[manifests, PodSource::Runtime]), cni("weave"));
    assert_eq!(from(&[]), Annotations::new());
}

#[test]
fn no_annotations_are_an_answer_too() {
    let call = call(json!({ANNOTATIONS_CAPABILITY: null}), r#"K8S_ANNOT={"cni":"flannel"}"#);
    assert_eq!(annotations(&LOCAL, &call, &Identity::default(), soon()).unwrap(), Annotations::new());
}

#[test]
fn annotations_of_the_kubelet_and_of_kubectl_reach_nobody() {
    let call = call(
        json!({ANNOTATIONS_CAPABILITY: {
            "cni": "calico", "kubernetes.io/config.source": "api",
            "kubectl.kubernetes.io/last-applied-configuration": "SECRET",
        }}),
        "",
    );
    assert_eq!(annotations(&LOCAL, &call, &Identity::default(), soon()).unwrap(), cni("calico"));
    assert_eq!(Value::from(public_runtime_config(&call)), json!({ANNOTATIONS_CAPABILITY: {"cni": "calico"}}));
}

#[test]
fn annotations_that_are_no_map_of_strings_are_an_error() {
    let call = call(json!({ANNOTATIONS_CAPABILITY: {"cni": 7}}), "");
    let error = annotations(&LOCAL, &call, &Identity::default(), soon()).unwrap_err();
    assert!(error.msg.contains(ANNOTATIONS_CAPABILITY), "{error}");
}

#[test]
fn a_manifest_tells_labels_owner_and_service_account() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("web.yaml"), MANIFEST).unwrap();
    fs::write(dir.path().join("README"), "not: [a manifest").unwrap();
    let wanted = Identity { namespace: "default".into(), name: "web".into(), uid: None };
    let pod = Manifests::new(dir.path()).pod(&wanted).unwrap().unwrap();
    assert_eq!(pod.labels["tenant"], "a");
    assert_eq!(pod.owner, Some(("ReplicaSet".into(), "web-1".into())));
    assert_eq!(pod.service_account.as_deref(), Some("robot"));
}

/// As `kubectl get -o yaml` prints, and as the API server answers.
#[test]
fn what_a_list_holds_is_found() {
    let pod = "metadata: {name: web, annotations: {cni: weave}}";
    let inner = format!("{{apiVersion: v1, kind: Pod, {pod}}}");
    for list in [
        format!(
            "apiVersion: v1\nkind: List\nitems:\n- {{apiVersion: v1, kind: ConfigMap, metadata: {{name: web}}}}\n- {inner}"
        ),
        format!("apiVersion: v1\nkind: PodList\nitems: [{{{pod}}}]"),
        format!("kind: List\nitems: [{{kind: List, items: [{inner}]}}]"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("all.yaml"), &list).unwrap();
        let manifests = Manifests::new(dir.path());
        let wanted = Identity { namespace: "default".into(), name: "web".into(), uid: None };
        let pod = manifests.pod(&wanted).unwrap().unwrap_or_else(|| panic!("{list}"));
        assert_eq!(pod.annotations, cni("weave"), "{list}");
        let wanted = ObjectName::new("v1", "Pod", Some("default"), "web").unwrap();
        assert!(manifests.object(&wanted).unwrap().is_some(), "{list}");
    }
}

#[test]
fn a_pod_of_another_uid_is_another_pod() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("web.yaml"), MANIFEST).unwrap();
    let wanted = Identity { namespace: "default".into(), name: "web".into(), uid: Some("u2".into()) };
    assert_eq!(Manifests::new(dir.path()).pod(&wanted).unwrap(), None);
}

#[test]
fn a_manifest_that_cannot_be_read_is_named() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("bad.yaml"), "a: [").unwrap();
    let error = Manifests::new(dir.path()).pods().unwrap_err();
    assert!(error.msg.contains("bad.yaml"), "{error}");
}

#[test]
fn an_agent_that_hangs_lets_the_pod_wait_unless_another_source_knows_it() {
    let dir = tempfile::tempdir().unwrap();
    let socket = dir.path().join("agent.sock");
    // The kernel accepts the connection, and no answer ever comes.
    let listener = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    fs::write(dir.path().join("web.yaml"), MANIFEST).unwrap();
    let (agent, manifests) =
        (PodSource::Agent(socket), PodSource::Manifests(Manifests::new(dir.path().join("web.yaml"))));
    let call = call(json!({}), "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web");
    let pod = Identity::from_args(&CniArgs::new(&call.args));
    let alone = annotations(std::slice::from_ref(&agent), &call, &pod, soon()).unwrap_err();
    assert_eq!(alone.code, code::TRY_AGAIN);
    assert!(alone.to_string().contains("default/web") && alone.to_string().contains("does not answer"), "{alone}");
    assert_eq!(annotations(&[agent.clone(), manifests], &call, &pod, soon()).unwrap(), cni("weave"));
    drop(listener);
    assert_eq!(annotations(&[agent], &call, &pod, soon()).unwrap(), Annotations::new());
}

fn access(config: &Value) -> Access {
    Access::from_config(config.as_object().unwrap_or(&Map::new())).unwrap().unwrap()
}

#[test]
fn cni_genies_keys_say_how_to_reach_the_server() {
    let access = access(&json!({
        "Kubernetes": {"kubeconfig": "/etc/cni/net.d/genie-kubeconfig"},
        "policy": {"type": "k8s", "k8s_api_root": "https://10.96.0.1:443/api/v1/", "k8s_auth_token": "t0ken",
            "k8s_certificate_authority": "/ca.pem"},
    }));
    assert_eq!(access.server.as_deref(), Some("https://10.96.0.1:443"));
    assert_eq!(access.kubeconfig, Some("/etc/cni/net.d/genie-kubeconfig".into()));
    assert_eq!(access.certificate_authority, Some("/ca.pem".into()));
    assert_eq!(access.token.as_ref().map(|token| token.0.as_str()), Some("t0ken"));
    assert!(!format!("{access:?}").contains("t0ken"), "a token is never printed");
}

#[test]
fn the_root_under_kubernetes_wins() {
    let config = json!({"kubernetes": {"k8s_api_root": "https://a"}, "policy": {"k8s_api_root": "https://b"}});
    assert_eq!(access(&config).server.as_deref(), Some("https://a"));
}

#[test]
fn without_a_server_there_is_no_access() {
    for config in [json!({}), json!({"policy": {"type": "k8s", "k8s_auth_token": "t"}}), json!({"kubernetes": null})] {
        assert_eq!(Access::from_config(config.as_object().unwrap()).unwrap(), None);
    }
    let wrong = json!({"policy": {"k8s_api_root": "https://a", "k8s_auth_token": ["t0ken"]}});
    let error = Access::from_config(wrong.as_object().unwrap()).unwrap_err();
    assert!(error.msg.contains("policy.k8s_auth_token") && !error.msg.contains("t0ken"), "{error}");
}

/// The library's own words are for who calls it.
#[test]
fn what_is_wrong_with_a_manifest_is_told_in_words_for_its_author() {
    let nested = |depth: usize| format!("a: {}1{}", "[".repeat(depth), "]".repeat(depth));
    for (text, words) in [
        ("a: 1\na: 2\n".to_owned(), "manifest m.yaml: duplicate mapping key: a at line 2"),
        (nested(70), "manifest m.yaml: it is too large, or nested too deeply"),
        (nested(3000), "manifest m.yaml: it is too large, or nested too deeply"),
    ] {
        let error = parse("m.yaml", &text).unwrap_err().msg;
        assert!(error.starts_with(words), "{error}");
        assert!(!["Options", "budget", "Depth", "recursion"].iter().any(|word| error.contains(word)), "{error}");
    }
}
