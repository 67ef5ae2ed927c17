//! Programs and credentials.

use std::fs::{self, File};
use std::io::Read as _;
use std::os::unix::fs::MetadataExt as _;

use serde_json::Value;

use super::Node;
use super::minimal;
use super::mode;

#[test]
fn everything_is_in_its_place_and_nothing_else() {
    let node = Node::new(&minimal());
    node.install();
    assert_eq!(
        node.files(),
        [
            "etc/cni/net.d/00-genie.conf",
            "etc/cni/net.d/10-own.conf",
            "etc/cni/net.d/genie-kubeconfig",
            "opt/cni/bin/genie",
            "opt/cni/bin/genie-host",
            "var/lib/genie/00-genie.conf",
            "var/lib/genie/credentials/ca.crt",
            "var/lib/genie/credentials/token",
            "var/lib/genie/install.lock",
            "var/lib/genie/installed.json",
        ]
    );
    assert_eq!(mode(&node.path("/opt/cni/bin/genie")), 0o755);
    for secret in
        ["/etc/cni/net.d/genie-kubeconfig", "/var/lib/genie/credentials/token", "/etc/cni/net.d/00-genie.conf"]
    {
        assert_eq!(mode(&node.path(secret)), 0o600, "{secret}");
    }
}

#[test]
fn a_second_installation_touches_nothing() {
    let node = Node::new(&minimal());
    node.install();
    let seen = || -> Vec<_> {
        let stat = |file: String| fs::metadata(node.layout.host_root.join(file)).unwrap();
        node.files().into_iter().map(stat).map(|stat| (stat.ino(), stat.ctime_nsec())).collect()
    };
    let before = seen();
    node.install();
    assert_eq!(seen(), before);
}

#[test]
fn a_program_that_runs_keeps_its_old_file() {
    let node = Node::new(&minimal());
    node.install();
    let plugin = node.path("/opt/cni/bin/genie");
    let mut old = File::open(&plugin).unwrap();
    fs::write(node.source.programs.join("genie"), "newer plugin").unwrap();
    node.install();
    let mut content = String::new();
    old.read_to_string(&mut content).unwrap();
    assert_eq!(content, "plugin");
    assert_eq!(fs::read_to_string(plugin).unwrap(), "newer plugin");
}

#[test]
fn a_program_with_the_wrong_mode_is_put_right() {
    let node = Node::new(&minimal());
    node.install();
    let plugin = node.path("/opt/cni/bin/genie");
    fs::set_permissions(&plugin, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    node.install();
    assert_eq!(mode(&plugin), 0o755);
}

#[test]
fn a_new_token_reaches_the_node_and_leaves_the_conf_dir_alone() {
    let node = Node::new(&minimal());
    node.install();
    let kubeconfig = node.path("/etc/cni/net.d/genie-kubeconfig");
    let before = fs::metadata(&kubeconfig).unwrap().ctime_nsec();
    let dir = fs::metadata(node.path("/etc/cni/net.d")).unwrap().mtime_nsec();
    fs::write(node.source.service_account.as_ref().unwrap().dir.join("token"), "second").unwrap();
    node.install();
    assert_eq!(fs::read_to_string(node.path("/var/lib/genie/credentials/token")).unwrap(), "second");
    assert_eq!(fs::metadata(&kubeconfig).unwrap().ctime_nsec(), before);
    assert_eq!(fs::metadata(node.path("/etc/cni/net.d")).unwrap().mtime_nsec(), dir);
}

#[test]
fn the_kubeconfig_names_files_of_the_node_and_holds_no_token() {
    let node = Node::new(&minimal());
    node.install();
    let text = fs::read_to_string(node.path("/etc/cni/net.d/genie-kubeconfig")).unwrap();
    assert!(!text.contains("first"), "{text}");
    let kubeconfig: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(kubeconfig["clusters"][0]["cluster"]["server"], "https://[fd00::1]:443");
    assert_eq!(kubeconfig["users"][0]["user"]["tokenFile"], "/var/lib/genie/credentials/token");
}

#[test]
fn an_empty_token_is_not_copied() {
    let node = Node::new(&minimal());
    node.install();
    fs::write(node.source.service_account.as_ref().unwrap().dir.join("token"), "").unwrap();
    let error = super::install(&node.layout, &node.source).unwrap_err();
    assert!(error.to_string().contains("no credentials"), "{error}");
    assert_eq!(fs::read_to_string(node.path("/var/lib/genie/credentials/token")).unwrap(), "first");
}
