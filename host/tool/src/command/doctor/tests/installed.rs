//! What is installed: configuration, directories, networks, selectors, programs.

use std::fs;

use serde_json::json;

use super::super::{configuration, directories, networks, plugin, selectors};
use super::CAPABILITY;
use super::Level;
use super::Node;
use super::Site;
use super::assert_none;
use super::assert_one;
use super::problems;

#[test]
fn another_file_goes_first() {
    let node = Node::new();
    node.write(
        "net.d/00-a.conflist",
        r#"{"cniVersion": "1.0.0", "name": "a", "plugins": [{"type": "bridge"}]}"#,
        0o600,
    );
    assert_one(configuration::check(&node.site()), Level::Fail, "00-a.conflist sorts before 00-genie.conf");
    node.write("net.d/00-a.conflist", "{", 0o600);
    assert_one(configuration::check(&node.site()), Level::Fail, "00-a.conflist sorts before 00-genie.conf");
}

#[test]
fn no_configuration_of_ours() {
    let node = Node::new();
    let read = || Site::read(&node.path("net.d"), &node.path("bin")).unwrap();
    assert_one(configuration::check(&read()), Level::Fail, "no usable configuration of type \"genie\"");
    node.write("net.d/00-genie.conf", "{\"type\": ", 0o600);
    assert_one(configuration::check(&read()), Level::Fail, "(00-genie.conf: ");
    let nowhere = Site::read(&node.path("nowhere"), &node.path("bin")).unwrap();
    assert_one(configuration::check(&nowhere), Level::Fail, "no usable configuration of type \"genie\"");
}

#[test]
fn our_configuration_as_a_list_and_as_the_drain_list() {
    let node = Node::new();
    let list = |drain: bool| {
        let mut own = node.config.clone();
        own["drain"] = drain.into();
        json!({"cniVersion": "1.0.0", "name": "cbr0", "plugins": [{"type": "bridge"}, own]}).to_string()
    };
    node.write("net.d/00-genie.conflist", &list(false), 0o600);
    let site = Site::read(&node.path("net.d"), &node.path("bin")).unwrap();
    assert_eq!((site.file.as_deref(), &site.map["name"]), (Some("00-genie.conflist"), &json!("cbr0")));
    node.write("net.d/00-genie.conflist", &list(true), 0o600);
    let site = Site::read(&node.path("net.d"), &node.path("bin")).unwrap();
    assert_one(configuration::check(&site), Level::Warn, "genie is being removed");
}

#[test]
fn what_the_configuration_says_is_wrong() {
    let node = Node::new().with("timeout", json!("soon"));
    assert_one(configuration::check(&node.site()), Level::Fail, "\"timeout\" is \"soon\"");
    let node = Node::new().with("default_plugim", json!("calico"));
    assert_one(configuration::check(&node.site()), Level::Warn, "default_plugim");
    let node = Node::new().with("cniVersion", json!("0.2.0"));
    assert_one(configuration::check(&node.site()), Level::Warn, "cniVersion 0.2.0");
}

#[test]
fn annotations_that_nobody_hands_over() {
    let node = Node::new().with("capabilities", json!({"portMappings": true}));
    assert_one(configuration::check(&node.site()), Level::Warn, CAPABILITY);
    let node = node.with("pods", json!("runtime"));
    assert_one(configuration::check(&node.site()), Level::Fail, CAPABILITY);
    let node = node.with("pods", json!({"manifests": "/etc/kubernetes/manifests"}));
    assert_none(configuration::check(&node.site()));
}

#[test]
fn others_can_write() {
    let node = Node::new();
    node.make("bin", 0o777);
    assert_one(directories::check(&node.site()), Level::Fail, "can write to");
    node.make("bin", 0o755);
    node.make("state", 0o755);
    assert_one(directories::check(&node.site()), Level::Warn, "can look into");
    node.make("state", 0o770);
    assert_one(directories::check(&node.site()), Level::Fail, "can write to");
    node.make("state", 0o700);
    node.make("cache", 0o757);
    assert_one(directories::check(&node.site()), Level::Fail, "compiled selectors are not loaded");
}

#[test]
fn networks_that_cannot_be_had() {
    let node = Node::new();
    node.write("net.d/20-broken.conf", "{", 0o600);
    assert_one(networks::check(&node.site()), Level::Warn, "20-broken.conf is left out");
    fs::remove_file(node.path("net.d/20-broken.conf")).unwrap();

    node.write("bin/bridge", "", 0o644);
    assert_one(networks::check(&node.site()), Level::Fail, "bin/bridge is not executable");
    fs::remove_file(node.path("bin/bridge")).unwrap();
    assert_one(networks::check(&node.site()), Level::Fail, "failed to find plugin \"bridge\"");
    fs::remove_file(node.path("net.d/10-cbr0.conf")).unwrap();
    assert_one(networks::check(&node.site()), Level::Fail, "holds no network");
}

#[test]
fn a_name_that_two_files_have_says_which_is_meant() {
    let node = Node::new();
    for (file, name) in [("10-calico.conf", "a"), ("10-calico.conflist", "b"), ("20-c.conf", "c"), ("30-d.conf", "c")] {
        let plugin = json!({"type": "bridge"});
        let mut conf = json!({"cniVersion": "1.0.0", "name": name, "type": "bridge"});
        if file.ends_with("list") {
            conf = json!({"cniVersion": "1.0.0", "name": name, "plugins": [plugin]});
        }
        node.write(&format!("net.d/{file}"), &conf.to_string(), 0o600);
    }
    let told: Vec<_> = problems(networks::check(&node.site()))
        .into_iter()
        .map(|(level, what)| {
            assert_eq!(level, Level::Warn);
            what
        })
        .collect();
    assert_eq!(
        told,
        [
            "\"c\" means 20-c.conf; 30-d.conf could be called that, too",
            "\"calico\" means 10-calico.conf; 10-calico.conflist could be called that, too",
        ]
    );
}

#[test]
fn a_capability_that_a_network_declares_and_we_do_not() {
    let node = Node::new();
    let portmap = json!({"type": "bridge", "capabilities": {"portMappings": true, "ips": true}});
    let list = json!({"cniVersion": "1.0.0", "name": "cbr0", "plugins": [{"type": "bridge"}, portmap]});
    fs::remove_file(node.path("net.d/10-cbr0.conf")).unwrap();
    node.write("net.d/10-cbr0.conflist", &list.to_string(), 0o600);
    assert_one(networks::check(&node.site()), Level::Warn, "declares the capability \"portMappings\", which our");
    let node = node.with("capabilities", json!({CAPABILITY: true, "portMappings": false}));
    assert_one(networks::check(&node.site()), Level::Warn, "declares the capability \"portMappings\", which our");
    let node = node.with("capabilities", json!({CAPABILITY: true, "portMappings": true}));
    assert_none(networks::check(&node.site()));
}

#[test]
fn a_network_without_a_version() {
    let node = Node::new();
    node.write("net.d/10-cbr0.conf", r#"{"name": "cbr0", "type": "bridge"}"#, 0o600);
    assert_one(networks::check(&node.site()), Level::Warn, "network \"cbr0\" (10-cbr0.conf) has no cniVersion: 0.3.0");
}

#[test]
fn a_plugin_whose_loader_is_not_there() {
    let node = Node::new();
    node.write("bin/bridge", "#!/no/such/sh\n", 0o755);
    assert_one(networks::check(&node.site()), Level::Fail, "a script for \"/no/such/sh\", which is not on this node");
}

#[test]
fn flannel_needs_its_subnet_and_what_it_calls() {
    let node = Node::new();
    let flannel = json!({"cniVersion": "0.3.1", "name": "f", "type": "flannel", "subnetFile": node.path("subnet.env")});
    node.write("net.d/20-flannel.conf", &flannel.to_string(), 0o600);
    for program in ["flannel", "host-local"] {
        node.write(&format!("bin/{program}"), "", 0o755);
    }
    assert_one(networks::check(&node.site()), Level::Fail, "subnet.env cannot be read");
    node.write("subnet.env", "FLANNEL_MTU=1500\n", 0o644);
    assert_one(networks::check(&node.site()), Level::Fail, "names no FLANNEL_SUBNET");
    node.write("subnet.env", "FLANNEL_SUBNET=172.96.1.1/24\n", 0o644);
    assert_none(networks::check(&node.site()));
    fs::remove_file(node.path("bin/host-local")).unwrap();
    assert_one(networks::check(&node.site()), Level::Fail, "failed to find plugin \"host-local\"");
}

#[test]
fn modules_that_are_not_compiled_or_not_approved() {
    let node = Node::new();
    let module = node.write("tenant.wasm", "\0asm", 0o644);
    let digest = genie_core::digest::Digest::of(b"\0asm").to_string();
    let chain = |digest: &str| json!([{"module": module, "sha256": digest}, {"module": "annotation"}]);
    let node = node.with("selectors", chain(&digest));
    assert_one(selectors::check(&node.site()), Level::Warn, "is not compiled for this build");
    let node = node.with("selectors", chain(&"0".repeat(64)));
    assert_one(selectors::check(&node.site()), Level::Fail, "the configuration approves 000");
    fs::remove_file(&module).unwrap();
    assert_one(selectors::check(&node.site()), Level::Fail, "cannot be read");
}

#[test]
fn the_plugin_tells_whether_it_is_ready() {
    let node = Node::new();
    assert_one(plugin::check(&node.site()), Level::Fail, "failed to find plugin \"genie\"");
    node.write("bin/genie-host", "", 0o755);
    node.program("bin/genie", "grep -q '\"cniVersion\":\"1.1.0\"' && test $CNI_COMMAND = STATUS");
    assert_none(plugin::check(&node.site()));
    node.program("bin/genie", "echo '{\"code\": 50, \"msg\": \"no network\", \"details\": \"none at all\"}'; exit 1");
    assert_one(plugin::check(&node.site()), Level::Fail, "is not ready: no network; none at all");
    node.program("bin/genie", "exit 3");
    assert_one(plugin::check(&node.site()), Level::Fail, "exit status: 3 and without an answer");
    node.program("bin/genie", "cat >/dev/null");
    fs::remove_file(node.path("bin/genie-host")).unwrap();
    assert_one(plugin::check(&node.site()), Level::Fail, "genie-host is missing");
}
