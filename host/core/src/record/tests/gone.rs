//! Records of what is attached no more.

use std::path::Path;

use super::*;
use crate::record::{Journal, Sweeper};

/// The files that DELs have left.
fn left(node: &Path) -> usize {
    fs::read_dir(node.join("gone")).map_or(0, Iterator::count)
}

fn attached(dir: &Dir) -> Journal {
    dir.store.create(&dir.lock(), &header(1)).unwrap()
}

#[test]
fn a_record_is_left_to_who_sweeps_and_removed_there() {
    let dir = Dir::new();
    let node = dir.directory.path();
    let sweeper = Sweeper::start(node).unwrap().expect("nobody else sweeps");
    assert!(Sweeper::start(node).unwrap().is_none(), "there is one on a node");
    attached(&dir).remove().unwrap();
    assert!(!dir.record().exists());
    assert_eq!(dir.store.list().unwrap(), [], "it is no record any more");
    assert_eq!(left(node), 1);
    // The same container again, and again.
    attached(&dir).remove().unwrap();
    assert_eq!(sweeper.sweep().unwrap(), 1);
    assert_eq!((left(node), sweeper.sweep().unwrap()), (0, 0));
}

#[test]
fn without_one_who_sweeps_nothing_is_left() {
    let dir = Dir::new();
    let node = dir.directory.path();
    attached(&dir).remove().unwrap();
    assert_eq!(dir.files(), [""; 0]);
    drop(Sweeper::start(node).unwrap());
    attached(&dir).remove().unwrap();
    assert_eq!(dir.files(), [""; 0], "it has ended");
}

#[test]
fn what_an_earlier_sweeper_did_not_get_to_is_removed_by_the_next_one() {
    let dir = Dir::new();
    let first = Sweeper::start(dir.directory.path()).unwrap();
    attached(&dir).remove().unwrap();
    drop(first);
    let next = Sweeper::start(dir.directory.path()).unwrap().expect("it has ended");
    assert_eq!(next.sweep().unwrap(), 1);
    assert_eq!(dir.files(), [""; 0]);
}
