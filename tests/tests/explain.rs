//! `genie-host explain` and `genie-host replay`: what records and refusals tell afterwards.

use std::fs;
use std::process::Command;

use genie_tests::agent::Agent;
use genie_tests::documents::{masked, output};
use genie_tests::fixture::chain::{chain, entry, plan, puppet, with};
use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node, Script, Verb};
use serde_json::{Value, json};

const WEB: &str = "K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web";

/// A node on which refusals are kept, as an agent does.
fn keeping(node: Node) -> Node {
    fs::create_dir_all(node.state_dir().join("spool")).unwrap();
    node.network("00-genie.conf", &Value::Object(node.config()));
    node
}

fn explain(node: &Node, arguments: &[&str]) -> Answer {
    let state = node.state_dir().display().to_string();
    node.genie_host(&[&["explain", "--state-dir", &state], arguments].concat())
}

fn replay(node: &Node, arguments: &[&str]) -> Answer {
    let (state, conf_dir) = (node.state_dir().display().to_string(), node.conf_dir().display().to_string());
    node.genie_host(&[&["replay", "--state-dir", &state, "--conf-dir", &conf_dir], arguments].concat())
}

#[track_caller]
fn says(answer: &Answer, status: i32, parts: &[&str]) {
    assert_eq!(answer.status, Some(status), "{answer:?}");
    for part in parts {
        assert!(answer.stdout.contains(part) || answer.stderr.contains(part), "{part:?} is not in {answer:?}");
    }
}

#[test]
fn a_pod_is_explained_by_its_name_or_its_container() {
    let node = keeping(reference_node());
    node.add().container("abcdef123").args(WEB).cni("flannel").run().ok();
    for subject in ["web", "shop/web", "abcd"] {
        let answer = explain(&node, &[subject]);
        let decided = " ago, decided by annotation: annotation cni: \"flannel\"";
        says(
            &answer,
            0,
            &["shop/web (container abcdef123) got 1 network ", decided, "default-plugin      skipped: decided already"],
        );
        says(&answer, 0, &["eth0       cbr0", "flannel, portmap", "/24  ", " ms  attached"]);
    }
    says(&explain(&node, &["nobody"]), 1, &["nothing is known of \"nobody\""]);
}

#[test]
fn what_a_selector_asked_and_was_answered_is_told() {
    let node = reference_node();
    let manifests = node.dir().join("pods");
    fs::create_dir(&manifests).unwrap();
    let pod = json!({"apiVersion": "v1", "kind": "Pod",
        "metadata": {"name": "web", "namespace": "shop", "labels": {"network": "weave"}}});
    fs::write(manifests.join("web.json"), pod.to_string()).unwrap();
    let curious = with(entry(&node.guest("curious")), "grant", json!(["pod", "node"]));
    let node = keeping(node.with("selectors", json!([curious])).with("pods", json!({"manifests": manifests})));
    node.add().args(WEB).run().ok();
    says(
        &explain(&node, &["web"]),
        0,
        &["curious.wasm asked labels: [[\"network\",\"weave\"]]", "asked traffic lo: ["],
    );
}

#[test]
fn why_a_pod_is_not_on_a_network() {
    let node = keeping(reference_node());
    node.add().args(WEB).cni("flannel").run().ok();
    let calico = ["10-calico.conflist is installed here", "annotation decided otherwise: annotation cni: \"flannel\""];
    let answer = explain(&node, &["web", "--why-not", "calico"]);
    says(&answer, 0, &calico);
    says(&answer, 0, &["default-plugin was not asked: annotation had decided"]);
    says(&explain(&node, &["web", "--why-not", "flanel"]), 0, &["flanel: no such network; did you mean flannel?"]);
    says(&explain(&node, &["web", "--why-not", "flannel"]), 0, &["the decision has 10-flannel.conflist"]);
}

#[test]
fn a_pod_that_was_refused_is_explained() {
    let node = keeping(chain(|module| vec![puppet(module, json!({"act": "denied", "text": "not for shops"}))]));
    node.add().container("c1").args(WEB).run().error_code(102);
    let answer = explain(&node, &["web"]);
    says(&answer, 0, &["shop/web (container c1) was refused ", "not for shops", "(code 102)", "puppet.wasm  refused"]);
    let answer = explain(&node, &["web", "--why-not", "calico"]);
    says(&answer, 0, &["puppet.wasm refused the pod: ", "not for shops"]);
}

#[test]
fn what_was_tried_for_a_pod_whose_plugin_failed_is_told() {
    let node = keeping(reference_node());
    node.script("weave-net", Verb::Add, Script::new().exit(1));
    node.add().container("c1").args(WEB).cni("flannel,weave").run().error();
    let answer = explain(&node, &["web"]);
    says(&answer, 0, &["was refused", "eth0       cbr0", "attached, and undone", "eth1       weave", "failed"]);
    says(&answer, 0, &["annotation          plan"]);
}

#[test]
fn the_newest_comes_first_and_two_pods_are_not_mixed_up() {
    let node = keeping(reference_node());
    node.add().container("c1").args(WEB).cni("flannel").run().ok();
    node.add().container("c2").args("K8S_POD_NAMESPACE=other;K8S_POD_NAME=web").cni("calico").run().ok();
    says(&explain(&node, &["web"]), 1, &["\"web\" may mean other/web or shop/web: name one of them"]);
    says(&explain(&node, &["c"]), 1, &["other/web or shop/web"]);
    says(&explain(&node, &["other/web"]), 0, &["other/web (container c2) got 1 network"]);
}

#[test]
fn the_same_configuration_decides_the_same() {
    let node = keeping(reference_node());
    for (index, networks) in ["flannel", "calico,weave@eth5", "weave"].into_iter().enumerate() {
        node.add().container(&format!("c{index}")).args(WEB).cni(networks).run().ok();
    }
    node.add().container("refused").args("K8S_POD_NAMESPACE=shop;K8S_POD_NAME=wrong").cni("nosuch").run().error();
    says(&replay(&node, &["--chain"]), 0, &["4 decisions: 4 same, 0 different, 0 cannot be said"]);
}

#[test]
fn another_policy_is_compared_pod_by_pod() {
    let node = keeping(reference_node());
    node.add().container("c1").args(WEB).cni("flannel").run().ok();
    node.add().container("c2").args("K8S_POD_NAMESPACE=shop;K8S_POD_NAME=db").cni("weave").run().ok();
    let module = node.guest("puppet");
    let settings = json!({"act": "plan", "networks": ["weave"]}).to_string();
    let answer = replay(&node, &[&module.display().to_string(), "--settings", &settings]);
    says(&answer, 3, &["shop/web  10-flannel.conflist  weave: ", "2 decisions: 1 same, 1 different, 0 cannot be said"]);
    says(&answer, 3, &["is asked alone: the configuration has no entry for it"]);
    let refusing = json!({"act": "denied", "text": "never"}).to_string();
    let answer = replay(&node, &[&module.display().to_string(), "--settings", &refusing]);
    says(&answer, 3, &["refused: selector \"puppet.wasm\" denies: never", "2 different"]);
}

#[test]
fn a_module_is_asked_in_place_of_its_entry() {
    let node = keeping(chain(|module| vec![plan(module, &["weave"]), json!({"module": "default-plugin"})]));
    node.add().container("c1").args(WEB).run().ok();
    let module = node.dir().join("modules/puppet.wasm").display().to_string();
    says(&replay(&node, &[&module]), 0, &["1 decision: 1 same"]);
    let settings = json!({"act": "pass"}).to_string();
    says(&replay(&node, &[&module, "--settings", &settings]), 3, &["10-calico.conflist: first usable network"]);
}

#[test]
fn what_nobody_asked_for_cannot_be_said() {
    let node = keeping(reference_node());
    node.add().container("c1").args(WEB).cni("flannel").run().ok();
    let curious = node.guest("curious").display().to_string();
    let answer = replay(&node, &[&curious, "--grant", "pod", "--grant", "node"]);
    says(&answer, 3, &["cannot be said: it asks for traffic lo", "0 same, 0 different, 1 cannot be said"]);
}

#[test]
fn explain_md_shows_what_is_printed() {
    const USUAL: [&str; 5] = ["network-attachment", "annotation", "logical-network", "least-loaded", "default-plugin"];
    let node = reference_node();
    let guard = node.dir().join("modules/guard.wasm");
    fs::copy(node.guest("puppet"), &guard).unwrap();
    let guard = puppet(&guard, json!({"act": "guard", "text": "flannel is for the tenant blue"}));
    let usual = USUAL.iter().map(|module| json!({"module": module}));
    let selectors = usual.chain([with(guard, "run", json!("shadow"))]).collect();
    let socket = node.dir().join("agent.sock");
    let node = keeping(node.with("selectors", selectors).with("agent", json!(socket)));
    let agent = Agent::start(&node, &node.dir().join("no-kubeconfig"));
    agent.eventually("the socket", || json!(socket.exists().then_some(true)));
    node.add().container("3b7c9a01").args(WEB).cni("flannel").run().ok();
    let explained = agent.eventually("the shadow's answer", || {
        let said = explain(&node, &["shop/web"]).stdout;
        said.contains("\nshadow guard.wasm: ").then_some(said).into()
    });
    let shown = output("docs/explain.md", "genie-host explain shop/web");
    let printed = explained.as_str().unwrap();
    assert_eq!(masked(printed), masked(&shown), "docs/explain.md shows another output than:\n{printed}");
}

/// Everything below a directory.
fn tree(dir: &std::path::Path) -> Vec<String> {
    let found = Command::new("find").arg(dir).output().unwrap();
    let mut found: Vec<_> = String::from_utf8(found.stdout).unwrap().lines().map(ToOwned::to_owned).collect();
    found.sort();
    found
}

#[test]
fn a_record_that_cannot_be_read_is_named() {
    let node = keeping(reference_node());
    for container in ["aaaa", "bbbb", "cccc"] {
        node.add().container(container).args(WEB).cni("flannel").run().ok();
    }
    fs::write(node.record_file("aaaa", "eth0"), "rubbish").unwrap();
    let told = replay(&node, &["--chain"]);
    says(&told, 3, &["3 decisions: 2 same, 0 different, 1 cannot be said", "record aaaa@eth0.json", "is damaged"]);
    says(&explain(&node, &["aaaa"]), 1, &["not all of its records can be read", "aaaa@eth0.json is damaged"]);
    says(&explain(&node, &["nobody"]), 1, &["not all of its records can be read", "aaaa@eth0.json is damaged"]);
    says(&explain(&node, &["bbbb"]), 0, &["shop/web (container bbbb) got 1 network"]);
}

#[test]
fn who_only_reads_creates_nothing_and_a_directory_hides_no_record() {
    let node = keeping(reference_node());
    node.add().container("c1").args(WEB).cni("flannel").run().ok();
    let records = node.state_dir().join("records");
    let (of_records, chain) = (records.display().to_string(), node.conf_dir().display().to_string());
    let before = tree(node.dir());
    // A directory of records itself will do.
    let replay = ["replay", "--chain", "--conf-dir", &chain, "--state-dir", &of_records];
    says(&node.genie_host(&replay), 0, &["1 decision: 1 same"]);
    says(&node.genie_host(&["explain", "web", "--state-dir", &of_records]), 0, &["shop/web"]);
    says(&node.genie_host(&["records", "--state-dir", &of_records]), 0, &["shop/web"]);
    says(&node.genie_host(&["test", "--from", "c1", "--state-dir", &of_records]), 0, &["name: \"shop/web\""]);
    let without_cache = |tree: Vec<String>| tree.into_iter().filter(|path| !path.contains("/user")).collect::<Vec<_>>();
    assert_eq!(without_cache(tree(node.dir())), without_cache(before));

    fs::create_dir(records.join("locks")).unwrap();
    says(&explain(&node, &["web"]), 0, &["shop/web"]);
    says(&self::replay(&node, &["--chain"]), 0, &["1 decision: 1 same"]);
}

#[test]
fn records_that_are_not_there_are_no_success() {
    let node = keeping(reference_node());
    let (conf_dir, nowhere) = (node.conf_dir().display().to_string(), node.dir().join("nosuch").display().to_string());
    let replay = ["replay", "--chain", "--conf-dir", &conf_dir, "--state-dir", &nowhere];
    says(&node.genie_host(&replay), 1, &["there is no directory"]);
    says(&node.genie_host(&["records", "--state-dir", &nowhere]), 1, &["there is no directory"]);
    says(&node.genie_host(&["explain", "web", "--state-dir", &nowhere]), 1, &["there is no directory"]);
    says(&self::replay(&node, &["--chain"]), 0, &["0 decisions", "there is nothing to decide again"]);
}

#[test]
fn wrong_input_of_a_replay_is_no_unreadable_record() {
    let node = keeping(reference_node());
    let script = node.dir().join("wrong.js");
    fs::write(&script, "export function select( {").unwrap();
    let script = script.display().to_string();
    let puppet = node.guest("puppet").display().to_string();
    for wrong in [
        vec!["nosuch.js"],
        vec![&script],
        vec![&puppet, "--settings", "{"],
        vec!["--chain", "--config", "nosuch"],
        vec!["--chain", "--config", &script],
    ] {
        says(&replay(&node, &wrong), 2, &["genie-host: "]);
    }
}
