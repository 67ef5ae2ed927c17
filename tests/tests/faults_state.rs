//! A state directory that cannot be written, a power failure, and calls for one container at the
//! same time.

use std::fs;
use std::path::Path;

use genie_tests::fixture::{node_with, reference_node};
use genie_tests::steps::{Step, Stepped};
use genie_tests::{Call, Node, Verb};
use nix::libc;

const NO_DELEGATE: [&str; 0] = [];

/// Runs a call for which a shell command prepares the state directory. Other processes do not see
/// the change. The files in it afterwards are printed on stderr.
fn prepared<'a>(node: &Node, call: Call<'a>, command: &str) -> Call<'a> {
    fs::create_dir_all(node.state_dir()).unwrap();
    let state = node.state_dir();
    let state = state.display();
    let script = format!(
        "set -e; state={state}; {command}; set +e; \"$@\"; status=$?; \
         find $state -type f -printf 'left: %P\\n' >&2; exit $status"
    );
    call.through(&["unshare", "--mount", "--propagation", "private", "sh", "-c", &script, "sh"])
}

const READ_ONLY: &str = "mount --bind $state $state; mount -o remount,bind,ro $state";
/// The record is at the end of its last page, and not one more byte fits into the file system.
const FULL: &str = "cp -a $state $state.copy; mount -t tmpfs -o size=64k none $state; cp -a $state.copy/. $state; \
                    record=$state/records/c1@eth0.json; size=$(stat -c %s $record); \
                    head -c $((4096 - size % 4096)) /dev/zero >> $record; \
                    dd if=/dev/zero of=$state/records/full bs=4k 2> /dev/null || true";

#[test]
fn on_a_read_only_state_directory_nothing_is_attached_and_nothing_lost() {
    let node = reference_node();
    node.add().container("c0").cni("calico").run().ok();
    node.del().container("c0").run().ok();
    node.trace();
    let error = prepared(&node, node.add().cni("calico"), READ_ONLY).run().error_code(5);
    error.says(&["Read-only file system", &node.state_dir().display().to_string()]);
    assert_eq!(node.trace(), NO_DELEGATE);
    node.add().cni("calico").run().ok();
    node.trace();
    prepared(&node, node.del(), READ_ONLY).run().error_code(5).says(&["Read-only file system"]);
    assert_eq!(node.trace(), NO_DELEGATE);
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL portmap@eth0", "DEL calico@eth0"]);
    node.assert_no_state();
}

#[test]
fn a_full_disk_does_not_keep_a_pod_from_being_removed() {
    let node = reference_node();
    node.add().cni("calico,weave").run().ok();
    node.trace();
    let answer = prepared(&node, node.del(), FULL).run();
    answer.ok();
    assert_eq!(node.trace(), ["DEL weave-net@eth1", "DEL portmap@eth0", "DEL calico@eth0"]);
    let left: Vec<_> = answer.stderr.lines().filter(|line| line.starts_with("left: ")).collect();
    assert_eq!(left, ["left: records/full"]);
}

/// The position of a system call on this file among the steps.
fn position(steps: &[(Step, Option<std::path::PathBuf>)], number: i64, file: &Path) -> usize {
    let found = steps.iter().position(|(step, of)| step.number == number && of.as_deref() == Some(file));
    found.unwrap_or_else(|| panic!("no system call {number} on {}", file.display()))
}

#[test]
fn when_add_answers_its_record_survives_a_power_failure() {
    let node = node_with("1.0.0", &["a"]);
    let mut add = Stepped::start(node.add());
    let mut steps = Vec::new();
    while let Some(step) = add.next_step() {
        let file = step.file(0);
        steps.push((step, file));
    }
    add.end().ok();
    let record = node.record_file("c1", "eth0");
    let records = record.parent().unwrap();
    let answered = steps.iter().position(|(step, _)| step.number == libc::SYS_write && step.arguments[0] == 1).unwrap();
    // When the file is synced, it has its final name. Then that name is synced, and only then is
    // the answer given. The directories were new, so their names had to be synced, too.
    let made = position(&steps, libc::SYS_fsync, &node.state_dir());
    let written = position(&steps, libc::SYS_fdatasync, &record);
    let named = position(&steps, libc::SYS_fsync, records);
    assert!(made < written && written < named && named < answered, "{made} {written} {named} {answered}");
}

#[test]
fn a_record_that_comes_back_after_a_power_failure_is_undone_again() {
    let node = reference_node();
    node.add().cni("calico,weave").run().ok();
    let bytes = fs::read(node.record_file("c1", "eth0")).unwrap();
    node.del().run().ok();
    node.trace();
    // The removal was not synced, and the file system has forgotten it.
    fs::write(node.record_file("c1", "eth0"), bytes).unwrap();
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL weave-net@eth1", "DEL portmap@eth0", "DEL calico@eth0"]);
    node.assert_no_state();
}

#[test]
fn a_record_that_a_power_failure_emptied_holds_up_one_call_and_no_more() {
    for verb in [Verb::Add, Verb::Del] {
        let node = node_with("1.1.0", &["a"]);
        node.add().run().ok();
        fs::write(node.record_file("c1", "eth0"), "").unwrap();
        node.call(verb).run().error_code(104).says(&["damaged", "c1@eth0"]);
        node.call(verb).run().ok();
    }
}

/// Makes two calls for one container at the same time, again and again. The second one waits, and
/// in the end what is attached is what the record says.
fn at_once(node: &Node, first: Verb, second: Verb, check: impl Fn(&Node, [bool; 2])) {
    for _ in 0..20 {
        if first == Verb::Del {
            node.add().cni("calico,weave").run().ok();
            node.trace();
        }
        let running = [first, second].map(|verb| node.call(verb).cni("calico,weave").start());
        let answers = running.map(|call| call.wait().status == Some(0));
        check(node, answers);
        node.del().run().ok();
        node.trace();
        node.assert_no_state();
    }
}

#[test]
fn two_adds_at_once_are_one_and_an_error() {
    at_once(&reference_node(), Verb::Add, Verb::Add, |node, answers| {
        assert!(answers[0] != answers[1], "{answers:?}");
        assert_eq!(node.trace(), ["ADD calico@eth0", "ADD portmap@eth0", "ADD weave-net@eth1"]);
    });
}

#[test]
fn two_dels_at_once_are_one_and_nothing() {
    at_once(&reference_node(), Verb::Del, Verb::Del, |node, answers| {
        assert_eq!(answers, [true, true]);
        assert_eq!(node.trace(), ["DEL weave-net@eth1", "DEL portmap@eth0", "DEL calico@eth0"]);
    });
}

#[test]
fn add_and_del_at_once_are_one_after_the_other() {
    at_once(&reference_node(), Verb::Add, Verb::Del, |node, answers| {
        assert_eq!(answers, [true, true]);
        let added = ["ADD calico@eth0", "ADD portmap@eth0", "ADD weave-net@eth1"];
        let deleted = ["DEL weave-net@eth1", "DEL portmap@eth0", "DEL calico@eth0"];
        let trace = node.trace();
        let is_left = node.record_file("c1", "eth0").exists();
        let expected: Vec<_> = added.into_iter().chain(deleted.into_iter().filter(|_| !is_left)).collect();
        assert_eq!(trace, expected);
    });
}
