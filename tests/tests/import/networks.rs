//! The default network, and networks for every pod: which, and from which files.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use serde_json::{Value, json};

use super::{CALICO, attachments, definitions, fate, fixture, import, imported, networks, node, piped};

#[test]
fn default_networks_and_system_namespaces_are_settings() {
    let dir = tempfile::tempdir().unwrap();
    let write = dir.path().display().to_string();
    let told = imported(&[&fixture("by-hand.conf"), "--write", &write], 0);
    let settings = json!({
        "defaultNetworks": ["storage", "backup/nightly"], "systemNamespaces": ["kube-system", "monitoring"],
        "namespace": "networks",
    });
    assert_eq!(attachments(&told)["settings"], settings);
    assert_eq!(
        (&attachments(&told)["module"], &attachments(&told)["run"]),
        (&json!("network-attachment"), &json!("always"))
    );
    // What the operator gives every pod is granted, and that this grants more is told.
    assert_eq!(definitions(&told), [&json!("own"), &json!(["default", "backup", "networks"])]);
    assert!(fate(&told, "namespaceIsolation").1.contains("backup, networks for defaultNetworks, so pods may ask for"));

    let written = json!(["storage", "/host/etc/cni/net.d/20-macvlan.conf", "/run/networks"]);
    let (status, told) = piped(&json!({"type": "multus", "clusterNetwork": CALICO, "defaultNetworks": written}), &[]);
    let settings = json!({"defaultNetworks": ["storage", "20-macvlan.conf"]});
    assert_eq!((status, &attachments(&told)["settings"]), (1, &settings));
    let (becomes, how) = fate(&told, "defaultNetworks");
    assert!(becomes == "cannot" && how.starts_with("/run/networks: no file of /etc/cni/net.d"), "{how}");
}

#[test]
fn networks_inside_of_its_file_become_files_for_root_alone() {
    let told = imported(&[&fixture("by-hand.conf")], 1);
    let (becomes, how) = fate(&told, "delegates");
    assert!(becomes == "cannot" && how.contains("--write DIR writes it (80-pods.conf)"), "{how}");

    let dir = tempfile::tempdir().unwrap();
    let write = dir.path().join("net.d").display().to_string();
    let node = node();
    let arguments = [&fixture("by-hand.conf"), "--write", &write];
    let answer = import(&node, &arguments);
    assert_eq!(answer.status, Some(0), "{answer:?}");
    assert_eq!(answer.json()["selectors"][0]["settings"]["networks"], json!(["80-pods.conf", "81-audit.conf@net1"]));
    for printed in [&answer.stdout, &answer.stderr, &import(&node, &[&arguments[..], &["-o", "json"]].concat()).stdout]
    {
        assert!(!printed.contains("of-the-example"), "{printed}");
    }
    let given: Value = serde_json::from_str(&fs::read_to_string(fixture("by-hand.conf")).unwrap()).unwrap();
    for (index, file) in ["80-pods.conf", "81-audit.conf"].iter().enumerate() {
        let path = dir.path().join("net.d").join(file);
        let written: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
        assert_eq!(written, given["delegates"][index]);
        assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    // Nothing of somebody else's is written over.
    fs::write(dir.path().join("net.d/80-pods.conf"), "mine").unwrap();
    let answer = import(&node, &arguments);
    assert!(answer.status == Some(2) && answer.stderr.contains("80-pods.conf"), "{answer:?}");
}

#[test]
fn a_definition_as_the_default_network_becomes_a_file() {
    let dir = tempfile::tempdir().unwrap();
    let write = dir.path().display().to_string();
    let more = ["--manifest", &fixture("thick.yaml"), "--write", &write];
    let (status, told) = piped(&json!({"type": "multus", "clusterNetwork": "storage"}), &more);
    assert_eq!((status, networks(&told)), (0, &json!(["80-storage.conf"])), "{told:#}");
    let written: Value =
        serde_json::from_str(&fs::read_to_string(dir.path().join("80-storage.conf")).unwrap()).unwrap();
    assert_eq!((&written["name"], &written["type"]), (&json!("storage"), &json!("macvlan")));
}

#[test]
fn the_default_network_is_one_of_the_conf_dir() {
    let node = node();
    let dir = node.conf_dir().display().to_string();
    let ask = |cluster_network: &str, more: &[&str]| {
        piped(&json!({"type": "multus", "clusterNetwork": cluster_network}), more)
    };
    for (written, expected) in [
        ("/etc/cni/net.d/10-flannel.conflist", "10-flannel.conflist"),
        ("/hostroot/etc/cni/net.d/10-flannel.conflist", "10-flannel.conflist"),
        ("cbr0", "10-flannel.conflist"),
        // The first, but Multus' own.
        ("/etc/cni/net.d", "10-calico.conflist"),
        ("/host/etc/cni/net.d/", "10-calico.conflist"),
    ] {
        let (status, told) = ask(written, &["--networks", &dir]);
        assert_eq!((status, networks(&told)), (0, &json!([expected])), "{written}: {told:#}");
    }
    // Which one is the first is known on a node only.
    let (status, told) = ask("/etc/cni/net.d", &[]);
    assert!(status == 1 && fate(&told, "clusterNetwork").1.contains("--networks DIR"), "{told:#}");
    for (written, says) in [
        ("/etc/cni/net.d/10-weave.conf", "no such network"),
        ("weave", "no network of that name"),
        ("/run/elsewhere/10-flannel.conflist", "/etc/cni/net.d alone"),
    ] {
        let (status, told) = ask(written, &["--networks", &dir]);
        assert!(status == 1 && fate(&told, "clusterNetwork").1.contains(says), "{written}: {told:#}");
    }
    // A directory of its own has to be named once more, for the chart.
    let (status, told) = ask("/etc/other/net.d/10-flannel.conflist", &["--conf-dir", "/etc/other/net.d"]);
    assert_eq!((status, &told["configuration"]["conf_dir"]), (0, &json!("/etc/other/net.d")), "{told:#}");
}
