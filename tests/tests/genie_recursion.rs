//! The plugin never runs itself, and never writes into the conf dir.

use genie_tests::fixture::reference_node;
use genie_tests::{Script, Verb, programs};
use serde_json::json;

const NO_DELEGATE: [&str; 0] = [];

#[test]
fn row_27_the_own_configuration_is_no_network() {
    for name in ["genie", "00-genie.conf"] {
        let node = reference_node();
        node.recorders(&["genie"]);
        node.add().cni(name).run().error_code(101).says(&["itself"]);
        assert_eq!(node.trace(), NO_DELEGATE, "{name}");
        node.assert_no_state();
    }
}

#[test]
fn row_27_nor_is_it_the_default() {
    let node = reference_node().with("default_plugin", json!("genie"));
    node.recorders(&["genie"]);
    node.add().run().error_code(7).says(&["default_plugin", "itself"]);
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn row_27_under_any_file_name() {
    let node = reference_node();
    node.recorders(&["genie"]);
    node.network("05-first.conf", &json!({"cniVersion": "1.0.0", "name": "again", "type": "genie"})).network(
        "06-second.conflist",
        &json!({"cniVersion": "1.0.0", "name": "list", "plugins": [{"type": "bridge"}, {"type": "genie"}]}),
    );
    for name in ["first", "second"] {
        node.add().cni(name).run().error().says(&["itself"]);
    }
    // By the name inside of its file, the network counts as missing.
    node.add().cni("again").run().error_code(101).says(&["again"]);
    assert_eq!(node.trace(), NO_DELEGATE);
    // It is also skipped where the first usable file is wanted.
    node.add().run().ok();
    assert_eq!(node.trace(), ["ADD calico@eth0", "ADD portmap@eth0"]);
}

#[test]
fn row_27_under_the_type_that_the_runtime_called_it_by() {
    let node = reference_node().with("type", json!("renamed"));
    node.recorders(&["renamed"]);
    node.network("05-first.conf", &json!({"cniVersion": "1.0.0", "name": "again", "type": "renamed"}));
    node.add().cni("first").run().error().says(&["itself"]);
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn row_27_inside_a_delegate_of_a_delegate() {
    let node = reference_node();
    node.network(
        "05-nested.conf",
        &json!({"cniVersion": "0.3.1", "name": "n", "type": "flannel", "delegate": {"type": "genie"}}),
    );
    node.add().cni("nested").run().error().says(&["itself"]);
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn row_27_a_call_from_a_delegate_is_refused() {
    for verb in [Verb::Add, Verb::Check, Verb::Status] {
        let node = reference_node().with("cniVersion", json!("1.1.0"));
        node.call(verb).env("GENIE_HOST_CALL", "1").run().error().says(&["itself"]);
        assert_eq!(node.trace(), NO_DELEGATE);
    }
}

#[test]
fn row_27_a_copy_under_another_name_is_refused_and_leaves_no_pod_that_cannot_be_deleted() {
    let node = reference_node();
    let dist = programs::dist("genie");
    std::os::unix::fs::symlink(dist, node.bin().join("disguised")).unwrap();
    let mut copy = node.config();
    copy.insert("type".into(), json!("disguised"));
    node.network("05-copy.conf", &copy.into());
    node.add().cni("weave,copy").run().error().says(&["itself"]);
    assert_eq!(node.trace(), ["ADD weave-net@eth0", "DEL weave-net@eth0"]);
    node.del().run().ok();
    node.assert_no_state();
}

#[test]
fn row_27_every_delegate_carries_the_mark() {
    let node = reference_node();
    node.add().cni("calico,weave").run().ok();
    node.del().run().ok();
    let calls = node.calls();
    assert_eq!(calls.len(), 6);
    for call in calls {
        assert_eq!(call.var("GENIE_HOST_CALL"), "1", "{}", call.summary());
    }
}

#[test]
fn row_28_a_binary_without_configuration_writes_nothing_into_the_conf_dir() {
    let node = reference_node();
    node.recorders(&["bridge", "macvlan", "sriov"]);
    let before = node.conf_files();
    for name in ["bridge", "macvlan", "sriov"] {
        node.add().cni(name).run();
        node.del().run().ok();
        assert_eq!(node.conf_files(), before, "{name}");
    }
    node.trace();
    node.add().run().ok();
    assert_eq!(node.trace(), ["ADD calico@eth0", "ADD portmap@eth0"]);
}

#[test]
fn row_29_the_first_pod_and_a_later_one_get_the_same() {
    let node = reference_node();
    node.recorders(&["bridge"]);
    let answers = ["c1", "c2"].map(|id| node.add().container(id).cni("bridge@net1").run());
    assert_eq!(answers[0].status, answers[1].status);
    if answers[0].status == Some(0) {
        assert_eq!(node.trace(), ["ADD bridge@net1", "ADD bridge@net1"]);
    } else {
        answers[0].error_code(101).says(&["bridge"]);
        assert_eq!(node.trace(), NO_DELEGATE);
    }
}

#[test]
fn no_call_ever_changes_the_conf_dir() {
    let node = reference_node();
    node.raw_network("20-broken.conf", "[");
    let before = node.conf_files();
    node.script("weave-net", Verb::Add, Script::new().error(1, "no"));
    node.add().cni("calico").run().ok();
    node.add().container("c2").cni("weave").run().error();
    node.call(Verb::Check).run();
    node.del().run().ok();
    assert_eq!(node.conf_files(), before);
}
