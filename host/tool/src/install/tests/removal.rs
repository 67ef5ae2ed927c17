//! Everything of ours is removed, and nothing that is not ours or still needed.

use std::fs;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::super::uninstall::{Left, finish, uninstall};
use super::Node;
use super::minimal;
use genie_core::record::{Header, Store, VERSION};
use genie_core::selector::artefact::engine::ENGINE_ID;

/// Makes the record of a pod that we attached.
fn attach(node: &Node) -> Store {
    let store = Store::open(&node.path("/var/lib/genie")).unwrap();
    let lock = store.lock("c", Instant::now() + Duration::from_mins(1)).unwrap();
    let header = Header {
        version: VERSION,
        boot_id: "b".into(),
        container: "c".into(),
        interface: "eth0".into(),
        netns: String::new(),
        network: "k8s-pod-network".into(),
        cni_args: String::new(),
        pod: None,
        created: 0,
        path: Vec::new(),
        attachments: Vec::new(),
        decision: json!(null),
    };
    store.create(&lock, &header).unwrap();
    store
}

/// Does what DEL does at its end.
fn detach(store: &Store) {
    let lock = store.lock("c", Instant::now() + Duration::from_mins(1)).unwrap();
    let record = store.load("c", "eth0").unwrap().unwrap();
    record.journal(&lock).unwrap().remove().unwrap();
}

#[test]
fn nothing_is_left_and_it_may_be_repeated() {
    let node = Node::new(&minimal());
    node.install();
    fs::create_dir_all(node.path("/var/cache/genie").join(ENGINE_ID)).unwrap();
    assert_eq!(uninstall(&node.layout).unwrap(), Left::Nothing);
    assert_eq!(node.files(), ["etc/cni/net.d/10-own.conf"]);
    for dir in ["/var/lib/genie", "/var/cache/genie"] {
        assert!(!node.path(dir).exists(), "{dir}");
    }
    assert_eq!(uninstall(&node.layout).unwrap(), Left::Nothing);
    // A new installation is possible.
    node.install();
    assert_eq!(node.conf()["type"], "genie");
}

#[test]
fn what_somebody_changed_or_never_was_ours_stays() {
    let node = Node::new(&minimal());
    node.install();
    fs::write(node.path(node.layout.conf()), "{}").unwrap();
    fs::write(node.path("/opt/cni/bin/bridge"), "bridge").unwrap();
    assert_eq!(uninstall(&node.layout).unwrap(), Left::Foreign);
    assert_eq!(node.files(), ["etc/cni/net.d/00-genie.conf", "etc/cni/net.d/10-own.conf", "opt/cni/bin/bridge"]);
}

#[test]
fn while_pods_run_the_nodes_own_network_serves_with_us_behind_it() {
    let mut conf = minimal();
    conf["timeout"] = "30s".into();
    let node = Node::new(&conf);
    node.install();
    let store = attach(&node);
    assert_eq!(uninstall(&node.layout).unwrap(), Left::Draining);
    assert!(!node.path(node.layout.conf()).exists());
    let list: Value = serde_json::from_slice(&fs::read(node.path(node.layout.drain_list())).unwrap()).unwrap();
    let expected = json!({
        "cniVersion": "0.4.0", "name": "own", "loadOnlyInlinedPlugins": true,
        "plugins": [
            {"cniVersion": "0.4.0", "name": "own", "type": "bridge"},
            {
                "type": "genie", "drain": true, "conf_dir": "/etc/cni/net.d", "state_dir": "/var/lib/genie",
                "cache_dir": "/var/cache/genie", "timeout": "30s",
            },
        ],
    });
    assert_eq!(list, expected);
    for needed in ["/opt/cni/bin/genie", "/opt/cni/bin/genie-host", "/var/lib/genie/records/c@eth0.json"] {
        assert!(node.path(needed).exists(), "{needed}");
    }
    assert!(!node.path("/var/lib/genie/credentials").exists());

    // A repetition changes nothing; the end of the last pod removes everything.
    assert_eq!(finish(&node.layout).unwrap(), Left::Draining);
    let again: Value = serde_json::from_slice(&fs::read(node.path(node.layout.drain_list())).unwrap()).unwrap();
    assert_eq!(again, expected);
    detach(&store);
    assert_eq!(finish(&node.layout).unwrap(), Left::Nothing);
    assert_eq!(node.files(), ["etc/cni/net.d/10-own.conf"]);
}

#[test]
fn a_new_installation_ends_the_removal() {
    let node = Node::new(&minimal());
    node.install();
    let store = attach(&node);
    uninstall(&node.layout).unwrap();
    node.install();
    assert!(!node.path(node.layout.drain_list()).exists());
    detach(&store);
    assert_eq!(finish(&node.layout).unwrap(), Left::Foreign, "nothing to finish");
    assert_eq!(node.conf()["type"], "genie");
    assert!(node.path("/opt/cni/bin/genie").exists());
}

#[test]
fn records_that_cannot_be_read_stay_for_a_person() {
    let node = Node::new(&minimal());
    node.install();
    let damaged = node.path("/var/lib/genie/damaged");
    fs::create_dir_all(&damaged).unwrap();
    fs::write(damaged.join("c@eth0.json.0"), "?").unwrap();
    assert_eq!(uninstall(&node.layout).unwrap(), Left::Foreign);
    assert!(damaged.join("c@eth0.json.0").exists());
    assert!(!node.path("/opt/cni/bin/genie").exists());
}

#[test]
fn a_directory_that_holds_more_than_ours_keeps_it() {
    let node = Node::new(&minimal());
    node.install();
    for file in ["/var/lib/genie/somebody/else", "/var/cache/genie/somebody/else"] {
        fs::create_dir_all(node.path(file)).unwrap();
    }
    fs::create_dir_all(node.path("/var/cache/genie").join(ENGINE_ID)).unwrap();
    assert_eq!(uninstall(&node.layout).unwrap(), Left::Foreign);
    for dir in ["/var/lib/genie", "/var/cache/genie"] {
        let left: Vec<_> = fs::read_dir(node.path(dir)).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert_eq!(left, ["somebody"], "{dir}");
    }
}
