//! Our file beside others, as watchers of the directory see it.

use std::fs;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::fs::inotify::{self, CreateFlags, ReadFlags, WatchFlags};
use serde_json::{Value, json};

use super::super::net_d::{check_conf_dir, last_good, restore};
use super::Node;
use super::minimal;

#[test]
fn a_runtime_that_ignores_new_files_sees_a_write_to_the_whole_one() {
    let node = Node::new(&minimal());
    node.install();
    let watch = inotify::init(CreateFlags::NONBLOCK).unwrap();
    inotify::add_watch(&watch, node.path("/etc/cni/net.d"), WatchFlags::ALL_EVENTS).unwrap();
    node.config(&json!({"name": "k8s-pod-network", "type": "genie", "default_plugin": "own"}));
    node.install();
    let mut buffer = [const { MaybeUninit::uninit() }; 4096];
    let mut reader = inotify::Reader::new(&watch, &mut buffer);
    let mut events = Vec::new();
    while let Ok(event) = reader.next() {
        if event.file_name() == Some(c"00-genie.conf") {
            events.push(event.events());
        }
    }
    let at = |flag| events.iter().position(|event| event.contains(flag)).unwrap();
    assert!(at(ReadFlags::MOVED_TO) < at(ReadFlags::MODIFY), "{events:?}");
    // What the watcher then reads is complete.
    assert_eq!(node.conf()["default_plugin"], "own");
}

#[test]
fn nobody_ever_reads_half_of_it() {
    let node = Node::new(&minimal());
    node.install();
    let conf = node.path(node.layout.conf());
    let end = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let mut seen = 0;
            while !end.load(Ordering::Relaxed) {
                let text = fs::read(&conf).unwrap();
                serde_json::from_slice::<Value>(&text).unwrap();
                seen += 1;
            }
            seen
        });
        for round in 0..50 {
            node.config(&json!({"name": "g", "type": "genie", "default_plugin": "x".repeat(round * 100)}));
            node.install();
        }
        end.store(true, Ordering::Relaxed);
        assert!(reader.join().unwrap() > 50);
    });
}

#[test]
fn what_others_do_to_our_file_is_told() {
    let node = Node::new(&minimal());
    node.install();
    let look = || check_conf_dir(&node.layout, &node.manifest()).map_err(|error| error.to_string());
    assert_eq!(look(), Ok(()));
    let conf = node.path(node.layout.conf());

    node.network("00-a.conflist", &json!({}));
    let told = look().unwrap_err();
    assert!(told.contains("00-a.conflist sorts before"), "{told}");
    fs::remove_file(node.path("/etc/cni/net.d/00-a.conflist")).unwrap();

    fs::rename(&conf, conf.with_extension("conf.old")).unwrap();
    assert!(look().unwrap_err().contains("removed or renamed"));

    fs::write(&conf, "{}").unwrap();
    assert!(look().unwrap_err().contains("changed by somebody else"));
}

#[test]
fn the_last_good_configuration_comes_back_while_the_new_one_is_wrong() {
    let node = Node::new(&minimal());
    node.install();
    let before = node.conf();
    node.config(&json!({"name": "g", "type": "genie", "timeout": "soon"}));
    fs::remove_file(node.path(node.layout.conf())).unwrap();
    let text = last_good(&node.layout).unwrap().unwrap();
    restore(&node.layout, &text, &mut node.manifest()).unwrap();
    assert_eq!(node.conf(), before);
    check_conf_dir(&node.layout, &node.manifest()).unwrap();
}
