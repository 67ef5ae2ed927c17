//! Configurations that are right, but not yet for this node.

use std::fs;

use serde_json::json;

use super::super::{Installed, install};
use super::Node;
use super::minimal;

fn look(node: &Node) -> Installed {
    install(&node.layout, &node.source).unwrap()
}

#[test]
fn without_a_network_nothing_is_put_in_force() {
    let node = Node::new(&minimal());
    let network = node.path("/etc/cni/net.d/10-own.conf");
    fs::remove_file(&network).unwrap();
    node.network("20-broken.conf", &json!([1]));
    let found = look(&node);
    let problem = found.problem.unwrap();
    assert!(!found.is_in_force && problem.contains("/etc/cni/net.d holds no network"), "{problem}");
    assert!(problem.contains("20-broken.conf: "), "{problem}");
    assert!(!node.path(node.layout.conf()).exists());
    // Everything but the configuration is there already.
    assert!(node.path("/opt/cni/bin/genie").exists());
    node.network("10-own.conf", &json!({"cniVersion": "0.4.0", "name": "own", "type": "bridge"}));
    assert_eq!(look(&node), Installed { is_in_force: true, problem: None });
    // A configuration that is in force stays.
    fs::remove_file(network).unwrap();
    let found = look(&node);
    assert!(found.is_in_force && found.problem.unwrap().contains("holds no network"));
    let before = node.conf();
    node.config(&json!({"name": "newer", "type": "genie"}));
    assert!(!look(&node).is_in_force);
    assert_eq!(node.conf(), before);
}

#[test]
fn where_nobody_reads_no_directory_is_made() {
    let node = Node::new(&minimal());
    for dir in ["etc", "opt", "var"] {
        _ = fs::remove_dir_all(node.path("/").join(dir));
    }
    let dir = "/var/lib/rancher/k3s/agent/etc/cni/net.d";
    fs::create_dir_all(node.path(dir)).unwrap();
    fs::write(node.path(dir).join("10-flannel.conflist"), "{}").unwrap();
    let found = look(&node);
    let problem = found.problem.unwrap();
    assert!(
        !found.is_in_force && problem.contains("k3s reads network configurations in /var/lib/rancher"),
        "{problem}"
    );
    assert_eq!(node.files(), ["var/lib/rancher/k3s/agent/etc/cni/net.d/10-flannel.conflist"]);
    let dirs: Vec<_> = fs::read_dir(node.path("/")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert_eq!(dirs, ["var"]);
}

#[test]
fn who_knows_better_may_say_so() {
    let mut node = Node::new(&minimal());
    fs::create_dir_all(node.path("/var/lib/rancher/k3s/agent/etc/cni/net.d")).unwrap();
    assert!(!look(&node).is_in_force);
    node.source.trust_dirs = true;
    assert_eq!(look(&node), Installed { is_in_force: true, problem: None });
}
