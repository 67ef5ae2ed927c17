//! What commands print as JSON fits the published schemas (docs/schema), and the schema of cases is
//! the one that cases are read by.

use std::fs;

use boon::{Compiler, Schemas};
use genie_host::suite::schema::{self, Part};
use genie_tests::documents::read;
use genie_tests::fixture::chain::{entry, with};
use genie_tests::fixture::reference_node;
use genie_tests::{Node, Script, Verb, programs};
use serde_json::{Value, json};

fn published(name: &str) -> Value {
    let file = programs::root().join("docs/schema").join(name).with_extension("json");
    serde_json::from_str(&fs::read_to_string(file).unwrap()).unwrap()
}

/// A schema that knows no members but its own. To those who read the documents, more may come.
fn strict(schema: &mut Value) {
    if let Some(members) = schema.as_object_mut() {
        let is_whole = members.contains_key("properties") && members.contains_key("required");
        // A question and its answer are two schemas for one object.
        let is_alone = !members.contains_key("allOf") && members.get("required") != Some(&json!(["fact"]));
        if is_whole && is_alone {
            members.insert("additionalProperties".into(), false.into());
        }
        members.values_mut().for_each(strict);
    } else if let Some(items) = schema.as_array_mut() {
        items.iter_mut().for_each(strict);
    }
}

/// Holds a document against its schema.
#[track_caller]
fn assert_fits(document: &Value, name: &str) {
    let mut schema = published(name);
    assert_eq!(schema["$id"], format!("genie-host/{name}/v1"));
    let one = document.get(0).unwrap_or(document);
    assert_eq!(one["schema"], schema["$id"], "{document:#}");
    schema.as_object_mut().unwrap().remove("$id");
    strict(&mut schema);
    let mut schemas = Schemas::new();
    let mut compiler = Compiler::new();
    compiler.add_resource("genie:///schema", schema).unwrap();
    let index = compiler.compile("genie:///schema", &mut schemas).unwrap();
    if let Err(error) = schemas.validate(document, index) {
        panic!("{error:#}\n{document:#}");
    }
}

/// A node whose pod `web` has labels, and a module that asks for them.
fn node() -> Node {
    let node = reference_node();
    let curious = with(entry(&node.guest("curious")), "grant", json!(["pod", "node"]));
    let manifests = node.dir().join("pods");
    fs::create_dir(&manifests).unwrap();
    let metadata = json!({"name": "web", "labels": {"network": "weave"}, "annotations": {"cni": "calico,weave@eth5"}});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": metadata});
    fs::write(manifests.join("web.json"), pod.to_string()).unwrap();
    let chain = json!([curious, {"module": "annotation"}, {"module": "default-plugin"}]);
    let node = node.with("selectors", chain).with("pods", json!({"manifests": manifests}));
    node.network("00-genie.conf", &Value::Object(node.config()));
    node
}

#[test]
fn decisions_fit_their_schema() {
    let node = node();
    let conf_dir = node.conf_dir().display().to_string();
    let pod = node.dir().join("pods/web.json").display().to_string();
    let ask = |more: &[&str]| {
        let mut arguments = vec!["test-selector", "-o", "json", "--conf-dir", &conf_dir];
        arguments.extend(more);
        node.genie_host(&arguments).json()
    };
    let decided = ask(&["--chain", "--pod", &pod, "--show-config"]);
    assert_eq!(decided["trace"][0]["asked"][1]["answer"], json!([["network", "weave"]]));
    assert_fits(&decided, "decision");
    let puppet = node.guest("puppet").display().to_string();
    for act in ["pass", "denied", "invalid", "unavailable", "internal", "panic", "loop", "chatter"] {
        assert_fits(&ask(&[&puppet, "--settings", &json!({"act": act}).to_string()]), "decision");
    }
    let plan = json!({"act": "plan", "networks": ["weave", "calico"], "routes": ["never", "keep"]}).to_string();
    assert_fits(&ask(&[&puppet, "--settings", &plan, "--grant", "default-route"]), "decision");
    let two = node.dir().join("two.yaml");
    fs::write(&two, "kind: Pod\nmetadata: {name: a}\n---\nkind: Pod\nmetadata: {name: b}\n").unwrap();
    let told = ask(&["--chain", "--pod", &two.display().to_string()]);
    assert_eq!(told.as_array().map(Vec::len), Some(2));
    assert_fits(&told, "decision");
}

#[test]
fn records_fit_their_schema() {
    let node = node();
    for container in ["c1", "c2"] {
        node.add().container(container).args("K8S_POD_NAMESPACE=default;K8S_POD_NAME=web").run().ok();
    }
    let state = node.state_dir().display().to_string();
    let told = node.genie_host(&["records", "-o", "json", "--state-dir", &state]).json();
    assert_eq!(told["records"].as_array().map(Vec::len), Some(2), "{told:#}");
    assert_eq!(told["records"][0]["decision"]["trace"][0]["asked"][1]["fact"], "labels");
    assert_fits(&told, "records");
}

#[test]
fn explanations_and_replays_fit_their_schemas() {
    let node = node();
    fs::create_dir_all(node.state_dir().join("spool")).unwrap();
    let pod = "K8S_POD_NAMESPACE=default;K8S_POD_NAME=web";
    node.add().container("c1").args(pod).run().ok();
    node.script("weave-net", Verb::Add, Script::new().exit(1));
    node.add().container("c2").args(pod).run().error();
    let state = node.state_dir().display().to_string();
    let told = node.genie_host(&["explain", "web", "--state-dir", &state, "-o", "json", "--why-not", "flannel"]).json();
    let accounts = told["accounts"].as_array().unwrap();
    let of = |outcome: &str| accounts.iter().find(|account| account["outcome"] == outcome).unwrap();
    assert_eq!(of("refused")["tried"][0]["network"], "weave", "{told:#}");
    assert_eq!(of("attached")["attachments"][0]["state"], "attached", "{told:#}");
    assert_fits(&told, "explanation");

    let replay = ["replay", "annotation", "--state-dir", &state, "-o", "json"];
    let told = node.genie_host(&replay).json();
    assert_eq!((&told["different"], &told["unsaid"]), (&json!(2), &json!(0)), "{told:#}");
    assert_fits(&told, "replay");
}

#[test]
fn modules_nodes_and_suites_fit_their_schemas() {
    let node = node();
    for module in ["annotation".to_owned(), node.guest("merging").display().to_string()] {
        assert_fits(&node.genie_host(&["inspect", &module, "-o", "json"]).json(), "module");
    }
    let conf_dir = node.conf_dir().display().to_string();
    assert_fits(&node.genie_host(&["doctor", "--conf-dir", &conf_dir, "-o", "json"]).json(), "doctor");

    let multus = programs::root().join("tests/import/by-hand.conf").display().to_string();
    let told = node.genie_host(&["import", "multus", &multus, "--flags", "--rename-conf-file", "-o", "json"]).json();
    assert!(told["files"].as_array().is_some_and(|files| !files.is_empty()), "{told:#}");
    assert_fits(&told, "import");

    let cases = json!({"defaults": {"confDir": conf_dir, "module": node.guest("curious"), "grant": ["pod", "node"]}, "cases": [
        {"name": "missing", "expect": {"plan": ["weave"]}},
        {"name": "wrong", "settings": 1, "expect": {"plan": ["weave"]}},
        {"name": "right", "expect": {"plan": ["weave"]},
         "facts": {"pod": {"labels": {"network": "weave"}}, "traffic": {"lo": {"rxBytes": 0, "txBytes": 0}}}},
    ]});
    let file = node.dir().join("cases.json");
    fs::write(&file, cases.to_string()).unwrap();
    let told = node.genie_host(&["test", &file.display().to_string(), "-o", "json"]).json();
    assert_eq!(told["cases"][0]["missing"][0]["fact"], "traffic", "{told:#}");
    assert_fits(&told, "suites");
}

/// Every member of the schema, and of nothing else, is read.
#[test]
fn the_schema_of_cases_has_what_the_reader_reads() {
    let schema = published("case");
    assert_eq!(serde_json::from_str::<Value>(schema::TEXT).unwrap(), schema);
    let keys = |part: &str| {
        let members = schema.pointer(&format!("/$defs/{part}/properties")).and_then(Value::as_object);
        members.unwrap().keys().filter(|key| *key != "$schema").cloned().collect::<Vec<_>>()
    };
    // The reader's message names all that it knows.
    let known = |value: Value| {
        let error = serde_json::from_value::<genie_host::suite::Case>(value).unwrap_err().to_string();
        let mut known: Vec<_> = error.split('`').skip(3).step_by(2).map(ToOwned::to_owned).collect();
        known.sort();
        known
    };
    assert_eq!(known(json!({"?": 1})), keys("case"));
    assert_eq!(known(json!({"expect": {"?": 1}})), keys("expect"));
    assert_eq!(known(json!({"facts": {"?": 1}})), keys("facts"));
    assert_eq!(known(json!({"facts": {"pod": {"?": 1}}})), keys("facts/properties/pod"));
    assert_eq!(known(json!({"expect": {"refusal": {"?": 1}}})), keys("expect/properties/refusal"));
    let shared: Vec<_> = keys("case").into_iter().filter(|key| !["name", "expect"].contains(&key.as_str())).collect();
    assert_eq!(shared, keys("defaults"));
}

#[test]
fn the_cases_that_the_documents_show_are_some() {
    let document = read("docs/testing.md");
    let mut shown = 0;
    for block in document.split("```yaml\n").skip(1) {
        let block = block.split("```").next().unwrap();
        let value: Value = serde_saphyr::from_str(block).unwrap_or_else(|error| panic!("{error}: {block}"));
        let (part, values) = match value.get("cases") {
            Some(cases) => (Part::Case, cases.as_array().unwrap().clone()),
            None => (Part::Defaults, vec![value]),
        };
        for value in &values {
            assert_eq!(schema::mistakes(part, value, "it"), [""; 0]);
        }
        shown += values.len();
    }
    assert_eq!(shown, 3);
}
