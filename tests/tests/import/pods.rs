//! What pods get with what was made, and pods that Multus attached before.

use std::fs;

use genie_tests::Node;
use genie_tests::netns::Namespace;
use serde_json::{Value, json};

use super::{CALICO, attachments, definitions, fate, fixture, imported, node, piped};

/// What a node with that configuration would attach to a pod: interfaces and networks, or why it refuses.
#[track_caller]
fn decided(told: &Value, namespace: &str, annotations: &Value) -> Result<Vec<String>, String> {
    let node = node();
    let objects = node.dir().join("objects");
    fs::create_dir(&objects).unwrap();
    let every = ["ips", "mac", "infinibandGUID", "portMappings", "bandwidth"];
    let capabilities: Value = every.iter().map(|name| ((*name).to_owned(), json!(true))).collect();
    let definitions =
        [("shop", "own"), ("shared", "all"), ("other", "theirs"), ("networks", "storage"), ("backup", "nightly")];
    for (namespace, name) in definitions {
        let config = json!({"cniVersion": "1.0.0", "type": "macvlan", "capabilities": capabilities}).to_string();
        let definition = json!({
            "apiVersion": "k8s.cni.cncf.io/v1", "kind": "NetworkAttachmentDefinition",
            "metadata": {"namespace": namespace, "name": name}, "spec": {"config": config},
        });
        fs::write(objects.join(format!("{name}.json")), definition.to_string()).unwrap();
    }
    for file in told["files"].as_array().unwrap() {
        node.network(file["file"].as_str().unwrap(), &file["content"]);
    }
    let [configuration, pod] =
        ["configuration.json", "pod.json"].map(|file| node.dir().join(file).display().to_string());
    fs::write(&configuration, told["configuration"].to_string()).unwrap();
    let metadata = json!({"namespace": namespace, "name": "web", "annotations": annotations});
    fs::write(&pod, json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata}).to_string()).unwrap();
    let (conf_dir, objects) = (node.conf_dir().display().to_string(), objects.display().to_string());
    let ask = ["--config", &configuration, "--conf-dir", &conf_dir, "--pod", &pod, "--objects", &objects, "-o", "json"];
    let answer = node.genie_host(&[&["test-selector", "--chain"], &ask[..]].concat());
    let told = answer.json();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    match answer.status {
        Some(0) => {
            let attachments = told["attachments"].as_array().unwrap().iter();
            Ok(attachments.map(|one| format!("{} {}", text(&one["interface"]), text(&one["network"]))).collect())
        }
        Some(1) if told["error"]["code"] == 102 => Err(text(&told["error"]["msg"])),
        _ => panic!("{answer:?}"),
    }
}

#[test]
fn isolation_becomes_what_the_entry_is_granted() {
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    assert_eq!(definitions(&told), [&json!("own"), &json!(["default", "shared"])]);
    // Without globalNamespaces Multus means `default`.
    let (_, told) = piped(&json!({"type": "multus", "clusterNetwork": CALICO, "namespaceIsolation": true}), &[]);
    assert_eq!(definitions(&told), [&json!("own"), &json!(["default"])]);
    // Without isolation they except nobody.
    let (status, told) = piped(&json!({"type": "multus", "clusterNetwork": CALICO, "globalNamespaces": "a"}), &[]);
    assert_eq!((status, definitions(&told)), (0, vec![&json!(["*"])]));
    assert_eq!(fate(&told, "globalNamespaces").0, "not-needed");
}

#[test]
fn a_pod_may_have_as_many_networks_as_with_multus() {
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    let networks = |annotation: &str| json!({"k8s.v1.cni.cncf.io/networks": annotation});
    let many = vec!["own"; 40].join(",");
    assert_eq!(decided(&told, "shop", &networks(&many)).map(|got| got.len()), Ok(41));
    assert!(fate(&told, "limits").1.contains("lower them"));
}

#[test]
fn a_thin_multus_without_a_kubeconfig_attaches_no_definition() {
    let (status, told) = piped(&json!({"type": "multus", "clusterNetwork": CALICO}), &[]);
    assert_eq!((status, fate(&told, "kubeconfig").0), (0, "translated"));
    assert_eq!(told["configuration"]["selectors"].as_array().map(Vec::len), Some(1), "{told:#}");
    for more in [json!({"kubeconfig": "/etc/cni/net.d/multus.d/multus.kubeconfig"}), json!({"type": "multus-shim"})] {
        let mut multus = json!({"type": "multus", "clusterNetwork": CALICO});
        multus.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        assert_eq!(attachments(&piped(&multus, &[]).1)["module"], "network-attachment", "{more}");
    }
}

#[test]
fn isolation_holds_for_each_way_to_name_a_definition() {
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    let networks = |annotation: &str| json!({"k8s.v1.cni.cncf.io/networks": annotation});
    let default = "eth0 k8s-pod-network".to_owned();
    let got = decided(&told, "shop", &networks("own,shared/all@net7"));
    assert_eq!(got, Ok(vec![default.clone(), "net1 own".into(), "net7 all".into()]));
    // All that an annotation can ask for is granted.
    let all = json!([{
        "name": "own", "ips": ["10.1.1.5/24"], "mac": "02:00:00:00:00:01", "cni-args": {"a": 1},
        "portMappings": [{"hostPort": 80, "containerPort": 80}], "bandwidth": {"ingressRate": 1000},
        "default-route": ["10.1.1.1"], "infiniband-guid": "c2:11:22:33:44:55:66:77",
    }]);
    assert_eq!(decided(&told, "shop", &networks(&all.to_string())), Ok(vec![default, "net1 own".into()]));
    for annotations in [networks("other/theirs"), json!({"v1.multus-cni.io/default-network": "other/theirs"})] {
        let refused = decided(&told, "shop", &annotations).unwrap_err();
        assert!(refused.contains("NetworkAttachmentDefinition"), "{annotations}: {refused}");
    }
    // Without isolation there is none.
    let told = imported(&[&fixture("thick.conf")], 0);
    assert!(decided(&told, "shop", &networks("other/theirs")).is_ok());
}

#[test]
fn pods_get_the_default_networks_but_those_of_system_namespaces() {
    let dir = tempfile::tempdir().unwrap();
    let told = imported(&[&fixture("by-hand.conf"), "--write", &dir.path().display().to_string()], 0);
    let inside = ["eth0 pods".to_owned(), "net1 audit".to_owned()];
    let further = ["net2 storage".to_owned(), "net3 nightly".to_owned()];
    assert_eq!(decided(&told, "shop", &json!({})), Ok([inside.clone(), further].concat()));
    assert_eq!(decided(&told, "monitoring", &json!({})), Ok(inside.to_vec()));
}

/// The runtime's file of the pod (here the real libcni's) names Multus, which undoes from its own state.
#[test]
fn a_pod_that_multus_attached_is_undone_by_multus() {
    let (node, pod) = (Node::new(), Namespace::new());
    let multus = json!({
        "cniVersion": "1.0.0", "name": "multus-cni-network", "type": "multus",
        "delegates": [{"cniVersion": "1.0.0", "name": "pods", "type": "bridge"}],
    });
    node.network("00-multus.conf", &multus).recorders(&["multus"]);
    node.cnitool_of("multus-cni-network", "add", &pod, &[("CNI_ARGS", "K8S_POD_NAME=before")]).ok();
    assert_eq!(node.trace(), ["ADD multus@eth0"]);
    node.remove_network("00-multus.conf");
    let kept = fs::read_dir(node.dir().join("cni/results")).unwrap().next().unwrap().unwrap().path();
    let kept: Value = serde_json::from_str(&fs::read_to_string(kept).unwrap()).unwrap();
    node.del().container(kept["containerId"].as_str().unwrap()).netns(pod.path()).run().ok();
    let calls = node.calls();
    assert_eq!(calls.iter().map(genie_tests::Recorded::summary).collect::<Vec<_>>(), ["DEL multus@eth0"]);
    assert_eq!((calls[0].var("CNI_ARGS"), &calls[0].stdin["delegates"]), ("K8S_POD_NAME=before", &multus["delegates"]));
}
