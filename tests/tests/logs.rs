//! The plugin's stderr, which runtimes keep: each line says which call it belongs to.

use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Call};
use serde_json::json;

/// The line of a call that warns.
fn warning(call: Call<'_>) -> String {
    let call = call.key("selectors", json!([{"module": "annotation"}, {"module": "default-plugin"}]));
    let Answer { stderr, .. } = call.annotations(&[("k8s.v1.cni.cncf.io/networks", "a")]).run();
    let lines: Vec<_> = stderr.lines().filter(|line| line.contains("is not heeded")).collect();
    assert_eq!(lines.len(), 1, "{stderr}");
    lines[0].to_owned()
}

#[test]
fn a_line_tells_container_pod_and_node_and_when() {
    let node = reference_node().with("nodename", json!("n1"));
    let line = warning(node.add());
    assert!(line.ends_with(r#" container="c1" namespace="default" pod="p" pod_uid="u" node="n1""#), "{line}");
    let (time, rest) = line.split_once(' ').unwrap();
    assert!(time.ends_with('Z') && time.starts_with("20") && time.contains('T'), "{line}");
    assert!(rest.starts_with("WARN "), "{line}");
}

#[test]
fn what_the_journal_adds_is_left_out() {
    let node = reference_node();
    let script = r#"JOURNAL_STREAM=$(stat -L -c %d:%i /proc/self/fd/2) exec "$0""#;
    let line = warning(node.add().through(&["sh", "-c", script]));
    assert!(line.starts_with("WARN "), "{line}");
    // The variable is the runtime's, whose stderr is the journal. Our stderr is not.
    let line = warning(node.add().container("c2").env("JOURNAL_STREAM", "1:1"));
    assert!(!line.starts_with("WARN "), "{line}");
}

#[test]
fn a_pod_that_writes_quotes_and_line_ends_writes_one_line() {
    let node = reference_node();
    let args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=a\nERROR forged;K8S_POD_NAME=p\" pod=\"other";
    let line = warning(node.add().args(args));
    assert!(line.contains(r#"namespace="a\nERROR forged" pod="p\" pod=\"other""#), "{line}");
}
