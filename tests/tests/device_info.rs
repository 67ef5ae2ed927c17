//! What networks' plugins tell of their devices, by the capability `CNIDeviceInfoFile`: rows 46 to 48
//! of the multi-network standard's checklist, as far as they take no device plugin and no kubelet.

use std::collections::BTreeSet;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use genie_tests::definitions::definition;
use genie_tests::fixture::reference_node;
use genie_tests::{Node, Recorded, Script, Verb};
use serde_json::{Value, json};

const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";
/// Writes what a plugin of vhost-user writes.
const WRITE: &str = r#"printf '{"version": "1.1.0", "type": "vhost-user", "vhost-user": {"path": "/run/vhost/%s.sock", "mode": "client"}}' "$CNI_IFNAME" > "$DEVICE_FILE""#;

/// The reference node with two networks whose plugins ask for the file. That of `memif` is a list, of
/// which the second plugin does.
fn node() -> Node {
    let node = reference_node();
    let asks = json!({"CNIDeviceInfoFile": true});
    let memif = [json!({"type": "first"}), json!({"type": "memif", "capabilities": asks})];
    node.network(
        "30-vhost.conf",
        &json!({"cniVersion": "1.0.0", "name": "vhost", "type": "vhost", "capabilities": asks}),
    )
    .network("40-memif.conflist", &json!({"cniVersion": "1.0.0", "name": "memif", "plugins": memif}))
    .recorders(&["vhost", "first", "memif"]);
    let dir = devices(&node);
    node.script("vhost", Verb::Add, Script::new().run(WRITE));
    node.with("device_info_dir", json!(dir))
}

/// The directory of the files. It is not there until a plugin asks for one.
fn devices(node: &Node) -> PathBuf {
    node.dir().join("devinfo/cni")
}

/// The names of the files that are there.
fn files(node: &Node) -> BTreeSet<String> {
    let files = fs::read_dir(devices(node)).into_iter().flatten().flatten();
    files.map(|file| file.file_name().to_string_lossy().into_owned()).collect()
}

/// The file of which a plugin was told.
fn told(call: &Recorded) -> Option<PathBuf> {
    Some(call.stdin["runtimeConfig"]["CNIDeviceInfoFile"].as_str()?.into())
}

/// The files that the plugins of a type were told of since the last question.
fn all_told(node: &Node, kind: &str) -> Vec<PathBuf> {
    node.calls().iter().filter(|call| call.kind == kind).filter_map(told).collect()
}

/// What the status tells of the device of a network's interface.
fn device(node: &Node, interface: &str) -> Option<Value> {
    let status = node.published("c1", STATUS).expect("a status");
    let entries = status.as_array().expect("a list");
    let entry = entries.iter().find(|entry| entry["interface"] == interface).expect("the interface has an entry");
    entry.get("device-info").cloned()
}

fn vhost(interface: &str) -> Value {
    let path = format!("/run/vhost/{interface}.sock");
    json!({"type": "vhost-user", "version": "1.1.0", "vhost-user": {"mode": "client", "path": path}})
}

/// What the pod's owner is told, if the node has an agent.
fn notice(node: &Node) -> String {
    fs::read_to_string(node.state_dir().join("spool/u.json")).unwrap_or_default()
}

#[test]
fn row_47_each_attachment_gets_a_path_of_its_own_and_only_plugins_that_ask() {
    let node = node();
    node.script("vhost", Verb::Add, Script::new().run("test -d \"$(dirname \"$DEVICE_FILE\")\""));
    node.add().cni("weave,vhost@net1,vhost@net2,memif@net3").run().ok();
    let calls = node.calls();
    let told: Vec<_> = calls.iter().map(|call| (&*call.kind, told(call))).collect();
    let path = |name: &str| Some(devices(&node).join(name));
    assert_eq!(
        told,
        [
            ("weave-net", None),
            ("vhost", path("vhost@c1@net1.json")),
            ("vhost", path("vhost@c1@net2.json")),
            ("first", None),
            ("memif", path("memif@c1@net3.json")),
        ]
    );
    let other = node.add().container("c2").cni("vhost").run();
    other.ok();
    assert_eq!(all_told(&node, "vhost"), [devices(&node).join("vhost@c2@eth0.json")]);
    let mode = fs::metadata(devices(&node)).expect("the directory was made").permissions().mode();
    assert_eq!(mode & 0o22, 0, "{mode:o}: nobody but root writes there");
}

#[test]
fn row_47_a_pod_whose_plugins_do_not_ask_leaves_no_trace_of_it() {
    let node = node();
    node.add().cni("calico,weave").run().ok();
    assert!(!node.dir().join("devinfo").exists());
    node.del().run().ok();
    assert!(!node.dir().join("devinfo").exists());
}

#[test]
fn row_47_what_a_plugin_wrote_is_published_check_keeps_it_and_del_removes_it() {
    let node = node();
    node.add().cni("weave,vhost@net1,memif@net2,vhost@net3").run().ok();
    let added = all_told(&node, "vhost");
    assert_eq!(
        ["eth0", "net1", "net2", "net3"].map(|interface| device(&node, interface)),
        [None, Some(vhost("net1")), None, Some(vhost("net3")),]
    );
    let there = ["vhost@c1@net1.json", "vhost@c1@net3.json"].map(String::from).into();
    assert_eq!(files(&node), there);
    node.call(Verb::Check).run().ok();
    assert_eq!(all_told(&node, "vhost"), added);
    assert_eq!(files(&node), there);
    // What is configured by now is not asked.
    node.script("vhost", Verb::Del, Script::new().run("test -s \"$DEVICE_FILE\""));
    node.del().key("device_info_dir", json!("/elsewhere")).run().ok();
    let mut deleted = all_told(&node, "vhost");
    deleted.reverse();
    assert_eq!(deleted, added);
    assert_eq!(files(&node), BTreeSet::new());
    node.assert_no_state();
}

#[test]
fn row_48_the_status_is_right_to_the_byte_in_both_forms() {
    let node = node();
    let result = json!({"cniVersion": "1.0.0", "interfaces": [{"name": "net1", "sandbox": "/run/netns/pod"}]});
    node.script("vhost", Verb::Add, Script::new().run(WRITE).json(&result));
    for (form, default, dns) in [("multus", "", ",\n    \"dns\": {}"), ("standard", ",\n    \"default\": false", "")] {
        node.add().key("network_status", json!(form)).cni("weave,vhost@net1").run().ok();
        let record = node.record("c1", "eth0");
        let done = record.iter().find_map(|line| line.get("done")).expect("the ADD is done");
        let published = done["annotations"][STATUS].as_str().expect("a status");
        let entry = format!(
            "{{\n    \"name\": \"vhost\",\n    \"interface\": \"net1\"{default}{dns},\n    \"device-info\": {{\n        \
             \"type\": \"vhost-user\",\n        \"version\": \"1.1.0\",\n        \"vhost-user\": {{\n            \
             \"mode\": \"client\",\n            \"path\": \"/run/vhost/net1.sock\"\n        }}\n    }}\n}}]"
        );
        assert!(published.ends_with(&entry), "{form}: {published}");
        node.del().run().ok();
    }
}

#[test]
fn row_48_each_interface_of_the_network_has_it_as_with_multus() {
    let node = node();
    let inside = |name: &str| json!({"name": name, "sandbox": "/run/netns/pod"});
    let result = json!({"cniVersion": "1.0.0", "interfaces": [inside("net1"), {"name": "veth1"}, inside("net1b")]});
    node.script("vhost", Verb::Add, Script::new().run(WRITE).json(&result));
    node.add().cni("weave,vhost@net1").run().ok();
    assert_eq!([device(&node, "net1"), device(&node, "net1b")], [Some(vhost("net1")), Some(vhost("net1"))]);
}

#[test]
fn row_47_a_failed_add_leaves_no_file() {
    let node = node();
    node.script("memif", Verb::Add, Script::new().run(WRITE).error(123, "no memif today"));
    node.add().cni("weave,vhost@net1,memif@net2").run().error_code(123);
    assert_eq!(files(&node), BTreeSet::new());
    node.assert_no_state();
    // A plugin that cannot undo keeps what it may need, until it can.
    node.script("memif", Verb::Del, Script::new().error(5, "busy"));
    node.calls();
    node.add().cni("weave,vhost@net1,memif@net2").run().error_code(123);
    assert_eq!(files(&node), ["memif@c1@net2.json".to_owned()].into());
    node.script("memif", Verb::Del, Script::new());
    node.del().run().ok();
    assert_eq!(files(&node), BTreeSet::new());
    node.assert_no_state();
}

#[test]
fn row_47_gc_removes_the_files_of_what_the_runtime_does_not_know() {
    let node = node().with("cniVersion", json!("1.1.0"));
    for container in ["c1", "c2"] {
        node.add().container(container).cni("vhost").run().ok();
    }
    let valid = json!([{"containerID": "c2", "ifname": "eth0"}]);
    node.call(Verb::Gc).key("cni.dev/valid-attachments", valid).run().ok();
    assert_eq!(files(&node), ["vhost@c2@eth0.json".to_owned()].into());
}

#[test]
fn row_47_nobody_else_chooses_the_path() {
    let node = node();
    let objects = node.dir().join("objects");
    fs::create_dir(&objects).expect("a new directory");
    // Both networks ask for the file under two names, which a plugin in Go does not tell apart.
    let asks = json!({"CNIDeviceInfoFile": true, "cnideviceinfofile": true});
    node.network(
        "30-vhost.conf",
        &json!({"cniVersion": "1.0.0", "name": "vhost", "type": "vhost", "capabilities": asks}),
    );
    // The definition says what only a runtime may say.
    let wish = json!({"CNIDeviceInfoFile": "/etc/shadow"});
    let config = json!({"cniVersion": "1.0.0", "name": "own", "type": "vhost", "capabilities": asks, "runtimeConfig": wish,
        "RuntimeConfig": wish});
    fs::write(objects.join("own.json"), definition("default", "own", &config).to_string()).expect("it can be written");
    let node = node.with("pods", json!(["runtime", {"manifests": objects}])).with("default_plugin", json!("vhost"));
    let element = json!([{"name": "own", "cni-args": wish, "runtimeConfig": wish, "CNIDeviceInfoFile": "/etc/shadow"}]);
    let call = node.add().annotations(&[("k8s.v1.cni.cncf.io/networks", &element.to_string())]);
    // The runtime's wishes are for the network on its own interface.
    let call = call.runtime_config("CNIDeviceInfoFile", json!("/etc/shadow"));
    call.runtime_config("cnideviceinfofile", json!("/etc/shadow")).run().ok();
    let calls = node.calls();
    let given: Vec<_> = calls.iter().map(|call| call.stdin["runtimeConfig"].clone()).collect();
    let only = |name: &str| json!({"CNIDeviceInfoFile": devices(&node).join(name)});
    assert_eq!(given, [only("vhost@c1@eth0.json"), only("own@c1@net1.json")]);
    for call in &calls {
        assert_eq!(call.stdin.get("RuntimeConfig"), None);
    }
}

#[test]
fn row_48_a_file_that_is_none_is_told_and_the_pod_starts() {
    let node = node();
    fs::create_dir_all(node.state_dir().join("spool")).expect("as an agent makes it");
    let target = node.dir().join("target");
    fs::write(&target, vhost("net1").to_string()).expect("it can be written");
    let link = format!("ln -s {} \"$DEVICE_FILE\"", target.display());
    for (write, says) in [
        (&*link, "is a symbolic link"),
        ("mkfifo \"$DEVICE_FILE\"", "is not a regular file"),
        ("head -c 20000 /dev/zero > \"$DEVICE_FILE\"", "is larger than 16 KiB"),
        ("echo '{' > \"$DEVICE_FILE\"", "is no JSON"),
        ("echo '[]' > \"$DEVICE_FILE\"", "holds no JSON object"),
        ("echo '{\"type\": \"gpu\", \"version\": \"1.1.0\"}' > \"$DEVICE_FILE\"", "the type \\\"gpu\\\""),
        ("echo '{\"type\": \"pci\", \"version\": \"1.1.0\"}' > \"$DEVICE_FILE\"", "no member of that name"),
    ] {
        node.script("memif", Verb::Add, Script::new().run(write));
        let answer = node.add().cni("weave,memif@net1,vhost@net2").run();
        answer.ok();
        assert_eq!([device(&node, "net1"), device(&node, "net2")], [None, Some(vhost("net2"))], "{says}");
        let notice = notice(&node);
        for part in [says, "\\\"memif\\\" on net1", "memif@c1@net1.json", "has to be corrected"] {
            assert!(notice.contains(part), "{part}: {notice}");
        }
        assert!(answer.stderr.contains("memif@c1@net1.json"), "{}", answer.stderr);
        node.del().run().ok();
        assert_eq!(files(&node), BTreeSet::new(), "{says}");
    }
    assert!(target.exists(), "a link goes, and not what it leads to");
}

#[test]
fn row_48_what_was_odd_before_is_told_with_it() {
    let node = node();
    fs::create_dir_all(node.state_dir().join("spool")).expect("as an agent makes it");
    node.script("vhost", Verb::Add, Script::new().run("echo > \"$DEVICE_FILE\""));
    let annotations = [("cni", "vhost"), ("k8s.v1.cni.cncf.io/networks", "nothing")];
    let entries = json!([{"module": "annotation"}, {"module": "network-attachment"}]);
    node.add().key("selectors", entries).annotations(&annotations).run().ok();
    let notice = notice(&node);
    for part in ["is not heeded", "is no JSON"] {
        assert!(notice.contains(part), "{part}: {notice}");
    }
}

#[test]
fn row_48_what_an_earlier_container_left_is_not_told_of_this_one() {
    let node = node();
    fs::create_dir_all(devices(&node)).expect("a new directory");
    fs::write(devices(&node).join("vhost@c1@eth0.json"), vhost("eth0").to_string()).expect("it can be written");
    node.script("vhost", Verb::Add, Script::new().run("test ! -e \"$DEVICE_FILE\""));
    node.add().cni("vhost").run().ok();
    assert_eq!(device(&node, "eth0"), None);
}

#[test]
fn row_47_a_directory_that_cannot_be_made_is_told_and_the_pod_starts() {
    let node = node();
    fs::create_dir_all(node.state_dir().join("spool")).expect("as an agent makes it");
    fs::write(node.dir().join("devinfo"), "a file").expect("it can be written");
    node.script("vhost", Verb::Add, Script::new());
    node.add().cni("vhost").run().ok();
    assert_eq!(device(&node, "eth0"), None);
    let notice = notice(&node);
    for part in ["\\\"vhost\\\" on eth0", "there is no room for the file", "the node has to be corrected"] {
        assert!(notice.contains(part), "{part}: {notice}");
    }
    node.del().run().ok();
    assert!(!node.record_file("c1", "eth0").exists());
}

#[test]
fn row_47_names_of_any_length_have_a_file() {
    let node = node();
    let name = "n".repeat(300);
    let long =
        json!({"cniVersion": "1.0.0", "name": name, "type": "vhost", "capabilities": {"CNIDeviceInfoFile": true}});
    node.network("50-long.conf", &long);
    let container = "c".repeat(150);
    for network in ["vhost", "50-long"] {
        node.add().container(&container).cni(network).run().ok();
        let [path] = &all_told(&node, "vhost")[..] else { panic!("one call") };
        assert!(path.file_name().is_some_and(|name| name.len() <= 200), "{path:?}");
        assert!(path.is_file() && path.parent() == Some(Path::new(&devices(&node))), "{path:?}");
        node.del().container(&container).run().ok();
        assert_eq!(files(&node), BTreeSet::new());
        node.calls();
    }
}

#[test]
fn row_47_a_wrong_directory_is_the_operators_to_correct() {
    let node = node();
    let answer = node.add().key("device_info_dir", json!(7)).cni("vhost").run();
    answer.error_code(7).says(&["\"device_info_dir\" is 7", "expected text"]);
    node.del().key("device_info_dir", json!(7)).run().ok();
}
