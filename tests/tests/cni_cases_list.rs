//! Lists of plugins, and the other verbs beside ADD (facts of CNI, part 8).

use std::fs;

use genie_tests::fixture::node_with;
use genie_tests::{Node, Script, Verb};
use serde_json::{Value, json};

const NO_DELEGATE: [&str; 0] = [];

fn summaries(node: &Node) -> Vec<String> {
    node.trace()
}

#[test]
fn case_20_a_list_runs_in_order_each_with_the_result_before() {
    let node = node_with("1.0.0", &["a", "b", "c"]);
    let plugin = |kind: &str, capability: &str| json!({"type": kind, "capabilities": {capability: true}});
    let plugins = [plugin("a", "portMappings"), plugin("b", "bandwidth"), json!({"type": "c"})];
    node.network("10-net.conflist", &json!({"cniVersion": "1.0.0", "name": "net", "plugins": plugins}));
    let result_of = |address: &str| json!({"cniVersion": "1.0.0", "interfaces": [{"name": "eth0", "sandbox": "/ns"}], "ips": [{"address": address}]});
    node.script("a", Verb::Add, Script::new().json(&result_of("10.0.0.2/24")));
    node.script("b", Verb::Add, Script::new().json(&result_of("10.0.0.3/24")));
    let call = node.add().runtime_config("portMappings", json!([1])).runtime_config("bandwidth", json!({"x": 1}));
    call.run().ok();
    let calls = node.calls();
    let kinds: Vec<_> = calls.iter().map(|call| call.kind.as_str()).collect();
    assert_eq!(kinds, ["a", "b", "c"]);
    assert_eq!(calls[0].stdin.get("prevResult"), None);
    assert_eq!(calls[1].stdin["prevResult"]["ips"][0]["address"], "10.0.0.2/24");
    assert_eq!(calls[2].stdin["prevResult"]["ips"][0]["address"], "10.0.0.3/24");
    for call in &calls {
        assert_eq!(call.stdin["name"], "net");
        assert_eq!(call.stdin["cniVersion"], "1.0.0");
    }
    assert_eq!(calls[0].stdin["runtimeConfig"], json!({"portMappings": [1]}));
    assert_eq!(calls[1].stdin["runtimeConfig"], json!({"bandwidth": {"x": 1}}));
    assert_eq!(calls[2].stdin.get("runtimeConfig"), None);
}

#[test]
fn case_21_after_a_failure_nothing_further_runs_and_the_rest_is_undone() {
    let node = node_with("1.0.0", &["a", "b", "c"]);
    node.script("b", Verb::Add, Script::new().error(77, "b says no"));
    node.add().run().error_code(77).says(&["b says no", "\"b\""]);
    assert_eq!(summaries(&node), ["ADD a@eth0", "ADD b@eth0", "DEL b@eth0", "DEL a@eth0"]);
    node.assert_no_state();
}

#[test]
fn case_22_del_runs_in_reverse_with_the_final_result() {
    for (version, has_result) in [("1.1.0", true), ("1.0.0", true), ("0.4.0", true), ("0.3.1", false), ("0.2.0", false)]
    {
        let node = node_with(version, &["a", "b", "c"]);
        node.add().run().ok();
        let last = node.calls().pop().unwrap();
        node.del().run().ok();
        let calls = node.calls();
        let kinds: Vec<_> = calls.iter().map(|call| call.kind.as_str()).collect();
        assert_eq!(kinds, ["c", "b", "a"]);
        for call in calls {
            // The recorder returns the result that it was given, so this is also the final result.
            let expected = has_result.then(|| &last.stdin["prevResult"]);
            assert_eq!(call.stdin.get("prevResult"), expected, "{version} {}", call.kind);
        }
        node.del().run().ok();
        assert_eq!(summaries(&node), NO_DELEGATE);
    }
}

#[test]
fn case_23_a_failed_del_keeps_its_state_until_a_retry_succeeds() {
    let node = node_with("1.0.0", &["a", "b", "c"]);
    node.add().run().ok();
    node.trace();
    node.script("b", Verb::Del, Script::new().error(5, "disk"));
    node.del().run().error_code(5).says(&["disk"]);
    assert_eq!(summaries(&node)[..2], ["DEL c@eth0", "DEL b@eth0"]);
    assert!(node.record_file("c1", "eth0").exists());
    node.script("b", Verb::Del, Script::new());
    node.del().run().ok();
    let retry = summaries(&node);
    assert_eq!(retry[retry.len() - 2..], ["DEL b@eth0", "DEL a@eth0"]);
    node.assert_no_state();
}

#[test]
fn case_24_del_with_no_or_a_vanished_namespace_still_calls_the_delegates() {
    for netns in [None, Some(""), Some("/run/netns/genie-tests-vanished")] {
        let node = node_with("1.0.0", &["a"]);
        node.add().run().ok();
        node.trace();
        let call = match netns {
            Some(path) => node.del().netns(path),
            None => node.del().without("CNI_NETNS"),
        };
        call.run().ok();
        let calls = node.calls();
        assert_eq!(calls.len(), 1, "{netns:?}");
        assert_eq!(calls[0].var("CNI_NETNS"), netns.unwrap_or_default());
        assert_eq!(calls[0].var("CNI_CONTAINERID"), "c1");
    }
}

#[test]
fn case_26_del_uses_what_was_stored() {
    let node = node_with("1.0.0", &["a"]);
    let list = |x: u32| {
        let plugin = json!({"type": "a", "x": x, "capabilities": {"portMappings": true}});
        json!({"cniVersion": "1.0.0", "name": "net", "plugins": [plugin]})
    };
    node.network("10-net.conflist", &list(1));
    node.add().args("A=1").runtime_config("portMappings", json!([1])).run().ok();
    node.trace();
    node.network("10-net.conflist", &list(2));
    node.del().args("A=2").runtime_config("portMappings", json!([2])).run().ok();
    let call = node.calls().pop().unwrap();
    assert_eq!(call.stdin["x"], 1);
    assert_eq!(call.stdin["runtimeConfig"]["portMappings"], json!([1]));
    assert_eq!(call.var("CNI_ARGS"), "A=1");
}

#[test]
fn case_28_check() {
    node_with("0.3.1", &["a"]).call(Verb::Check).run().error_code(1);

    let node = node_with("0.4.0", &["a", "b", "c"]);
    node.call(Verb::Check).run().error();
    assert_eq!(summaries(&node), NO_DELEGATE, "nothing was added");
    node.add().run().ok();
    let last = node.calls().pop().unwrap();
    node.call(Verb::Check).run().ok();
    let calls = node.calls();
    let kinds: Vec<_> = calls.iter().map(|call| call.kind.as_str()).collect();
    assert_eq!(kinds, ["a", "b", "c"]);
    assert!(calls.iter().all(|call| call.stdin["prevResult"] == last.stdin["prevResult"]));
    node.script("b", Verb::Check, Script::new().error(42, "address gone"));
    node.call(Verb::Check).run().error_code(42).says(&["address gone"]);
    assert_eq!(summaries(&node), ["CHECK a@eth0", "CHECK b@eth0"]);

    // Of an ADD that was killed, nobody can say that it is as it should be.
    let record = node.record_file("c1", "eth0");
    let whole = fs::read_to_string(&record).unwrap();
    fs::write(&record, whole.lines().next().unwrap()).unwrap();
    node.call(Verb::Check).run().error_code(4).says(&["eth0 in part", "needs a DEL"]);
    assert_eq!(summaries(&node), NO_DELEGATE);
}

#[test]
fn case_28_a_list_that_wants_no_check_gets_none() {
    let node = node_with("1.0.0", &["a"]);
    let list = json!({"cniVersion": "1.0.0", "name": "net", "disableCheck": true, "plugins": [{"type": "a"}]});
    node.network("10-net.conflist", &list);
    node.add().run().ok();
    node.trace();
    node.call(Verb::Check).run().ok();
    assert_eq!(summaries(&node), NO_DELEGATE);
}

#[test]
fn case_29_status_asks_the_default_networks_delegates() {
    let node = node_with("1.1.0", &["a", "b"]);
    node.call(Verb::Status).run().ok();
    assert_eq!(summaries(&node), ["STATUS a", "STATUS b"]);
    for code in [50, 51] {
        node.script("a", Verb::Status, Script::new().error(code, "not now"));
        node.call(Verb::Status).run().error_code(code).says(&["not now"]);
    }
    node.script("a", Verb::Status, Script::new().hang());
    node.call(Verb::Status).run().error_code(50);
    fs::remove_file(node.bin().join("b")).unwrap();
    node.call(Verb::Status).run().error_code(50).says(&["\"b\""]);
    node_with("1.0.0", &["a"]).call(Verb::Status).run().error_code(1);
}

#[test]
fn case_29_status_without_any_network_is_not_ready() {
    Node::new().with("cniVersion", json!("1.1.0")).call(Verb::Status).run().error_code(50);
}

#[test]
fn case_30_old_plugins_are_not_asked_for_status_and_gc() {
    let node = node_with("1.1.0", &["a"]);
    let old = json!({"cniVersion": "1.0.0", "supportedVersions": ["0.4.0", "1.0.0"]});
    node.script("a", Verb::Version, Script::new().json(&old));
    node.script("a", Verb::Status, Script::new().error(3, "missing containerID"));
    node.script("a", Verb::Gc, Script::new().error(3, "missing containerID"));
    node.call(Verb::Status).run().ok();
    node.call(Verb::Gc).key("cni.dev/valid-attachments", json!([])).run().ok();
    assert_eq!(summaries(&node), NO_DELEGATE);
}

fn valid(pairs: &[(&str, &str)]) -> Value {
    pairs.iter().map(|(id, ifname)| json!({"containerID": id, "ifname": ifname})).collect()
}

#[test]
fn case_31_gc_takes_away_what_the_runtime_does_not_know() {
    for key in ["cni.dev/valid-attachments", "cni.dev/attachments"] {
        let node = node_with("1.1.0", &["a"]);
        for id in ["keep", "stale"] {
            node.add().container(id).run().ok();
        }
        node.trace();
        let list = valid(&[("keep", "eth0")]);
        node.call(Verb::Gc).key(key, list.clone()).run().ok();
        let calls = node.calls();
        assert_eq!(calls.iter().map(|call| call.verb.as_str()).collect::<Vec<_>>(), ["DEL", "GC"]);
        assert_eq!(calls[0].var("CNI_CONTAINERID"), "stale");
        assert_eq!(calls[1].stdin["cni.dev/valid-attachments"], list);
        assert_eq!(calls[1].stdin["cni.dev/attachments"], list);
        assert!(node.record_file("keep", "eth0").exists());
        assert!(!node.record_file("stale", "eth0").exists());
    }
}

#[test]
fn case_31_one_failing_delegate_does_not_end_a_gc() {
    let node = node_with("1.1.0", &["a", "b"]);
    for id in ["one", "two"] {
        node.add().container(id).run().ok();
    }
    node.trace();
    node.script("a", Verb::Gc, Script::new().error(60, "a is ill"));
    node.call(Verb::Gc).key("cni.dev/valid-attachments", json!([])).run().error_code(60).says(&["a is ill"]);
    let trace = summaries(&node);
    assert_eq!(trace.iter().filter(|call| call.starts_with("DEL")).count(), 4);
    assert_eq!(trace[4..], ["GC a", "GC b"]);
}
