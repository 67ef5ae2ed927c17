//! The call itself: environment, stdin, versions (facts of CNI, part 8).

use std::fs;
use std::process::{Command, Stdio};

use genie_tests::fixture::node_with;
use genie_tests::{Answer, Node, Verb, programs};
use serde_json::{Value, json};

const NO_DELEGATE: [&str; 0] = [];

fn node() -> Node {
    node_with("1.0.0", &["bridge"])
}

#[test]
fn case_01_without_a_command_it_says_what_it_is_and_does_not_wait_for_stdin() {
    // The writing end stays open: a program that reads to the end would never return.
    let (reader, writer) = std::io::pipe().unwrap();
    let mut command = Command::new(programs::dist("genie"));
    let output = command.env_clear().stdin(Stdio::from(reader)).output().unwrap();
    drop(writer);
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stderr}");
    assert!(output.stdout.is_empty());
    let lines: Vec<_> = stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{stderr}");
    assert!(lines[0].contains("genie"), "{stderr}");
    assert!(lines[1].contains("0.1.0") && lines[1].contains("1.1.0"), "{stderr}");
}

#[test]
fn case_02_version_answers_whatever_stdin_holds() {
    for stdin in [r#"{"cniVersion":"0.4.0"}"#, "", "garbage"] {
        let node = node();
        let answer = node.call(Verb::Version).stdin(stdin).run();
        let version = answer.ok();
        assert_eq!(answer.stdout.trim_end().lines().count(), 1, "{answer:?}");
        let supported: Vec<_> =
            version["supportedVersions"].as_array().unwrap().iter().map(|v| v.as_str().unwrap()).collect();
        assert_eq!(supported, ["0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]);
        assert!(version["cniVersion"].is_string());
        assert_eq!(node.trace(), NO_DELEGATE);
    }
}

#[test]
fn case_03_all_missing_variables_are_named() {
    let node = node();
    let mut call = node.add();
    for name in ["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH", "CNI_ARGS"] {
        call = call.without(name);
    }
    call.run().error_code(4).says(&["CNI_CONTAINERID", "CNI_NETNS", "CNI_IFNAME", "CNI_PATH"]);
    assert_eq!(node.trace(), NO_DELEGATE);
}

#[test]
fn case_04_bad_container_ids_and_interfaces_are_refused_on_every_verb() {
    for verb in [Verb::Add, Verb::Del, Verb::Check] {
        for id in ["../x", "a b", "-a", "a\n", "é", "x/../../victim"] {
            let node = node();
            fs::write(node.dir().join("victim"), "").unwrap();
            node.call(verb).container(id).run().error_code(4).says(&["containerID"]);
            assert_eq!(node.trace(), NO_DELEGATE, "{id}");
            node.assert_no_state();
            assert!(node.dir().join("victim").exists());
        }
        for name in [".", "..", "a/b", "a:b", "a b", "abcdefghijklmnop"] {
            let node = node();
            node.call(verb).ifname(name).run().error_code(4).says(&["interface"]);
            assert_eq!(node.trace(), NO_DELEGATE, "{name}");
            node.assert_no_state();
        }
    }
}

#[test]
fn case_04_long_container_ids_are_fine() {
    let node = node();
    let id = "a".repeat(300);
    node.add().container(&id).run().ok();
    node.del().container(&id).run().ok();
    assert_eq!(node.trace(), ["ADD bridge@eth0", "DEL bridge@eth0"]);
    node.assert_no_state();
}

#[test]
fn case_06_stdin_that_is_no_configuration() {
    for stdin in ["", "[]", "\u{feff}{}", "{}x", "nonsense"] {
        for verb in [Verb::Add, Verb::Del, Verb::Check, Verb::Status, Verb::Gc] {
            node().call(verb).stdin(stdin).run().error_code(6);
        }
    }
    node().add().stdin(r#"{"cniVersion":"1.1.0"}"#).run().error_code(7).says(&["name"]);
    for name in ["a/b", "../n", ""] {
        let node = node();
        node.add().key("name", json!(name)).run().error_code(7).says(&["name"]);
        assert_eq!(node.trace(), NO_DELEGATE);
        node.assert_no_state();
    }
}

#[test]
fn case_07_versions_that_are_not_spoken() {
    for version in ["9.9.9", "1.1"] {
        node().add().key("cniVersion", json!(version)).run().error_code(1).says(&[version, "1.1.0", "0.3.1"]);
    }
    node().add().key("cniVersion", json!(1)).run().error_code(6);
    // An absent version means 0.1.0, which VERSION says is supported.
    let node = node_with("0.3.1", &["bridge"]);
    let result = node.add().without_key("cniVersion").run().ok();
    assert_eq!(result["cniVersion"], "0.1.0");
    assert!(result["ip4"]["ip"].is_string());
}

#[test]
fn case_08_unknown_commands_are_named_and_unknown_keys_ignored() {
    for command in ["add", "FOO"] {
        node().add().env("CNI_COMMAND", command).run().error_code(4).says(&[command]);
    }
    let node = node();
    let answer = node.add().key("wholly_unknown", json!({"a": 1})).run();
    answer.ok();
    assert_eq!(answer.stderr.matches("wholly_unknown").count(), 1, "one warning: {answer:?}");
    assert_eq!(node.trace(), ["ADD bridge@eth0"]);
}

#[test]
fn case_34_arguments_in_any_order_give_the_same_and_pass_through() {
    let pairs = ["IgnoreUnknown=1", "K8S_POD_NAMESPACE=ns", "K8S_POD_NAME=p", "K8S_POD_UID=u"];
    let mut results: Vec<Value> = Vec::new();
    for shift in 0..pairs.len() {
        let node = node();
        let mut rotated = pairs;
        rotated.rotate_left(shift);
        let args = rotated.join(";");
        results.push(node.add().args(&args).run().ok());
        assert_eq!(node.calls()[0].var("CNI_ARGS"), args);
        assert_eq!(node.record("c1", "eth0")[0]["pod"]["name"], "p");
    }
    assert!(results.iter().all(|result| *result == results[0]));
    for odd in ["A=b=c", "A", "A=b;"] {
        let node = node();
        node.add().args(odd).run().ok();
        assert_eq!(node.calls()[0].var("CNI_ARGS"), odd);
    }
}

#[test]
fn case_35_what_came_before_in_the_runtimes_own_list_is_kept() {
    let previous = json!({
        "cniVersion": "1.0.0",
        "interfaces": [{"name": "net9", "sandbox": "/run/netns/genie-tests-none"}],
        "ips": [{"address": "192.0.2.9/24", "interface": 0}],
    });
    let node = node();
    let result = node.add().key("prevResult", previous).run().ok();
    let names: Vec<_> = result["interfaces"].as_array().unwrap().iter().map(|i| i["name"].clone()).collect();
    assert!(names.contains(&json!("net9")) && names.contains(&json!("eth0")), "{result}");
    assert_eq!(result["ips"].as_array().unwrap().len(), 2);
    for ip in result["ips"].as_array().unwrap() {
        let of = &Answer::interface_of(&result, ip)["name"];
        assert_eq!(of == "net9", ip["address"] == "192.0.2.9/24", "{result}");
    }
}

#[test]
fn case_37_the_plugins_own_namespace_is_refused_before_anything_runs() {
    for verb in [Verb::Add, Verb::Del] {
        let node = node();
        node.call(verb).netns("/proc/self/ns/net").run().error_code(8);
        assert_eq!(node.trace(), NO_DELEGATE);
        node.assert_no_state();
    }
    let node = node();
    // The interface has a name that no machine has.
    node.add().netns("/proc/self/ns/net").ifname("genie0").env("CNI_NETNS_OVERRIDE", "1").run().ok();
    assert_eq!(node.calls()[0].var("CNI_NETNS_OVERRIDE"), "1");
}
