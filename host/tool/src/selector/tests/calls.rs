//! Calls that black-box tests cannot make: with records of an earlier boot.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::time::{Duration, Instant};

use serde_json::json;
use tempfile::TempDir;

use super::super::PROGRAM;
use genie_core::call::serve;
use genie_core::cni::{Call, Verb, Version};
use genie_core::record::{Header, Planned, Store, VERSION};
use genie_core::report::timings::Timings;

fn timings() -> Timings {
    Timings::since(Instant::now())
}

/// A node with one network, whose plugin writes down the verbs that it is called with.
fn node() -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir(dir.path().join("net.d")).unwrap();
    fs::write(dir.path().join("net.d/10-a.conf"), r#"{"cniVersion": "1.0.0", "name": "a", "type": "a"}"#).unwrap();
    let log = dir.path().join("log");
    let script = format!(
        "#!/bin/sh\ncat > /dev/null\necho \"$CNI_COMMAND $CNI_IFNAME netns=$CNI_NETNS\" >> {}\n\
         echo '{{\"cniVersion\": \"1.0.0\"}}'\n",
        log.display()
    );
    fs::write(dir.path().join("a"), script).unwrap();
    fs::set_permissions(dir.path().join("a"), fs::Permissions::from_mode(0o755)).unwrap();
    dir
}

fn call(verb: Verb, dir: &Path) -> Call {
    let config = json!({
        "cniVersion": "1.0.0", "name": "g", "type": "genie", "conf_dir": dir.join("net.d"),
        "state_dir": dir.join("state"), "cache_dir": dir.join("cache"),
    });
    Call {
        verb,
        container: "c".into(),
        netns: Some("/run/netns/none".into()),
        interface: "eth0".into(),
        args: String::new(),
        path: vec![dir.into()],
        config: config.as_object().unwrap().clone(),
        selectors: None,
        name: "g".into(),
        version: Version::V1_0_0,
    }
}

/// The record of an attachment that was made before a reboot, on `old0`.
fn leave_record_of_an_earlier_boot(dir: &Path) {
    let store = Store::open(&dir.join("state")).unwrap();
    let lock = store.lock("c", Instant::now() + Duration::from_secs(5)).unwrap();
    let header = Header {
        version: VERSION,
        boot_id: "another boot".into(),
        container: "c".into(),
        interface: "eth0".into(),
        netns: "/run/netns/gone".into(),
        network: "g".into(),
        cni_args: String::new(),
        pod: None,
        created: 0,
        path: vec![dir.into()],
        attachments: vec![Planned {
            interface: "old0".into(),
            list: json!({"cniVersion": "1.0.0", "name": "a", "plugins": [{"type": "a"}]}),
            cni_args: String::new(),
            runtime_config: serde_json::Map::new(),
        }],
        decision: json!(null),
    };
    store.create(&lock, &header).unwrap();
}

#[test]
fn add_after_a_reboot_first_undoes_what_was_attached_before() {
    let dir = node();
    leave_record_of_an_earlier_boot(dir.path());
    serve(&call(Verb::Add, dir.path()), &timings(), PROGRAM).unwrap();
    let log = fs::read_to_string(dir.path().join("log")).unwrap();
    // The old namespace is gone, so the plugin gets none.
    assert_eq!(log, "DEL old0 netns=\nADD eth0 netns=/run/netns/none\n");
}

#[test]
fn add_twice_in_one_boot_is_refused() {
    let dir = node();
    serve(&call(Verb::Add, dir.path()), &timings(), PROGRAM).unwrap();
    let error = serve(&call(Verb::Add, dir.path()), &timings(), PROGRAM).unwrap_err();
    assert!(error.msg.contains("must call DEL"), "{error}");
    assert_eq!(fs::read_to_string(dir.path().join("log")).unwrap().lines().count(), 1);
}

#[test]
fn del_of_an_earlier_boot_undoes_without_a_namespace() {
    let dir = node();
    leave_record_of_an_earlier_boot(dir.path());
    serve(&call(Verb::Del, dir.path()), &timings(), PROGRAM).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("log")).unwrap(), "DEL old0 netns=\n");
    assert!(fs::read_dir(dir.path().join("state/records")).unwrap().next().is_none());
    assert!(fs::read_dir(dir.path().join("state/locks")).unwrap().next().is_none());
}

/// A call of the drain list's last plugin.
fn draining(verb: Verb, dir: &Path) -> Call {
    let mut call = call(verb, dir);
    call.config.insert("drain".into(), true.into());
    call
}

#[test]
fn while_draining_new_pods_pass_and_old_ones_are_undone() {
    let dir = node();
    serve(&call(Verb::Add, dir.path()), &timings(), PROGRAM).unwrap();
    fs::remove_file(dir.path().join("log")).unwrap();
    let previous = json!({"cniVersion": "1.0.0", "interfaces": [{"name": "eth0"}]});
    let mut add = draining(Verb::Add, dir.path());
    add.container = "new".into();
    add.config.insert("prevResult".into(), previous.clone());
    assert_eq!(serve(&add, &timings(), PROGRAM).unwrap(), Some(previous));
    for verb in [Verb::Check, Verb::Gc, Verb::Status] {
        assert_eq!(serve(&draining(verb, dir.path()), &timings(), PROGRAM).unwrap(), None, "{verb}");
    }
    let mut del = draining(Verb::Del, dir.path());
    del.container = "new".into();
    serve(&del, &timings(), PROGRAM).unwrap();
    assert!(!dir.path().join("log").exists(), "nothing was asked of the network");
    serve(&draining(Verb::Del, dir.path()), &timings(), PROGRAM).unwrap();
    assert_eq!(fs::read_to_string(dir.path().join("log")).unwrap(), "DEL eth0 netns=/run/netns/none\n");
    assert!(fs::read_dir(dir.path().join("state/records")).unwrap().next().is_none());
}

#[test]
fn draining_without_another_network_is_no_network() {
    let dir = node();
    fs::remove_file(dir.path().join("net.d/10-a.conf")).unwrap();
    assert_eq!(serve(&draining(Verb::Add, dir.path()), &timings(), PROGRAM).unwrap_err().code, 11);
    assert_eq!(serve(&draining(Verb::Status, dir.path()), &timings(), PROGRAM).unwrap_err().code, 50);
}
