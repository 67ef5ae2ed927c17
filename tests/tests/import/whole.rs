//! Configurations of Multus that are carried over whole.

use serde_json::json;

use super::{CALICO, definitions, fate, fixture, imported, networks, node, piped};

#[test]
fn a_thin_multus_is_carried_over_whole() {
    let node = node();
    let dir = node.conf_dir().display().to_string();
    let told = imported(&[&fixture("thin.conf"), "--networks", &dir], 0);
    assert_eq!(networks(&told), &json!(["10-flannel.conflist"]), "the network inside of it is the node's own");
    let configuration = &told["configuration"];
    assert_eq!(configuration["type"], "genie");
    assert_eq!((&configuration["name"], &configuration["cniVersion"]), (&json!("multus-cni-network"), &json!("0.3.1")));
    let capabilities = json!({"portMappings": true, "io.kubernetes.cri.pod-annotations": true});
    assert_eq!(configuration["capabilities"], capabilities);
    assert_eq!(fate(&told, "cniConf").0, "not-needed");
    assert_eq!(definitions(&told), [&json!(["*"])], "Multus isolates nobody unless it is told to");
    assert!(fate(&told, "namespaceIsolation").1.contains("every namespace"));

    // Since CNI 1.0.0 its file is a list. The flags say that the network inside is a copy of the node's.
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    assert_eq!(networks(&told), &json!(["k8s-pod-network"]));
    assert_eq!(told["files"], json!([]));
    let (becomes, how) = fate(&told, "--namespace-isolation");
    assert!(becomes == "not-needed" && how.contains("the file says the same by namespaceIsolation"), "{how}");
}

#[test]
fn a_thick_multus_is_carried_over_whole() {
    let told = imported(&[&fixture("thick.conf"), "--manifest", &fixture("thick.yaml")], 0);
    assert_eq!(networks(&told), &json!(["10-calico.conflist"]), "{told:#}");
    // The daemon's keys go before those of the file.
    assert_eq!(told["configuration"]["log_level"], "debug");
    assert_eq!(fate(&told, "logLevel").0, "not-needed", "that of the file");
    assert!(fate(&told, "metricsPort").1.contains("listen.port"));
    for key in ["chrootDir", "socketDir", "connectionLimit", "multusConfigFile", "cniConfigDir"] {
        assert_eq!(fate(&told, key).0, "not-needed", "{key}");
    }
    assert!(told["configuration"].get("conf_dir").is_none() && told["configuration"].get("bin_dirs").is_none());
}

#[test]
fn an_additional_binary_directory_is_searched_before_the_runtimes() {
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    assert_eq!(told["configuration"]["bin_dirs"], json!(["/opt/more/bin", "/opt/cni/bin"]));
    // Where the runtime looks may be said by a flag, too.
    let flags = "--cni-bin-dir=/host/usr/libexec/cni --cni-conf-dir=/host/etc/cni/net.d";
    let told = imported(&[&fixture("thin.conflist"), "--flags", flags], 0);
    assert_eq!(told["configuration"]["bin_dirs"], json!(["/opt/more/bin", "/usr/libexec/cni"]));
    // The runtime's own directory is none to add.
    let told = imported(&[&fixture("platform.conf"), "--bin-dir", "/var/lib/cni/bin"], 1);
    assert!(told["configuration"].get("bin_dirs").is_none());
    assert_eq!(fate(&told, "binDir").0, "not-needed");
    // Without the key Multus looks into the usual one first, wherever the runtime looks.
    let (_, told) =
        piped(&json!({"type": "multus-shim", "clusterNetwork": CALICO}), &["--bin-dir", "/var/lib/cni/bin"]);
    assert_eq!(told["configuration"]["bin_dirs"], json!(["/opt/cni/bin", "/var/lib/cni/bin"]));
}

#[test]
fn the_capability_that_hands_over_annotations_stays() {
    let off = json!({"io.kubernetes.cri.pod-annotations": false, "portMappings": true});
    let (_, told) = piped(&json!({"type": "multus-shim", "clusterNetwork": CALICO, "capabilities": off}), &[]);
    let capabilities = json!({"io.kubernetes.cri.pod-annotations": true, "portMappings": true});
    assert_eq!(told["configuration"]["capabilities"], capabilities);
}

#[test]
fn the_readiness_indicator_is_the_default_network_itself() {
    let told = imported(&[&fixture("thin.conflist"), "--manifest", &fixture("thin.yaml")], 0);
    let (becomes, how) = fate(&told, "readinessindicatorfile");
    assert!(becomes == "translated" && how.contains("STATUS"), "{how}");
    // A file elsewhere is one that nothing looks at.
    let told = imported(&[&fixture("platform.conf")], 1);
    let (becomes, how) = fate(&told, "readinessindicatorfile");
    assert!(becomes == "cannot" && how.contains("/run/multus/cni/net.d/10-ovn.conf"), "{how}");
}
