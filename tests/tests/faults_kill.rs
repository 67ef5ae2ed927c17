//! Kills the plugin with -9 at each of its steps, and then calls DEL, as a runtime does. Wherever
//! it was killed, nothing may be left.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use genie_tests::fixture::{node_with, reference_node};
use genie_tests::steps::{Of, kill_at};
use genie_tests::{Node, Script, Verb};
use serde_json::json;

/// How many steps are tried at the same time.
const WORKERS: usize = 3;

/// Runs `at_step` with 1, 2, 3, … until it returns that the plugin came to its end. Each worker has
/// its own node, made by `node`. Returns the number of steps.
fn every_step<N>(node: impl Fn() -> N + Sync, at_step: impl Fn(&N, usize) -> bool + Sync) -> usize {
    let (next, done) = (AtomicUsize::new(1), AtomicBool::new(false));
    std::thread::scope(|scope| {
        for _ in 0..WORKERS {
            scope.spawn(|| {
                let node = node();
                while !done.load(Ordering::Relaxed) {
                    let step = next.fetch_add(1, Ordering::Relaxed);
                    if at_step(&node, step) {
                        done.store(true, Ordering::Relaxed);
                    }
                }
            });
        }
    });
    next.into_inner() - 1
}

/// Fails unless every plugin that was added was deleted after that.
fn assert_undone(node: &Node, step: usize) {
    let mut attached = BTreeSet::new();
    for call in node.calls() {
        let what = (call.kind.clone(), call.var("CNI_IFNAME").to_owned());
        match call.verb.as_str() {
            "ADD" => _ = attached.insert(what),
            "DEL" => _ = attached.remove(&what),
            "CHECK" => {}
            verb => panic!("step {step}: {verb}"),
        }
    }
    assert!(attached.is_empty(), "killed at step {step}, DEL left {attached:?}");
}

fn assert_clean(node: &Node, step: usize) {
    assert_undone(node, step);
    assert_eq!(node.state_files(), Vec::<std::path::PathBuf>::new(), "killed at step {step}");
}

#[test]
fn add_killed_at_every_step() {
    let steps = every_step(reference_node, |node, step| {
        let killed = kill_at(node.add().cni("calico,weave"), Of::Plugin, step, |_| true);
        // Another call in between takes nothing away that the DEL needs.
        if step % 2 == 0 {
            node.call(Verb::Check).run();
        }
        node.del().run().ok();
        assert_clean(node, step);
        killed.is_err()
    });
    assert!(steps > 100, "an ADD of {steps} steps was not traced");
}

#[test]
fn del_killed_at_every_step() {
    let steps = every_step(reference_node, |node, step| {
        node.add().cni("calico,weave").run().ok();
        let killed = kill_at(node.del(), Of::Plugin, step, |_| true);
        node.del().run().ok();
        assert_clean(node, step);
        killed.is_err()
    });
    assert!(steps > 100, "a DEL of {steps} steps was not traced");
}

#[test]
fn row_47_no_kill_leaves_what_a_plugin_told_of_its_device() {
    let write = r#"echo '{"type": "pci", "version": "1.1.0", "pci": {}}' > "$DEVICE_FILE""#;
    let devices = |node: &Node| node.dir().join("devinfo");
    let node = || {
        let node = node_with("1.0.0", &["device"]);
        let plugin = json!({"type": "device", "capabilities": {"CNIDeviceInfoFile": true}});
        node.network("10-net.conflist", &json!({"cniVersion": "1.0.0", "name": "net", "plugins": [plugin]}));
        node.script("device", Verb::Add, Script::new().run(write));
        let dir = json!(devices(&node));
        node.with("device_info_dir", dir)
    };
    let left = |node: &Node| std::fs::read_dir(devices(node)).map_or(0, Iterator::count);
    let added = AtomicUsize::new(0);
    every_step(node, |node, step| {
        let killed = kill_at(node.add(), Of::Plugin, step, |_| true);
        added.fetch_add(left(node), Ordering::Relaxed);
        node.del().run().ok();
        assert_eq!(left(node), 0, "killed at step {step}");
        assert_clean(node, step);
        killed.is_err()
    });
    assert!(added.into_inner() > 10, "the plugin wrote, and was killed afterwards");
    every_step(node, |node, step| {
        node.add().run().ok();
        let killed = kill_at(node.del(), Of::Plugin, step, |_| true);
        node.del().run().ok();
        assert_eq!(left(node), 0, "DEL killed at step {step}");
        assert_clean(node, step);
        killed.is_err()
    });
}

#[test]
fn a_failing_add_killed_at_every_step() {
    let node = || {
        let node = reference_node();
        node.script("weave-net", Verb::Add, Script::new().error(123, "no weave today"));
        std::fs::create_dir_all(node.state_dir().join("spool")).unwrap();
        node
    };
    every_step(node, |node, step| {
        let killed = kill_at(node.add().cni("calico,weave"), Of::Plugin, step, |_| true);
        node.del().run().ok();
        assert_undone(node, step);
        // The refusal for the agent may be there or not.
        _ = std::fs::remove_file(node.state_dir().join("spool/u.json"));
        node.assert_no_state();
        killed.is_err()
    });
}
