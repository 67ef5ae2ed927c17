//! One delegate: its results, its failures, and what it is given (facts of CNI, part 8).

use std::fs::{self, OpenOptions};
use std::os::unix::fs::PermissionsExt;

use genie_tests::fixture::node_with;
use genie_tests::{Recorded, Script, Verb, programs, recorder};
use serde_json::{Value, json};

const NO_DELEGATE: [&str; 0] = [];

#[test]
fn case_09_the_result_and_nothing_else_is_on_stdout_and_stderr_passes_through() {
    let node = node_with("1.0.0", &["bridge"]);
    let result = json!({
        "cniVersion": "1.0.0",
        "interfaces": [{"name": "br0"}, {"name": "eth0", "mac": "02:00:00:00:00:01", "sandbox": "/ns"}],
        "ips": [{"address": "10.0.0.2/24", "gateway": "10.0.0.1", "interface": 1}],
        "routes": [{"dst": "0.0.0.0/0", "gw": "10.0.0.1"}],
        "dns": {"nameservers": ["10.0.0.1"]},
    });
    node.script("bridge", Verb::Add, Script::new().json(&result).stderr("a word of the delegate\n"));
    let answer = node.add().run();
    assert_eq!(answer.ok(), result);
    assert!(answer.stderr.contains("a word of the delegate"), "{answer:?}");
}

#[test]
fn case_10_older_results_are_converted() {
    let listed = json!({
        "cniVersion": "0.4.0", "interfaces": [{"name": "eth0", "sandbox": "/ns"}],
        "ips": [{"version": "4", "interface": 0, "address": "10.0.0.2/24"}], "dns": {},
    });
    let old = json!({"cniVersion": "0.2.0", "ip4": {"ip": "10.0.0.2/24"}, "dns": {}});
    let mut without = listed.clone();
    without.as_object_mut().unwrap().remove("cniVersion");
    for answer in [listed, old, without] {
        let node = node_with("1.0.0", &["bridge"]);
        node.script("bridge", Verb::Add, Script::new().json(&answer));
        let result = node.add().run().ok();
        assert_eq!(result["cniVersion"], "1.0.0");
        assert_eq!(result["ips"][0]["address"], "10.0.0.2/24");
        assert_eq!(result["ips"][0].get("version"), None);
        assert_eq!(result.get("ip4"), None);
    }
}

#[test]
fn case_11_what_an_older_version_does_not_know_is_dropped() {
    let newer = json!({
        "cniVersion": "1.1.0", "interfaces": [{"name": "eth0", "sandbox": "/ns", "mtu": 1400, "socketPath": "/s", "pciID": "p"}],
        "ips": [{"interface": 0, "address": "10.0.0.2/24"}],
    });
    let node = node_with("0.3.1", &["bridge"]);
    node.script("bridge", Verb::Add, Script::new().json(&newer));
    let result = node.add().run().ok();
    assert_eq!(result["cniVersion"], "0.3.1");
    assert_eq!(result["ips"][0]["version"], "4");
    assert_eq!(result["interfaces"], json!([{"name": "eth0", "sandbox": "/ns"}]));
    assert_eq!(node.calls()[0].stdin["cniVersion"], "0.3.1");
}

#[test]
fn case_12_an_old_result_without_addresses_is_an_error_and_undone() {
    let node = node_with("0.2.0", &["bridge"]);
    node.script("bridge", Verb::Add, Script::new().print(r#"{"cniVersion":"0.2.0","dns":{}}"#));
    node.add().run().error();
    assert_eq!(node.trace(), ["ADD bridge@eth0", "DEL bridge@eth0"]);
    node.assert_no_state();
}

#[test]
fn case_13_a_delegates_code_and_message_reach_the_runtime_after_its_del() {
    let node = node_with("1.0.0", &["bridge"]);
    let error = json!({"code": 11, "msg": "later", "details": "d"});
    node.script("bridge", Verb::Add, Script::new().json(&error).exit(1));
    node.add().run().error_code(11).says(&["later", "bridge", "d"]);
    let calls = node.calls();
    assert_eq!(calls.iter().map(Recorded::summary).collect::<Vec<_>>(), ["ADD bridge@eth0", "DEL bridge@eth0"]);
    let (mut add, mut del) = (calls[0].env.clone(), calls[1].env.clone());
    add.remove("CNI_COMMAND");
    del.remove("CNI_COMMAND");
    assert_eq!(add, del);
    assert_eq!(calls[0].stdin, calls[1].stdin);
}

#[test]
fn case_15_failures_without_an_error_object_are_explained() {
    let cases: [(Script, &[&str]); 4] = [
        (Script::new().stderr("boom").exit(1), &["boom"]),
        (Script::new().print("no json").exit(1), &["no json"]),
        (Script::new().exit(3), &["exit status 3"]),
        (Script::new().signal(9), &["SIGKILL"]),
    ];
    for (script, says) in cases {
        let node = node_with("1.0.0", &["bridge"]);
        node.script("bridge", Verb::Add, script);
        node.add().run().error_code(999).says(says).says(&["bridge"]);
        assert_eq!(node.trace(), ["ADD bridge@eth0", "DEL bridge@eth0"]);
    }
}

#[test]
fn case_15_output_that_is_no_result_is_an_error_and_undone() {
    let index_out_of_range =
        r#"{"cniVersion":"1.0.0","interfaces":[{"name":"eth0"}],"ips":[{"address":"10.0.0.2/24","interface":1}]}"#;
    let null_entry = r#"{"cniVersion":"1.0.0","interfaces":[null]}"#;
    for output in ["", "garbage", "[]", "{}{}", index_out_of_range, null_entry] {
        let node = node_with("1.0.0", &["bridge"]);
        node.script("bridge", Verb::Add, Script::new().print(output));
        let error = node.add().run().error();
        assert_eq!(node.trace(), ["ADD bridge@eth0", "DEL bridge@eth0"], "{output}: {error:?}");
        node.assert_no_state();
    }
}

#[test]
fn a_delegate_that_prints_without_end_is_stopped() {
    let node = node_with("1.0.0", &["bridge"]);
    node.script("bridge", Verb::Add, Script::new().flood(64 << 20));
    node.add().run().error().says(&["bridge", "MiB"]);
    assert_eq!(node.trace(), ["ADD bridge@eth0", "DEL bridge@eth0"]);
}

#[test]
fn a_child_that_keeps_the_pipes_open_does_not_hold_the_call() {
    let node = node_with("1.0.0", &["bridge"]);
    node.script("bridge", Verb::Add, Script::new().leave_child());
    node.add().run().ok();
    let calls = node.calls();
    assert!(calls[0].child.is_some());
}

#[test]
fn case_18_a_missing_plugin_is_found_before_anything_runs() {
    let node = node_with("1.0.0", &["bridge"]);
    let list = json!({"cniVersion": "1.0.0", "name": "n", "plugins": [{"type": "bridge"}, {"type": "nosuch"}]});
    node.network("20-n.conflist", &list);
    let error = node.add().cni("n").run().error();
    error.says(&["failed to find plugin \"nosuch\" in path", &node.bin().display().to_string()]);
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn case_18_a_file_that_cannot_be_executed_hides_later_directories() {
    let node = node_with("1.0.0", &["bridge"]);
    let first = node.dir().join("first");
    fs::create_dir(&first).unwrap();
    fs::write(first.join("bridge"), "#!/bin/true").unwrap();
    fs::set_permissions(first.join("bridge"), fs::Permissions::from_mode(0o644)).unwrap();
    let path = format!("{}:{}", first.display(), node.bin().display());
    node.add().env("CNI_PATH", path).run().error().says(&["ermission denied"]);
    assert_eq!(node.trace(), NO_DELEGATE);
    node.assert_no_state();
}

#[test]
fn case_33_containerds_port_mappings_reach_portmap_and_again_on_del() {
    for mapping in [
        json!([{"HostPort": 8080, "ContainerPort": 80, "Protocol": "tcp", "HostIP": ""}]),
        json!([{"hostPort": 8080, "containerPort": 80, "protocol": "tcp"}]),
    ] {
        let node = node_with("1.0.0", &["bridge"]);
        let portmap = json!({"type": "portmap", "capabilities": {"portMappings": true}});
        let list = json!({"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "bridge"}, portmap]});
        node.network("10-net.conflist", &list).recorders(&["portmap"]);
        node.add().runtime_config("portMappings", mapping.clone()).run().ok();
        node.del().run().ok();
        for call in node.calls() {
            let expected = (call.kind == "portmap").then_some(&mapping);
            assert_eq!(call.stdin["runtimeConfig"].get("portMappings"), expected, "{}", call.summary());
        }
    }
}

#[test]
fn case_38_a_plugin_that_is_being_replaced_is_an_error_on_every_verb() {
    let node = node_with("1.1.0", &["other"]).with("timeout", json!("300ms"));
    let program = node.bin().join("busy");
    fs::copy(programs::recorder(), &program).unwrap();
    node.network("10-net.conflist", &json!({"cniVersion": "1.1.0", "name": "net", "plugins": [{"type": "busy"}]}));
    node.add().run().ok();
    {
        let _writer = OpenOptions::new().append(true).open(&program).unwrap();
        node.add().container("c2").run().error_code(11).says(&["busy"]);
        node.call(Verb::Check).run().error();
        node.call(Verb::Status).run().error();
        node.del().run().error_code(11).says(&["busy"]);
    }
    node.calls();
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL busy@eth0"]);
}

#[test]
fn what_a_plugin_began_that_was_replaced_while_it_ran_the_new_one_undoes() {
    let node = node_with("1.0.0", &["other"]);
    let (program, new) = (node.bin().join("replaced"), node.bin().join("new"));
    fs::copy(programs::recorder(), &program).unwrap();
    fs::copy(programs::recorder(), &new).unwrap();
    node.network("10-net.conflist", &json!({"cniVersion": "1.0.0", "name": "net", "plugins": [{"type": "replaced"}]}));
    node.script("replaced", Verb::Add, Script::new().pause());
    let running = node.add().start();
    let delegate = node.wait_until_hanging("replaced");
    fs::rename(&new, &program).unwrap();
    running.kill();
    node.release("replaced");
    delegate.wait_for_end();
    node.calls();
    node.del().run().ok();
    assert_eq!(node.trace(), ["DEL replaced@eth0"]);
    node.assert_no_state();
}

#[test]
fn case_40_a_configuration_reaches_its_delegate_unchanged() {
    let node = node_with("1.0.0", &["bridge"]);
    let plugin = r#"{"type":"bridge","big":9007199254740993,"one":1.0,"text":"<b>&","deep":{"a":[null,{"b":true}]},
        "capabilities":{"portMappings":true},"cni.dev/note":"x","dns":{},"isGateway":false}"#;
    node.raw_network("10-net.conflist", &format!(r#"{{"cniVersion":"1.0.0","name":"net","plugins":[{plugin}]}}"#));
    node.add().key("cni.dev/valid-attachments", json!([])).run().ok();
    node.del().run().ok();
    let mut expected: Value = serde_json::from_str(plugin).unwrap();
    expected.as_object_mut().unwrap().remove("cni.dev/note");
    for call in node.calls() {
        for (key, value) in expected.as_object().unwrap() {
            assert_eq!(&call.stdin[key], value, "{key} on {}", call.verb);
        }
        assert_eq!(call.stdin["big"].as_u64(), Some(9_007_199_254_740_993));
        let reserved: Vec<_> =
            call.stdin.as_object().unwrap().keys().filter(|key| key.starts_with("cni.dev/")).collect();
        assert!(reserved.is_empty(), "{reserved:?} on {}", call.verb);
    }
}

#[test]
fn case_40_no_del_error_reads_as_nothing_left() {
    let node = node_with("1.0.0", &["bridge"]);
    node.add().run().ok();
    node.script("bridge", Verb::Del, Script::new().error(100, "Link not found: no such file or directory"));
    let error = node.del().run().error_code(100);
    assert!(!error.text().contains("not found"), "{error:?}");
    assert!(!error.text().contains("no such file or directory"), "{error:?}");
    fs::remove_file(node.bin().join("bridge")).unwrap();
    let error = node.del().run().error();
    assert!(!error.text().contains("not found"), "{error:?}");
}

#[test]
fn the_recorder_gives_what_it_says_it_gives() {
    let node = node_with("1.0.0", &["bridge"]);
    let result = node.add().run().ok();
    assert_eq!(result["ips"][0]["address"], format!("{}/24", recorder::address("bridge")));
    assert_eq!(result["interfaces"][0]["name"], "eth0");
}
