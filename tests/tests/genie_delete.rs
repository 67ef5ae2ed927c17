//! Undoing: cases of CNI-Genie about failures, DEL and CHECK.

use std::fs;

use genie_tests::fixture::{calico, reference_node};
use genie_tests::{Recorded, Script, Verb};
use serde_json::json;

const NO_DELEGATE: [&str; 0] = [];

fn summaries(calls: &[Recorded]) -> Vec<String> {
    calls.iter().map(Recorded::summary).collect()
}

#[test]
fn row_54_when_one_network_fails_all_are_undone_in_reverse() {
    let node = reference_node();
    node.script("weave-net", Verb::Add, Script::new().error(123, "no weave today"));
    let error = node.add().cni("flannel,weave").run().error_code(123);
    error.says(&["no weave today", "weave"]);
    assert_eq!(
        node.trace(),
        [
            "ADD flannel@eth0",
            "ADD portmap@eth0",
            "ADD weave-net@eth1", //
            "DEL weave-net@eth1",
            "DEL portmap@eth0",
            "DEL flannel@eth0",
        ]
    );
    node.assert_no_state();
}

#[test]
fn row_55_a_list_that_fails_half_way_is_undone() {
    let node = reference_node();
    node.script("portmap", Verb::Add, Script::new().error(7, "no ports"));
    node.add().cni("calico").run().error_code(7).says(&["no ports", "portmap"]);
    assert_eq!(node.trace(), ["ADD calico@eth0", "ADD portmap@eth0", "DEL portmap@eth0", "DEL calico@eth0"]);
    node.assert_no_state();
}

#[test]
fn row_56_del_is_the_exact_reverse_of_add() {
    let node = reference_node();
    let args = "K8S_POD_NAMESPACE=ns;K8S_POD_NAME=p;K8S_POD_UID=u";
    node.add().cni("flannel,weave@eth4,flannel@eth5, flannel").args(args).run().ok();
    let added = node.calls();
    // DEL has other arguments than ADD, and those of ADD count.
    node.del().args("K8S_POD_NAME=other").run().ok();
    let deleted = node.calls();
    let expected: Vec<_> = summaries(&added).iter().rev().map(|call| call.replace("ADD", "DEL")).collect();
    assert_eq!(summaries(&deleted), expected);
    for (add, del) in added.iter().rev().zip(&deleted) {
        let mut config = del.stdin.clone();
        let mut before = add.stdin.clone();
        for config in [&mut config, &mut before] {
            config.as_object_mut().unwrap().remove("prevResult");
        }
        assert_eq!(config, before, "{}", del.summary());
        for name in ["CNI_ARGS", "CNI_CONTAINERID", "CNI_NETNS", "CNI_PATH", "CNI_IFNAME"] {
            assert_eq!(del.var(name), add.var(name), "{name} of {}", del.summary());
        }
    }
    node.assert_no_state();
}

#[test]
fn row_57_and_58_del_needs_neither_annotation_nor_conf_dir_nor_default() {
    let node = reference_node();
    node.add().cni("flannel,weave").run().ok();
    node.trace();
    node.remove_network("10-weave.conf");
    node.network("10-flannel.conflist", &calico()).network("01-first.conflist", &calico());
    node.del().cni("calico").key("default_plugin", json!("nosuch")).run().ok();
    assert_eq!(node.trace(), ["DEL weave-net@eth1", "DEL portmap@eth0", "DEL flannel@eth0"]);
    node.assert_no_state();
}

#[test]
fn row_58_del_without_the_whole_conf_dir() {
    let node = reference_node();
    node.add().cni("calico").run().ok();
    node.trace();
    fs::remove_dir_all(node.conf_dir()).unwrap();
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL portmap@eth0", "DEL calico@eth0"]);
    node.assert_no_state();
}

#[test]
fn row_58_del_with_selectors_that_cannot_be_read_any_more() {
    let node = reference_node();
    node.add().cni("calico").run().ok();
    node.trace();
    node.del().key("selectors", json!("nonsense")).key("pods", json!(3)).run().ok();
    assert_eq!(node.trace(), ["DEL portmap@eth0", "DEL calico@eth0"]);
}

#[test]
fn row_59_del_twice_without_add_and_without_namespace_succeeds() {
    let node = reference_node();
    node.del().run().ok();
    assert_eq!(node.trace(), NO_DELEGATE);
    node.add().cni("weave").run().ok();
    node.trace();
    node.del().netns("").run().ok();
    assert_eq!(node.trace(), ["DEL weave-net@eth0"]);
    node.del().without("CNI_NETNS").run().ok();
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn row_60_one_failing_delegate_does_not_keep_the_others() {
    let node = reference_node();
    node.add().cni("calico,weave,flannel").run().ok();
    node.trace();
    node.script("weave-net", Verb::Del, Script::new().error(11, "still busy"));
    let error = node.del().run().error_code(11);
    error.says(&["still busy", "weave"]);
    assert_eq!(
        node.trace(),
        [
            "DEL portmap@eth2",
            "DEL flannel@eth2",
            "DEL weave-net@eth1", //
            "DEL portmap@eth0",
            "DEL calico@eth0",
        ]
    );
    // The retry repeats only what is left.
    node.script("weave-net", Verb::Del, Script::new());
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL weave-net@eth1"]);
    node.del().run().ok();
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn row_70_check_asks_every_attachment_with_what_it_was_added_with() {
    let node = reference_node();
    node.network("20-a.conflist", &json!({"cniVersion": "0.4.0", "name": "a", "plugins": [{"type": "a", "x": 1}]}))
        .network("21-b.conflist", &json!({"cniVersion": "1.0.0", "name": "b", "plugins": [{"type": "b"}]}))
        .recorders(&["a", "b"]);
    node.add().cni("a,b").run().ok();
    let added = node.calls();
    node.remove_network("20-a.conflist");
    node.call(Verb::Check).run().ok();
    let checked = node.calls();
    assert_eq!(summaries(&checked), ["CHECK a@eth0", "CHECK b@eth1"]);
    for (add, check) in added.iter().zip(&checked) {
        let mut config = check.stdin.clone();
        let previous = config.as_object_mut().unwrap().remove("prevResult").expect("the result of ADD");
        assert_eq!(config, add.stdin);
        assert_eq!(previous["interfaces"][0]["name"], check.var("CNI_IFNAME"));
        assert_eq!(check.var("CNI_ARGS"), add.var("CNI_ARGS"));
    }
}

#[test]
fn row_72_a_delegate_that_hangs_is_stopped_and_undone() {
    let node = reference_node().with("timeout", json!("700ms"));
    node.script("weave-net", Verb::Add, Script::new().hang());
    let error = node.add().cni("calico,weave").run().error_code(11);
    error.says(&["weave"]);
    let trace = node.trace();
    assert_eq!(trace[3..], ["DEL weave-net@eth1", "DEL portmap@eth0", "DEL calico@eth0"]);
    node.assert_no_state();
}

#[test]
fn a_network_that_hangs_leaves_the_others_their_time() {
    let node = reference_node().with("timeout", json!("2s"));
    node.add().cni("calico,weave,flannel").run().ok();
    node.script("flannel", Verb::Del, Script::new().hang());
    node.trace();
    node.del().run().error_code(11).says(&["flannel", "did not finish"]);
    let trace = node.trace();
    let expected =
        ["DEL portmap@eth2", "DEL flannel@eth2", "DEL weave-net@eth1", "DEL portmap@eth0", "DEL calico@eth0"];
    assert_eq!(trace, expected);
    // What is left has all of the time for itself.
    node.script("flannel", Verb::Del, Script::new().run("sleep 1.5"));
    node.del().run().ok();
    node.assert_no_state();
}

#[test]
fn row_72_tokens_are_never_printed() {
    let secret = "eyJhbGciOiJSUzI1NiIsImtpZCI6InRlc3QifQ";
    let node = reference_node()
        .with("log_level", json!("debug"))
        .with("policy", json!({"type": "k8s", "k8s_auth_token": secret}))
        .with("kubernetes", json!({"kubeconfig": "/nowhere", "token": secret}));
    let answers = [
        node.add().cni("calico").run(),
        node.call(Verb::Check).run(),
        node.del().run(),
        node.add().cni("nosuch").run(),
        node.add().key("timeout", json!("x")).run(),
    ];
    for answer in answers {
        assert!(!format!("{answer:?}").contains(secret), "{answer:?}");
    }
}

#[test]
fn row_72_the_log_level_is_honoured() {
    let warn = |level: &str| {
        let node = reference_node().with("log_level", json!(level));
        node.raw_network("05-broken.conf", "{");
        let answer = node.add().cni("calico").run();
        answer.ok();
        answer.stderr.contains("05-broken.conf")
    };
    assert!(warn("warn"));
    assert!(!warn("none"));
}
