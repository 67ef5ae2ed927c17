//! The attachment record: whatever happens, DEL knows what to undo.

use std::fs::{self, OpenOptions};
use std::io::Write;
use std::path::Path;

use genie_tests::fixture::{node_with, reference_node};
use genie_tests::{Answer, Call, Node, Script, Verb, Watched};
use serde_json::json;

const NO_DELEGATE: [&str; 0] = [];

#[test]
fn the_record_is_there_before_the_first_delegate_runs() {
    let node = reference_node();
    node.script("calico", Verb::Add, Script::new().pause());
    let running = node.add().cni("calico,weave").start();
    node.wait_until_hanging("calico");
    let header = &node.record("c1", "eth0")[0];
    assert_eq!(header["container"], "c1");
    let interfaces: Vec<_> = header["attachments"].as_array().unwrap().iter().map(|a| a["interface"].clone()).collect();
    assert_eq!(interfaces, ["eth0", "eth1"]);
    node.release("calico");
    running.wait().ok();
}

#[test]
fn a_killed_adds_delegate_ends_by_itself_and_del_cleans_up() {
    let node = reference_node();
    let delegate = kill_add_in_weave(&node, Script::new().pause());
    node.release("weave-net");
    delegate.wait_for_end();
    del_after_a_killed_add(&node, node.del());
}

#[test]
fn a_killed_adds_delegate_that_hangs_is_killed_by_del() {
    let node = reference_node();
    let delegate = kill_add_in_weave(&node, Script::new().hang());
    // The delegate may take a quarter of the time to finish.
    del_after_a_killed_add(&node, node.del().key("timeout", json!("4s")));
    delegate.wait_for_end();
}

/// Kills an ADD of three networks while the delegate of the second does what `script` says.
fn kill_add_in_weave(node: &Node, script: Script) -> Watched {
    node.script("weave-net", Verb::Add, script);
    let running = node.add().cni("calico,weave,flannel").start();
    let delegate = node.wait_until_hanging("weave-net");
    running.kill();
    delegate
}

fn del_after_a_killed_add(node: &Node, del: Call<'_>) {
    node.trace();
    del.run().ok();
    let trace = node.trace();
    // Nothing shows whether flannel was called, so it has to undo, too.
    assert!(
        trace.ends_with(&["DEL weave-net@eth1".into(), "DEL portmap@eth0".into(), "DEL calico@eth0".into()]),
        "{trace:?}"
    );
    node.assert_no_state();
    node.del().run().ok();
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn an_add_whose_answer_nobody_reads_is_taken_back() {
    let node = reference_node();
    node.script("flannel", Verb::Add, Script::new().pause());
    let mut running = node.add().cni("calico,flannel").start();
    node.wait_until_hanging("flannel");
    // The runtime is killed, and its successor does not know this container.
    running.leave_unread();
    node.release("flannel");
    assert!(running.wait().stderr.is_empty());
    assert_eq!(node.trace()[4..], ["DEL portmap@eth1", "DEL flannel@eth1", "DEL portmap@eth0", "DEL calico@eth0"]);
    node.assert_no_state();
}

#[test]
fn a_killed_del_is_finished_by_the_next() {
    let node = reference_node();
    node.add().cni("calico,weave").run().ok();
    node.script("calico", Verb::Del, Script::new().hang());
    let running = node.del().start();
    let delegate = node.wait_until_hanging("calico");
    running.kill();
    node.trace();
    node.script("calico", Verb::Del, Script::new());
    // The delegate may take a quarter of the time to finish. Then it is killed.
    node.del().key("timeout", json!("8s")).run().ok();
    delegate.wait_for_end();
    assert_eq!(node.trace(), ["DEL portmap@eth0", "DEL calico@eth0"], "weave was undone already");
    node.assert_no_state();
}

#[test]
fn what_a_killed_adds_delegate_has_started_is_gone_before_del_undoes_it() {
    let node = reference_node();
    node.script("calico", Verb::Add, Script::new().leave_child().hang());
    let running = node.add().cni("calico").start();
    node.wait_until_hanging("calico");
    running.kill();
    let child = Watched::process(node.calls().pop().and_then(|call| call.child).unwrap());
    node.del().key("timeout", json!("8s")).run().ok();
    child.wait_for_end();
    assert_eq!(node.trace(), ["DEL portmap@eth0", "DEL calico@eth0"]);
    node.assert_no_state();
}

#[test]
fn a_daemon_that_a_delegate_left_is_none_of_our_business() {
    let node = reference_node();
    node.script("calico", Verb::Add, Script::new().leave_child());
    node.add().cni("calico").run().ok();
    let daemon = node.calls().into_iter().find_map(|call| call.child).unwrap();
    node.del().run().ok();
    assert!(Path::new(&format!("/proc/{daemon}/exe")).exists(), "DEL killed what ADD's delegate had left on purpose");
}

#[test]
fn a_container_with_two_interfaces_of_the_runtime_has_two_records() {
    let node = node_with("1.0.0", &["a"]);
    node.add().run().ok();
    node.add().ifname("net1").run().ok();
    node.trace();
    node.del().ifname("net1").run().ok();
    assert_eq!(node.trace(), ["DEL a@net1"]);
    assert!(node.record_file("c1", "eth0").exists());
    node.del().run().ok();
    node.assert_no_state();
}

#[test]
fn a_second_add_without_del_is_refused_and_harms_nothing() {
    let node = node_with("1.0.0", &["a"]);
    node.add().run().ok();
    let record = fs::read(node.record_file("c1", "eth0")).unwrap();
    node.trace();
    node.add().run().error().says(&["c1", "DEL"]);
    assert_eq!(node.trace(), NO_DELEGATE);
    assert_eq!(fs::read(node.record_file("c1", "eth0")).unwrap(), record);
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL a@eth0"]);
}

#[test]
fn a_damaged_record_is_put_aside_with_a_clear_error() {
    let node = node_with("1.0.0", &["a"]);
    node.add().run().ok();
    let file = node.record_file("c1", "eth0");
    let mut bytes = fs::read(&file).unwrap();
    bytes[30] ^= 1;
    fs::write(&file, &bytes).unwrap();
    node.trace();
    let error = node.del().run().error_code(104);
    error.says(&["damaged", &file.display().to_string()]);
    assert!(!error.text().contains("not found"), "{error:?}");
    assert_eq!(node.trace(), NO_DELEGATE);
    // The damaged record is kept, and the next call does not wait.
    let kept: Vec<_> = node.state_files().into_iter().filter(|file| file.starts_with("damaged")).collect();
    assert_eq!(kept.len(), 1);
    assert_eq!(fs::read(node.state_dir().join(&kept[0])).unwrap(), bytes);
    node.del().run().ok();
    node.add().run().ok();
}

#[test]
fn a_torn_last_line_is_no_damage() {
    let node = node_with("1.0.0", &["a"]);
    node.add().run().ok();
    node.trace();
    let file = node.record_file("c1", "eth0");
    OpenOptions::new().append(true).open(&file).unwrap().write_all(b"0123456789abcdef {\"deleted\":{\"ind").unwrap();
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL a@eth0"]);
    node.assert_no_state();
}

#[test]
fn a_state_directory_that_cannot_be_used_is_an_error_on_every_verb() {
    let node = node_with("1.1.0", &["a"]);
    fs::write(node.state_dir(), "a file where the directory should be").unwrap();
    for verb in [Verb::Add, Verb::Del, Verb::Check, Verb::Gc] {
        let call = node.call(verb).key("cni.dev/valid-attachments", json!([]));
        let error = call.run().error();
        error.says(&[&node.state_dir().display().to_string()]);
        assert!(!error.text().contains("not found"), "{error:?}");
        assert_eq!(node.trace(), NO_DELEGATE);
    }
}

#[test]
fn what_add_used_may_all_be_gone() {
    let node = reference_node();
    node.add().cni("calico,flannel@eth3").run().ok();
    let added: Vec<_> = node.trace();
    fs::remove_dir_all(node.conf_dir()).unwrap();
    node.del().run().ok();
    let expected: Vec<_> = added.iter().rev().map(|call| call.replace("ADD", "DEL")).collect();
    assert_eq!(node.trace(), expected);
}

#[test]
fn a_failed_undo_stays_for_the_runtimes_del() {
    let node = reference_node();
    node.script("weave-net", Verb::Add, Script::new().error(9, "no"));
    node.script("calico", Verb::Del, Script::new().error(8, "stuck"));
    node.add().cni("calico,weave").run().error_code(9).says(&["no"]);
    node.trace();
    node.script("calico", Verb::Del, Script::new());
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL portmap@eth0", "DEL calico@eth0"]);
    node.assert_no_state();
}

#[test]
fn a_call_waits_for_another_of_the_same_container() {
    let node = reference_node();
    node.script("calico", Verb::Add, Script::new().pause());
    let add = node.add().cni("calico").start();
    let delegate = node.wait_until_hanging("calico");
    // A call with little time gives up, and runs no delegate.
    node.trace();
    node.del().key("timeout", json!("100ms")).run().error_code(11).says(&["c1"]);
    assert_eq!(node.trace(), NO_DELEGATE);
    // A call for another container does not wait.
    node.add().container("c2").cni("weave").run().ok();
    node.trace();
    // A call that waits gets its turn.
    let del = node.del().start();
    add.kill();
    node.release("calico");
    delegate.wait_for_end();
    del.wait().ok();
    assert_eq!(node.trace(), ["DEL portmap@eth0", "DEL calico@eth0"]);
    assert!(!node.record_file("c1", "eth0").exists());
}

/// An ADD whose state directory is a file system of this many bytes.
fn add_with_little_space(node: &Node, bytes: u32) -> Answer {
    fs::create_dir(node.state_dir()).unwrap();
    let script = format!("mount -t tmpfs -o size={bytes} none {} && exec \"$@\"", node.state_dir().display());
    node.add().through(&["unshare", "--mount", "--propagation", "private", "sh", "-c", &script, "sh"]).run()
}

#[test]
fn without_space_for_the_record_nothing_is_attached() {
    let node = node_with("1.0.0", &["a"]);
    let plugin = json!({"type": "a", "x": "y".repeat(10_000)});
    node.network("10-net.conflist", &json!({"cniVersion": "1.0.0", "name": "net", "plugins": [plugin]}));
    add_with_little_space(&node, 8_192).error_code(5).says(&["No space left"]);
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn when_the_space_runs_out_later_what_was_attached_is_undone() {
    let node = node_with("1.0.0", &["a"]);
    let long = json!({"cniVersion": "1.0.0", "dns": {"search": ["y".repeat(20_000)]}});
    node.script("a", Verb::Add, Script::new().json(&long));
    add_with_little_space(&node, 12_288).error_code(5).says(&["No space left"]);
    assert_eq!(node.trace(), ["ADD a@eth0", "DEL a@eth0"]);
}

#[test]
fn genie_host_tells_what_is_attached() {
    let node = reference_node();
    node.add().cni("calico,weave@net1").run().ok();
    node.add().container("other").cni("weave").run().ok();
    let state = node.state_dir().display().to_string();
    let told = node.genie_host(&["records", "c1", "--output", "json", "--state-dir", &state]).ok();
    assert_eq!(told["records"].as_array().map(Vec::len), Some(1), "{told}");
    assert!(told.to_string().contains("net1"), "{told}");
    let table = node.genie_host(&["records", "--state-dir", &state]);
    assert_eq!(table.status, Some(0));
    for word in ["c1", "other", "default/p", "weave", "net1"] {
        assert!(table.stdout.contains(word), "{word}: {}", table.stdout);
    }
    fs::write(node.record_file("c1", "eth0"), "rubbish").unwrap();
    let damaged = node.genie_host(&["records", "--state-dir", &state]);
    assert_ne!(damaged.status, Some(0));
    assert!(format!("{damaged:?}").contains("c1@eth0.json"), "{damaged:?}");
}

#[test]
fn the_recorded_decision_says_why() {
    let node = reference_node();
    node.add().cni("calico").run().ok();
    let decision = node.record("c1", "eth0")[0]["decision"].to_string();
    assert!(decision.contains("annotation") && decision.contains("10-calico.conflist"), "{decision}");
}

#[test]
fn annotations_of_kubelet_and_kubectl_are_not_recorded() {
    let node = reference_node();
    let annotations = [
        ("cni", "weave"),
        ("kubernetes.io/config.source", "api"),
        ("kubectl.kubernetes.io/last-applied-configuration", "PASSWORD=hunter2"),
    ];
    node.add().annotations(&annotations).run().ok();
    let record = fs::read_to_string(node.record_file("c1", "eth0")).unwrap();
    assert!(record.contains("weave"));
    assert!(!record.contains("hunter2") && !record.contains("config.source"), "{record}");
}

#[test]
fn records_are_for_root_alone() {
    use std::os::unix::fs::MetadataExt;
    let node = node_with("1.0.0", &["a"]);
    node.add().run().ok();
    assert_eq!(fs::metadata(node.record_file("c1", "eth0")).unwrap().mode() & 0o077, 0);
    assert_eq!(fs::metadata(node.state_dir()).unwrap().mode() & 0o077, 0);
}
