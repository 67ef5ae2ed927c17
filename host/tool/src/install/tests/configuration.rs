//! The ConfigMap's configuration becomes the node's.

use std::fs;
use std::path::Path;

use serde_json::json;

use super::super::configuration::prepare;
use super::super::install;
use super::super::modules::{NotHere, prune, store};
use super::super::pulled::Packages;
use super::Node;
use super::minimal;
use crate::registry::Package;
use crate::registry::package::Title;
use genie_core::digest::Digest;

#[test]
fn what_the_site_left_out_is_completed() {
    let node = Node::new(&minimal());
    node.install();
    let expected = json!({
        "cniVersion": "1.0.0", "name": "k8s-pod-network", "type": "genie", "nodename": "n1",
        "capabilities": {"io.kubernetes.cri.pod-annotations": true, "portMappings": true, "bandwidth": true},
        "kubernetes": {"kubeconfig": "/etc/cni/net.d/genie-kubeconfig"},
    });
    assert_eq!(node.conf(), expected);
}

#[test]
fn what_the_site_wrote_stays() {
    let written = json!({
        "cniVersion": "0.3.1", "name": "k8s-pod-network", "type": "genie", "NodeName": "other",
        "capabilities": {"io.kubernetes.cri.pod-annotations": false, "portMappings": false, "bandwidth": true},
        "kubernetes": {"kubeconfig": "/root/config"}, "default_plugin": "flannel", "timeout": "30s",
    });
    let node = Node::new(&written);
    node.install();
    assert_eq!(node.conf(), written);
}

#[test]
fn placeholders_of_cni_genie_are_filled_in_and_no_token_is() {
    let node = Node::new(&json!({
        "name": "k8s-pod-network", "type": "genie", "hostname": "__KUBERNETES_NODE_NAME__",
        "policy": {"type": "k8s", "k8s_auth_token": "__SERVICEACCOUNT_TOKEN__"},
        "kubernetes": {"k8s_api_root": "https://__KUBERNETES_SERVICE_HOST__:__KUBERNETES_SERVICE_PORT__"},
        "bracketed": "https://[__KUBERNETES_SERVICE_HOST__]",
    }));
    node.install();
    let conf = node.conf();
    assert_eq!(conf["hostname"], "n1");
    assert_eq!(conf["kubernetes"]["k8s_api_root"], "https://[fd00::1]:443");
    assert_eq!(conf["bracketed"], "https://[fd00::1]");
    assert_eq!(conf["policy"], json!({"type": "k8s"}));
}

#[test]
fn a_wrong_configuration_changes_nothing_and_says_what_is_wrong() {
    let node = Node::new(&minimal());
    node.install();
    let before = node.conf();
    for (wrong, says) in [
        (json!({"name": "g", "type": "genie", "timeout": "soon"}), "timeout"),
        (json!({"name": "g", "type": "bridge"}), "genie"),
        (json!({"name": "../g", "type": "genie"}), "name"),
        (json!({"name": "g", "type": "genie", "cniVersion": "9.9.9"}), "cniVersion"),
        (json!({"name": "g", "type": "genie", "selectors": [{"module": "nosuch"}]}), "nosuch"),
        (json!({"name": "g", "type": "genie", "selectors": [{"module": "absent.wasm"}]}), "absent.wasm"),
        (json!({"name": "g", "type": "genie", "state_dir": "/elsewhere"}), "state_dir"),
        (json!([1]), "object"),
    ] {
        node.config(&wrong);
        let error = install(&node.layout, &node.source).unwrap_err();
        assert!(format!("{error:#}").contains(says), "{error:#}");
        assert_eq!(node.conf(), before);
    }
}

#[test]
fn the_config_maps_own_selectors_come_to_the_node_pinned() {
    let conf = json!({
        "name": "g", "type": "genie", "merge": "tenant.wasm",
        "selectors": [{"module": "tenant.wasm", "run": "always"}, {"module": "annotation"}],
    });
    let node = Node::new(&conf);
    fs::write(node.source.config_dir.join("tenant.wasm"), "one").unwrap();
    let prepared = prepare(&node.layout, &node.source).unwrap();
    let digest = Digest::of(b"one").to_string();
    let path = format!("/var/lib/genie/selectors/{digest}/tenant.wasm");
    assert_eq!(prepared.config["selectors"][0], json!({"module": path, "sha256": digest, "run": "always"}));
    assert_eq!(prepared.config["merge"], path);
    store(&node.layout, &prepared.modules).unwrap();
    assert_eq!(fs::read(node.path(&path)).unwrap(), b"one");

    // Another selector takes its place. The old one is removed when it is no longer in force.
    fs::write(node.source.config_dir.join("tenant.wasm"), "two").unwrap();
    let newer = prepare(&node.layout, &node.source).unwrap();
    store(&node.layout, &newer.modules).unwrap();
    assert!(node.path(&path).exists());
    prune(&node.layout, &newer.modules).unwrap();
    assert!(!node.path(&path).exists());
    assert!(node.path(Path::new(newer.config["merge"].as_str().unwrap())).exists());
}

#[test]
fn a_selector_of_the_config_map_that_is_not_the_pinned_one_is_refused() {
    let entry = json!({"module": "tenant.wasm", "sha256": "0".repeat(64)});
    let node = Node::new(&json!({"name": "g", "type": "genie", "selectors": [entry]}));
    fs::write(node.source.config_dir.join("tenant.wasm"), "one").unwrap();
    let error = prepare(&node.layout, &node.source).unwrap_err();
    assert!(format!("{error:#}").contains("pins"), "{error:#}");
}

#[test]
fn a_module_of_a_registry_gets_the_path_of_its_package() {
    let package = Package::of(b"one".into(), &Title { name: "tenant", version: "1", summary: "" }, None).unwrap();
    let name = format!("oci://registry/policies/tenant@sha256:{}", package.manifest);
    let node = Node::new(&json!({"name": "g", "type": "genie", "merge": name, "selectors": [{"module": name}]}));
    let error = prepare(&node.layout, &node.source).unwrap_err();
    assert_eq!(error.downcast_ref::<NotHere>(), Some(&NotHere(vec![name.parse().unwrap()])));
    let installed = install(&node.layout, &node.source).unwrap();
    assert!(!installed.is_in_force && installed.problem.unwrap().contains("not on this node yet"));

    let packages = Packages::of(&node.path(&node.layout.state_dir));
    packages.put(&package, false).unwrap();
    let prepared = prepare(&node.layout, &node.source).unwrap();
    let digest = Digest::of(b"one").to_string();
    let path = format!("/var/lib/genie/selectors/{digest}/tenant.wasm");
    assert_eq!(prepared.config["selectors"][0], json!({"module": path, "sha256": digest}));
    assert_eq!(prepared.config["merge"], path);
    store(&node.layout, &prepared.modules).unwrap();
    store(&node.layout, &prepared.modules).unwrap();
    assert_eq!(fs::read(node.path(&path)).unwrap(), b"one");
    prune(&node.layout, &prepared.modules).unwrap();
    let kept = packages.find(package.manifest, None).unwrap().unwrap();

    // Of the same size, and another.
    fs::write(&kept.file, "two").unwrap();
    assert!(store(&node.layout, &prepared.modules).unwrap_err().to_string().contains("was damaged"));
    assert_eq!(packages.find(package.manifest, None).unwrap(), None);
    for (entry, says) in [
        (json!({"module": "oci://registry/tenant:1"}), "has no digest"),
        (json!({"module": "oci://registry"}), "names no repository"),
    ] {
        node.config(&json!({"name": "g", "type": "genie", "selectors": [entry]}));
        assert!(format!("{:#}", install(&node.layout, &node.source).unwrap_err()).contains(says), "{says}");
    }
}
