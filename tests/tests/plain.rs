//! Text of others that people read: it forges no line, and a terminal obeys nothing in it.

use std::fs;

use genie_tests::fixture::chain::entry;
use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node, Script, Verb};
use serde_json::{Value, json};

/// A hostile text: a forged line of ours, an escape sequence of either kind, text in the other
/// direction, and invisible characters.
const HOSTILE: &str = "a\nFORGED b\r\u{1b}[2J\u{9b}31m\u{202e}c\u{200b}\u{2028}d";
/// The text as it is printed.
const TOLD: &str = r"a\nFORGED b\r\u{1b}[2J\u{9b}31m\u{202e}c\u{200b}\u{2028}d";

#[track_caller]
fn assert_plain(what: &str, text: &str) {
    let is_wrong = |c: &char| *c != '\n' && (c.is_control() || "\u{202e}\u{200b}\u{2028}".contains(*c));
    assert_eq!(text.chars().find(is_wrong), None, "{what}: {text:?}");
    assert!(!text.lines().any(|line| line.starts_with("FORGED")), "{what}: {text}");
}

#[track_caller]
fn plain(answer: &Answer) -> &Answer {
    assert_plain("stdout", &answer.stdout);
    assert_plain("stderr", &answer.stderr);
    answer
}

fn at(node: &Node, part: &str) -> String {
    node.dir().join(part).display().to_string()
}

#[test]
fn a_module_cannot_forge_what_inspect_says() {
    let node = reference_node();
    let module = node.guest("forging").display().to_string();
    let told = node.genie_host(&["inspect", &module]);
    assert_eq!(plain(&told).status, Some(0), "{told:?}");
    let keys: Vec<_> = told.stdout.lines().filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(keys.iter().filter(|key| **key == "sha256").count(), 1, "{}", told.stdout);
    assert_eq!(keys.iter().filter(|key| **key == "imports").count(), 1, "{}", told.stdout);
    for said in [r"nice\nsha256   0000", r"1.0\r\u{1b}[2J", r"harmless\nimports  none\n\u{202e}desrever"] {
        assert!(told.stdout.contains(said), "{said}: {}", told.stdout);
    }
    let told = node.genie_host(&["inspect", &module, "--output", "json"]);
    let read: Value = serde_json::from_str(&plain(&told).stdout).unwrap();
    assert_eq!(read["name"], "nice\nsha256   0000");
}

#[test]
fn a_pods_name_cannot_forge_a_line_of_records() {
    let node = reference_node();
    node.add().args(&format!("K8S_POD_NAMESPACE=default;K8S_POD_NAME={HOSTILE}")).cni("weave").run().ok();
    let told = node.genie_host(&["records", "--state-dir", &at(&node, "state")]);
    assert_eq!(plain(&told).stdout.lines().count(), 2, "{}", told.stdout);
    assert!(told.stdout.contains(TOLD), "{}", told.stdout);
    let told = node.genie_host(&["records", "--state-dir", &at(&node, "state"), "--output", "json"]);
    let read: Value = serde_json::from_str(&plain(&told).stdout).unwrap();
    assert_eq!(read["records"][0]["pod"]["name"], HOSTILE);
    node.del().run().ok();
}

#[test]
fn a_files_name_and_a_selectors_words_cannot_forge_a_finding() {
    let node = reference_node();
    let module = node.guest("forging");
    node.raw_network(&format!("50-{HOSTILE}.conf"), "{");
    let node = node.with("selectors", json!([entry(&module), {"module": "default-plugin"}]));
    let (conf_dir, bin) = (at(&node, "net.d"), at(&node, "bin"));
    let told = node.genie_host(&["doctor", "--conf-dir", &conf_dir, "--bin-dir", &bin]);
    assert!(plain(&told).stdout.contains(TOLD), "{}", told.stdout);
    let pod = node.dir().join("pod.json");
    let manifest = json!({"kind": "Pod", "metadata": {"name": HOSTILE, "annotations": {"cni": HOSTILE}}});
    // YAML does not allow these characters unescaped.
    fs::write(&pod, manifest.to_string().replace('\u{9b}', "\\u009b")).unwrap();
    for output in ["table", "json"] {
        let told = node.genie_host(&[
            "test-selector",
            "--chain",
            "--conf-dir",
            &conf_dir,
            "--pod",
            &at(&node, "pod.json"),
            "--output",
            output,
        ]);
        assert_eq!(plain(&told).status, Some(0), "{told:?}");
        let line = "forging.wasm error: warning: forged \\u{1b}[31ma\n";
        assert!(output == "json" || told.stdout.contains(line), "{}", told.stdout);
        assert!(!told.stdout.contains("\nwarning: forged"), "{}", told.stdout);
    }
    let wrong = node.genie_host(&["test-selector", "--chain", "--conf-dir", &format!("/{HOSTILE}")]);
    assert!(plain(&wrong).stderr.contains(TOLD), "{wrong:?}");
}

#[test]
fn the_log_has_a_line_for_each_message_whatever_is_in_it() {
    let node = reference_node().with("log_level", json!("trace"));
    node.raw_network(&format!("50-{HOSTILE}.conf"), "{");
    node.script("weave-net", Verb::Del, Script::new().error(7, HOSTILE));
    node.add().cni("weave").run().ok();
    let failed = node.del().run();
    assert_eq!(failed.status, Some(1), "{failed:?}");
    for stderr in [node.add().container("other").cni("weave").run().stderr, failed.stderr] {
        assert_plain("the log", &stderr);
    }
    let ignored = node.add().container("third").cni("weave").run().stderr;
    assert!(ignored.contains(r"\nFORGED"), "{ignored}");
}
