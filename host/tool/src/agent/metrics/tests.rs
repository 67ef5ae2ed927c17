//! How many series there are and when, and that their text is what Prometheus accepts.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use tempfile::TempDir;

use super::*;
use crate::install::Layout;
use genie_core::agent_api::protocol::{NetworkTime, Part, SelectorRun};

/// A node with these networks.
struct Node {
    dir: TempDir,
    metrics: Metrics,
    networks: Networks,
    files: Files,
}

impl Node {
    fn with(networks: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let layout = Layout {
            host_root: dir.path().into(),
            bin_dir: "/bin".into(),
            conf_dir: "/net.d".into(),
            state_dir: "/state".into(),
            cache_dir: "/cache".into(),
        };
        std::fs::create_dir(dir.path().join("net.d")).unwrap();
        let files = Files::new(&layout);
        let node = Self { dir, metrics: Metrics::new(), networks: Networks::new(layout), files };
        for network in networks {
            node.install(network);
        }
        node
    }

    fn install(&self, network: &str) {
        let list =
            json!({"cniVersion": "1.0.0", "name": network, "plugins": [{"type": "bridge"}, {"type": "portmap"}]});
        std::fs::write(self.dir.path().join(format!("net.d/10-{network}.conflist")), list.to_string()).unwrap();
    }

    fn called(&self, report: &CallReport) {
        self.metrics.called(report, &self.networks);
    }

    fn text(&self) -> String {
        self.metrics.text(&Pods::default(), &Definitions::default(), &self.files, true)
    }

    /// The samples, without comments.
    fn series(&self) -> Vec<String> {
        self.text().lines().filter(|line| !line.starts_with('#')).map(ToOwned::to_owned).collect()
    }

    #[track_caller]
    fn says(&self, sample: &str) {
        assert!(self.series().iter().any(|series| series == sample), "{sample} is not in\n{}", self.text());
    }
}

fn network(name: &str, failed: bool) -> NetworkTime {
    NetworkTime { network: name.into(), plugin: "bridge".into(), interface: "eth0".into(), micros: 1000, failed }
}

fn selector(name: &str, outcome: &str) -> SelectorRun {
    SelectorRun { name: name.into(), outcome: outcome.into(), fuel: 700, micros: 20 }
}

fn report(verb: &str, code: Option<u32>, networks: Vec<NetworkTime>) -> CallReport {
    CallReport { verb: verb.into(), code, micros: 1500, networks, ..CallReport::default() }
}

/// Everything that a node with two networks reports in a long life.
fn a_long_life(node: &Node) {
    let part = |name: &str| serde_json::from_value::<Part>(json!(name)).expect("a part");
    let parts = |names: &str| names.split(' ').map(|name| (part(name), 100)).collect::<Vec<_>>();
    for (verb, parts) in [
        ("ADD", parts("configuration facts select load prepare record delegate merge sync finish undo answer")),
        ("DEL", parts("record delegate answer")),
        ("CHECK", parts("answer")),
        ("GC", parts("answer")),
        ("STATUS", parts("answer")),
    ] {
        for code in (0..200).map(Some).chain([None]) {
            for failed in [false, true] {
                let networks = if verb.len() == 3 { vec![network("a", failed), network("b", failed)] } else { vec![] };
                let selectors = ["annotation", "default-plugin"].map(|name| selector(name, "plan")).to_vec();
                node.called(&CallReport { parts: parts.clone(), selectors, ..report(verb, code, networks) });
            }
        }
    }
    node.called(&CallReport { selectors: vec![selector("annotation", "pass")], ..report("ADD", None, Vec::new()) });
    node.metrics.shadowed("annotation", Difference::Plan);
}

#[test]
fn a_node_with_two_networks_has_less_than_150_series() {
    let node = Node::with(&["a", "b"]);
    a_long_life(&node);
    let series = node.series();
    assert!(series.len() < 150, "{} series:\n{}", series.len(), series.join("\n"));
}

#[test]
fn names_that_pods_bring_along_are_no_labels() {
    let node = Node::with(&["a"]);
    let before = node.series().len();
    for index in 0..5000 {
        let inline = NetworkTime { plugin: format!("plugin{index}"), ..network(&format!("inline{index}"), false) };
        let of_selector = SelectorRun { outcome: format!("outcome{index}"), ..selector(&format!("s{index}"), "") };
        let parts = vec![(serde_json::from_value(json!(format!("part{index}"))).expect("any name"), 10)];
        node.called(&CallReport {
            parts,
            selectors: vec![of_selector],
            ..report(&format!("VERB{index}"), None, vec![inline, network("a", false)])
        });
    }
    node.says(r#"genie_delegate_runs_total{verb="other",network="other",plugin="other",outcome="ok"} 5000"#);
    node.says(r#"genie_delegate_runs_total{verb="other",network="a",plugin="bridge",outcome="ok"} 5000"#);
    assert!(node.series().len() < before + 120, "{} series", node.series().len());
    assert!(node.text().len() < 40_000);
}

#[test]
fn a_network_that_is_installed_later_is_known() {
    let node = Node::with(&["a"]);
    node.called(&report("ADD", None, vec![network("b", false)]));
    node.says(r#"genie_delegate_runs_total{verb="ADD",network="other",plugin="other",outcome="ok"} 1"#);
    node.install("b");
    node.called(&report("ADD", None, vec![network("b", false)]));
    node.says(r#"genie_delegate_runs_total{verb="ADD",network="b",plugin="bridge",outcome="ok"} 1"#);
    // The networks of another conf dir count where the configuration names one.
    let elsewhere = Node::with(&["a"]);
    std::fs::write(elsewhere.dir.path().join("net.d/00-genie.conf"), json!({"conf_dir": "/other.d"}).to_string())
        .unwrap();
    std::fs::rename(elsewhere.dir.path().join("net.d/10-a.conflist"), elsewhere.dir.path().join("a")).unwrap();
    std::fs::create_dir(elsewhere.dir.path().join("other.d")).unwrap();
    std::fs::rename(elsewhere.dir.path().join("a"), elsewhere.dir.path().join("other.d/10-a.conflist")).unwrap();
    elsewhere.called(&report("DEL", None, vec![network("a", true)]));
    elsewhere.says(r#"genie_delegate_runs_total{verb="DEL",network="a",plugin="bridge",outcome="failed"} 1"#);
}

#[test]
fn an_outcome_is_ours_by_name_or_a_networks() {
    let node = Node::with(&["a"]);
    for (code, networks) in [(101, vec![]), (7, vec![]), (7, vec![network("a", true)]), (4711, vec![])] {
        node.called(&report("ADD", Some(code), networks));
    }
    node.called(&report("CHECK", Some(7), Vec::new()));
    for sample in [
        r#"genie_calls_total{verb="ADD",outcome="refused"} 1"#,
        r#"genie_calls_total{verb="ADD",outcome="configuration"} 1"#,
        r#"genie_calls_total{verb="ADD",outcome="network"} 1"#,
        r#"genie_calls_total{verb="ADD",outcome="other"} 1"#,
        r#"genie_calls_total{verb="ADD",outcome="ok"} 0"#,
        r#"genie_calls_total{verb="CHECK",outcome="failed"} 1"#,
        r#"genie_call_seconds_count{verb="ADD"} 4"#,
    ] {
        node.says(sample);
    }
}

#[test]
fn parts_and_selectors_are_sums() {
    let node = Node::with(&["a"]);
    let parts = vec![(Part::Delegate, 2000)];
    let selectors = vec![selector("annotation", "plan")];
    for _ in 0..2 {
        let networks = vec![network("a", false)];
        node.called(&CallReport {
            parts: parts.clone(),
            selectors: selectors.clone(),
            ..report("ADD", None, networks)
        });
    }
    for sample in [
        r#"genie_parts_total{verb="ADD",part="delegate"} 2"#,
        r#"genie_part_seconds_total{verb="ADD",part="delegate"} 0.004"#,
        r#"genie_delegate_seconds_total{verb="ADD",network="a",plugin="bridge"} 0.002"#,
        r#"genie_selector_runs_total{selector="annotation",outcome="plan"} 2"#,
        r#"genie_selector_fuel_total{selector="annotation"} 1400"#,
        r#"genie_selector_seconds_total{selector="annotation"} 0.00004"#,
    ] {
        node.says(sample);
    }
}

#[test]
fn what_is_on_the_disk_and_what_waits_is_what_the_numbers_say() {
    let node = Node::with(&[]);
    for of in files::KINDS {
        node.says(&format!("genie_files{{of=\"{of}\"}} 0"));
    }
    let state = node.dir.path().join("state");
    for file in ["records/c@eth0.json", "spool/u.json", "spool/v.json", "damaged/x", "locks/c", "new/y"] {
        let file = state.join(file);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, "").unwrap();
    }
    let node = Node { files: Files::new(&layout_of(&node)), ..node };
    node.says("genie_files{of=\"records\"} 1");
    node.says("genie_files{of=\"refusals\"} 2");
    node.says("genie_files{of=\"damaged\"} 1");

    let round = |published, waiting, dropped| Round { published, dropped, waiting, ..Round::default() };
    node.metrics.published(&Published { annotations: round(3, 2, 0), events: round(0, 1, 4) });
    node.metrics.published(&Published { annotations: round(2, 0, 0), events: round(1, 1, 0) });
    for sample in [
        "genie_published_total{of=\"annotations\"} 5",
        "genie_published_total{of=\"events\"} 1",
        "genie_waiting{of=\"annotations\"} 0",
        "genie_waiting{of=\"events\"} 1",
        "genie_dropped_total{of=\"annotations\"} 0",
        "genie_dropped_total{of=\"events\"} 4",
    ] {
        node.says(sample);
    }
}

fn layout_of(node: &Node) -> Layout {
    Layout {
        host_root: node.dir.path().into(),
        bin_dir: "/bin".into(),
        conf_dir: "/net.d".into(),
        state_dir: "/state".into(),
        cache_dir: "/cache".into(),
    }
}

/// An alert sees an increase only if the series was there before it.
#[test]
fn what_the_documented_alerts_look_at_is_there_from_the_start() {
    let (text, documents) = (Node::with(&[]).text(), include_str!("../../../../../docs/deployment.md"));
    let alerts = documents.split("### Alerts").nth(1).and_then(|rest| rest.split("\n#").next()).unwrap();
    let expressions: Vec<_> = alerts.split('`').skip(1).step_by(2).filter(|code| code.contains("genie_")).collect();
    assert!(expressions.len() >= 5, "{alerts}");
    for expression in expressions {
        let start = expression.find("genie_").unwrap();
        let selector: String =
            expression[start..].chars().take_while(|c| c.is_ascii_alphanumeric() || "_{}=!\",".contains(*c)).collect();
        let (name, labels) = selector.split_once('{').unwrap_or((&selector, ""));
        let labels: Vec<_> = labels.trim_end_matches('}').split(',').filter(|label| !label.contains("!=")).collect();
        let series = text.lines().filter(|line| line.split(['{', ' ']).next() == Some(name));
        let meant: Vec<_> = series.filter(|line| labels.iter().all(|label| line.contains(label))).collect();
        assert!(!meant.is_empty(), "{expression}: nothing in\n{text}");
    }
    // There is a series for every way in which a DEL can end, so that the first failure is an
    // increase.
    let dels = text.lines().filter(|line| line.starts_with("genie_calls_total{verb=\"DEL\""));
    assert!(dels.clone().count() > 5 && dels.clone().all(|line| line.ends_with(" 0")), "{text}");
}

#[test]
fn the_documentation_names_every_metric_and_no_other() {
    let documents = include_str!("../../../../../docs/deployment.md");
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let named: BTreeSet<&str> = documents
        .split(|c| !is_name(c))
        .filter(|word| word.starts_with("genie_") && !["genie_host"].contains(word))
        .collect();
    let node = Node::with(&["a"]);
    a_long_life(&node);
    let text = classic(&node.text());
    let there: BTreeSet<&str> =
        text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split(' ').next()).collect();
    assert_eq!(named, there);
}

/// The mistakes that `promtool check metrics` would report.
fn faults(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let (mut help, mut types) = (BTreeMap::new(), BTreeMap::new());
    let mut samples = BTreeSet::new();
    for line in text.lines() {
        let words: Vec<_> = line.splitn(4, ' ').collect();
        match words[..] {
            ["#", "HELP", name, text] => {
                if help.insert(name, text).is_some() || text.is_empty() {
                    found.push(format!("{name}: help"));
                }
            }
            ["#", "TYPE", name, kind] => {
                if types.insert(name, kind).is_some() || !["counter", "gauge", "histogram"].contains(&kind) {
                    found.push(format!("{name}: type {kind}"));
                }
            }
            ["#", ..] => found.push(format!("no comment of this format: {line}")),
            _ => {
                let (series, value) = line.rsplit_once(' ').unwrap();
                if !samples.insert(series) || value.parse::<f64>().is_err() {
                    found.push(format!("twice, or no number: {line}"));
                }
            }
        }
    }
    for series in samples {
        let name = series.split('{').next().unwrap();
        let family = ["_bucket", "_sum", "_count"]
            .iter()
            .filter_map(|ending| name.strip_suffix(ending))
            .find(|family| types.get(family) == Some(&"histogram"))
            .unwrap_or(name);
        let Some(kind) = types.get(family) else {
            found.push(format!("{name}: no type"));
            continue;
        };
        if !help.contains_key(family) {
            found.push(format!("{name}: no help"));
        }
        if (*kind == "counter") != family.ends_with("_total") {
            found.push(format!("{name}: a counter ends in _total, and nothing else does"));
        }
        if family.split('_').any(|word| {
            ["counter", "gauge", "histogram", "summary", "ms", "us", "sec", "s", "kb", "mb"].contains(&word)
        }) {
            found.push(format!("{name}: its type, or an abbreviated unit, is in its name"));
        }
        if family.contains(|c: char| !c.is_ascii_lowercase() && !c.is_ascii_digit() && c != '_') {
            found.push(format!("{name}: not in lower case"));
        }
        if *kind != "histogram" && series.contains("le=\"") {
            found.push(format!("{series}: le is for histograms"));
        }
    }
    found
}

#[test]
fn the_text_is_as_promtool_wants_it() {
    let node = Node::with(&["a", "b"]);
    assert_eq!(faults(&classic(&node.text())), [""; 0]);
    a_long_life(&node);
    let text = classic(&node.text());
    assert_eq!(faults(&text), [""; 0], "{text}");
    assert!(text.contains("# TYPE genie_calls_total counter\n") && text.contains("# TYPE genie_build_info gauge\n"));
    // The OpenMetrics text, too, as Prometheus' parser wants it.
    let open = node.text();
    assert!(open.ends_with("# EOF\n") && open.contains("# TYPE genie_calls counter\n"), "{open}");
}
