//! Which of two waits for the other, and how long.

use std::fs::{self, File};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::time::Instant;

use rustix::fs::{FlockOperation, flock};

use super::super::lock::take_until;
use super::super::uninstall::{Left, uninstall};
use super::Node;
use super::minimal;

#[test]
fn what_anybody_can_lock_holds_up_nobody() {
    let node = Node::new(&minimal());
    // Every user who may read the directory may lock it.
    let conf_dir = File::open(node.path("/etc/cni/net.d")).unwrap();
    flock(&conf_dir, FlockOperation::LockExclusive).unwrap();
    node.install();
    assert_eq!(node.conf()["type"], "genie");
    assert_eq!(uninstall(&node.layout).unwrap(), Left::Nothing);
}

#[test]
fn one_that_does_not_end_is_told_of_and_not_waited_for() {
    let node = Node::new(&minimal());
    let held = take_until(&node.layout, Instant::now()).unwrap();
    let error = take_until(&node.layout, Instant::now()).err().unwrap().to_string();
    assert!(error.contains("another installation or removal") && error.contains("install.lock"), "{error}");
    drop(held);
    take_until(&node.layout, Instant::now()).unwrap();
}

#[test]
fn a_lock_that_others_could_hold_is_none_as_root() {
    let node = Node::new(&minimal());
    drop(take_until(&node.layout, Instant::now()).unwrap());
    let refused = || format!("{:#}", take_until(&node.layout, Instant::now()).err().unwrap());
    for (path, mode, says) in [
        ("/var/lib/genie/install.lock", 0o604, "it is not for root alone (mode 0604)"),
        ("/var/lib/genie", 0o707, "the directory is not for root alone (mode 0707)"),
    ] {
        let at = node.path(path);
        let before = fs::metadata(&at).unwrap().permissions();
        fs::set_permissions(&at, fs::Permissions::from_mode(mode)).unwrap();
        assert!(refused().contains(says), "{}", refused());
        fs::set_permissions(&at, before).unwrap();
        chown(&at, Some(65534), None).unwrap();
        assert!(refused().contains("belongs to user 65534"), "{}", refused());
        chown(&at, Some(0), None).unwrap();
    }
    drop(take_until(&node.layout, Instant::now()).unwrap());
}

#[test]
fn a_removal_takes_the_lock_along_and_the_next_one_has_its_own() {
    let node = Node::new(&minimal());
    let held = take_until(&node.layout, Instant::now()).unwrap();
    fs::remove_dir_all(node.path("/var/lib/genie")).unwrap();
    let next = take_until(&node.layout, Instant::now()).unwrap();
    drop(held);
    assert!(take_until(&node.layout, Instant::now()).is_err());
    drop(next);
}
