//! Records of what is attached no more.

use std::path::Path;

use super::*;
use crate::record::Sweeper;

/// The files that DELs have left.
fn left(node: &Path) -> usize {
    fs::read_dir(node.join("gone")).map_or(0, Iterator::count)
}

/// A container is attached, and detached.
fn come_and_go(dir: &Dir) {
    let lock = dir.lock();
    dir.store.create(&lock, &header(1)).unwrap().remove().unwrap();
}

#[test]
fn a_record_is_left_to_who_sweeps_and_removed_there() {
    let dir = Dir::new();
    let node = dir.directory.path();
    let sweeper = Sweeper::start(node).unwrap().expect("nobody else sweeps");
    assert!(Sweeper::start(node).unwrap().is_none(), "there is one on a node");
    come_and_go(&dir);
    assert!(!dir.record().exists());
    assert_eq!(dir.store.list().unwrap(), [], "it is no record any more");
    assert_eq!(left(node), 1);
    // The same container again, and again.
    come_and_go(&dir);
    assert_eq!(sweeper.sweep().unwrap(), 1);
    assert_eq!((left(node), sweeper.sweep().unwrap()), (0, 0));
}

#[test]
fn without_one_who_sweeps_nothing_is_left() {
    let dir = Dir::new();
    let node = dir.directory.path();
    come_and_go(&dir);
    assert_eq!(dir.files(), [""; 0]);
    drop(Sweeper::start(node).unwrap());
    come_and_go(&dir);
    assert_eq!(dir.files(), [""; 0], "it has ended");
}

#[test]
fn what_an_earlier_sweeper_did_not_get_to_is_removed_by_the_next_one() {
    let dir = Dir::new();
    let first = Sweeper::start(dir.directory.path()).unwrap();
    come_and_go(&dir);
    drop(first);
    let next = Sweeper::start(dir.directory.path()).unwrap().expect("it has ended");
    assert_eq!(next.sweep().unwrap(), 1);
    assert_eq!(dir.files(), [""; 0]);
}
