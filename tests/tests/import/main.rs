//! `genie-host import multus`: what it makes of Multus' configurations as clusters have them (`import/` beside
//! this room), and what it says becomes of each key.

mod networks;
mod pods;
mod told;
mod whole;

use std::fs;

use boon::{Compiler, Draft, Schemas};
use genie_tests::{Answer, Node, programs};
use serde_json::{Value, json};

/// A file of `import/`.
fn fixture(name: &str) -> String {
    programs::root().join("tests/import").join(name).display().to_string()
}

fn import(node: &Node, arguments: &[&str]) -> Answer {
    node.genie_host(&[&["import", "multus"], arguments].concat())
}

/// Imports Multus' file as one document, and holds the configuration against what a node would put in force.
#[track_caller]
fn imported(arguments: &[&str], status: i32) -> Value {
    let node = node();
    let answer = import(&node, &[arguments, &["-o", "json"]].concat());
    assert_eq!(answer.status, Some(status), "{answer:?}");
    let told = answer.json();
    assert_eq!(told["complete"], json!(status == 0));
    let lost =
        told["keys"].as_array().unwrap().iter().any(|key| key["becomes"] == "cannot" || key["becomes"] == "unknown");
    assert_eq!(lost, status != 0, "{told:#}");
    assert_approved(&node, &told["configuration"]);
    assert_is_a_value_of_the_chart(&told["configuration"]);
    told
}

/// As helm holds the value `config` against the chart's schema.
#[track_caller]
fn assert_is_a_value_of_the_chart(configuration: &Value) {
    let values = fs::read_to_string(programs::root().join("deploy/chart/values.schema.json")).unwrap();
    let values: Value = serde_json::from_str(&values).unwrap();
    let mut schema = values["properties"]["config"].clone();
    schema["definitions"] = values["definitions"].clone();
    let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
    compiler.set_default_draft(Draft::V7);
    compiler.add_resource("genie:///config", schema).unwrap();
    let index = compiler.compile("genie:///config", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(configuration, index) {
        panic!("{error:#}\n{configuration:#}");
    }
}

/// The path of a default network.
const CALICO: &str = "/etc/cni/net.d/10-calico.conflist";

/// Imports a file of Multus that is piped in. Returns the exit status, and the document.
#[track_caller]
fn piped(multus: &Value, more: &[&str]) -> (i32, Value) {
    let arguments = [&["import", "multus", "-", "-o", "json"], more].concat();
    let answer = node().genie_host_reads(&arguments, &multus.to_string());
    (answer.status.expect("it ends by itself"), answer.json())
}

/// As the agent asks before it puts a configuration in force.
#[track_caller]
fn assert_approved(node: &Node, configuration: &Value) {
    let cache = node.dir().join("cache").display().to_string();
    let answer = node.genie_host_reads(&["approve", "--cache-dir", &cache], &format!("{configuration}\n"));
    assert_eq!((answer.status, &*answer.stdout), (Some(0), ""), "{answer:?}");
}

/// A node with a calico, a flannel and Multus.
fn node() -> Node {
    let node = Node::new();
    let list = |name: &str, kinds: &[&str]| {
        let plugins: Vec<_> = kinds.iter().map(|kind| json!({"type": kind})).collect();
        json!({"cniVersion": "1.0.0", "name": name, "plugins": plugins})
    };
    node.network("10-calico.conflist", &list("k8s-pod-network", &["calico", "portmap", "bandwidth"]));
    node.network("10-flannel.conflist", &list("cbr0", &["flannel", "portmap"]));
    node.network("00-multus.conf", &json!({"type": "multus", "name": "multus-cni-network"}));
    node
}

/// What becomes of a key, and how.
#[track_caller]
fn fate<'a>(told: &'a Value, key: &str) -> (&'a str, &'a str) {
    let keys = told["keys"].as_array().unwrap();
    let line = keys.iter().find(|line| line["key"] == key).unwrap_or_else(|| panic!("no {key}: {told:#}"));
    (line["becomes"].as_str().unwrap(), line["how"].as_str().unwrap())
}

/// The default networks.
fn networks(told: &Value) -> &Value {
    &told["configuration"]["selectors"][0]["settings"]["networks"]
}

/// The entry of `network-attachment`.
fn attachments(told: &Value) -> &Value {
    &told["configuration"]["selectors"][1]
}

/// The grants `definitions` of that entry.
fn definitions(told: &Value) -> Vec<&Value> {
    attachments(told)["grant"].as_array().unwrap().iter().filter_map(|grant| grant.get("definitions")).collect()
}
