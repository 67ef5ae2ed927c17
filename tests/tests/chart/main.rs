//! The chart's values. A value is refused when the chart is rendered, or a real API server and the
//! real programs accept the result.

mod node;
mod values;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use genie_core::config::unknown_keys;
use genie_host::approve;
use genie_tests::apiserver::ApiServer;
use genie_tests::documents::{first_column, quoted, table};
use genie_tests::helm::{helm, render};
use genie_tests::{guests, programs};
use serde_json::{Value, json};

use node::Node;
use values::{REFUSED, TAKEN};

const NAMESPACE: &str = "kube-system";

fn server() -> &'static ApiServer {
    static SERVER: OnceLock<ApiServer> = OnceLock::new();
    SERVER.get_or_init(ApiServer::start)
}

fn schema() -> Value {
    let text = fs::read_to_string(programs::root().join("deploy/chart/values.schema.json")).expect("the schema");
    serde_json::from_str(&text).expect("JSON")
}

/// The objects in helm's output. A repeated key makes it no YAML.
#[track_caller]
fn objects(rendered: &str) -> Vec<Value> {
    serde_saphyr::from_multiple(rendered).unwrap_or_else(|error| panic!("{error}:\n{rendered}"))
}

/// The containers of the DaemonSet by their names.
#[track_caller]
fn containers(objects: &[Value]) -> BTreeMap<&str, &Value> {
    let daemon_set = objects.iter().find(|object| object["kind"] == "DaemonSet").expect("a DaemonSet");
    let spec = &daemon_set["spec"]["template"]["spec"];
    let all = ["initContainers", "containers"].iter().flat_map(|list| spec[list].as_array().expect("containers"));
    all.map(|container| (container["name"].as_str().expect("a name"), container)).collect()
}

/// Checks that the programs accept their arguments and put the configuration in force.
#[track_caller]
fn assert_in_force(values: &str, rendered: &str, installed: &mut BTreeSet<String>) {
    let objects = objects(rendered);
    let containers = containers(&objects);
    node::assert_understood(values, containers["agent"]);
    let config_map = objects.iter().find(|object| object["kind"] == "ConfigMap");
    // An installation takes a second, and most values do not affect it.
    if installed.insert(format!("{:?} {}", config_map, containers["install"]["args"])) {
        Node::new(containers["install"], config_map).assert_installed(values);
    }
}

#[test]
fn a_wrong_value_is_refused_when_the_chart_is_rendered() {
    for (values, says) in REFUSED {
        match render(NAMESPACE, values) {
            Ok(_) => panic!("{values} is rendered"),
            Err(said) => assert!(said.contains(says), "{values}: {said}"),
        }
    }
}

/// The values that are accepted, each with helm's output.
fn taken() -> impl Iterator<Item = (&'static str, String)> {
    TAKEN.iter().map(|(values, shows)| {
        let rendered = render(NAMESPACE, values).unwrap_or_else(|said| panic!("{values}: {said}"));
        assert!(rendered.contains(shows), "{values}: no {shows:?} in {rendered}");
        (*values, rendered)
    })
}

#[test]
fn what_is_rendered_is_taken_by_an_api_server_in_its_strictest_reading() {
    for (values, rendered) in taken() {
        server().would_take(&rendered).unwrap_or_else(|said| panic!("{values}: {said}"));
    }
    let unknown = render(NAMESPACE, "{}").expect("the defaults").replace("hostNetwork:", "hostsNetwork:");
    assert!(server().would_take(&unknown).is_err(), "an unknown field is taken");
}

#[test]
fn what_is_rendered_is_put_in_force_by_the_installer_and_read_by_the_agent() {
    let mut installed = BTreeSet::new();
    for (values, rendered) in taken() {
        assert_in_force(values, &rendered, &mut installed);
    }
    assert!(installed.len() > 15, "{installed:?}");
}

#[test]
fn a_selector_of_ones_own_installs_as_base64_in_lines_or_in_one() {
    let lines = Command::new("base64").arg(guests::module("puppet")).stderr(Stdio::inherit()).output();
    let lines = String::from_utf8(lines.expect("base64 is there").stdout).expect("it prints text");
    assert!(lines.lines().count() > 1);
    for base64 in [lines.replace('\n', ""), lines] {
        let values = json!({"selectors": {"tenant.wasm": base64},
            "config": {"selectors": [{"module": "tenant.wasm", "settings": {"act": "pass"}}, {"module": "default-plugin"}]}});
        let rendered = render(NAMESPACE, &values.to_string()).unwrap_or_else(|said| panic!("{said}"));
        server().would_take(&rendered).unwrap_or_else(|said| panic!("{said}"));
        assert_in_force("tenant.wasm", &rendered, &mut BTreeSet::new());
    }
}

#[test]
fn more_than_a_config_map_holds_is_refused_when_the_chart_is_rendered() {
    // The text is "\0asm" and zeros in base64.
    let module = format!("AGFzbQAA{}", "A".repeat((1 << 20) / 3 * 4));
    let said =
        render(NAMESPACE, &json!({"selectors": {"large.wasm": module}}).to_string()).expect_err("1 MiB and more");
    assert!(said.contains("a ConfigMap holds 1 MiB"), "{said}");
}

#[test]
fn a_chart_without_a_namespace_installs_where_kubectl_is() {
    let output = helm(&["template", "genie", "chart", "--kube-version", "1.34.0"], "");
    let rendered = String::from_utf8(output.stdout).expect("helm prints text");
    assert!(output.status.success() && rendered.contains("system:serviceaccount:default:genie"), "{rendered}");
    server().would_take(&rendered).unwrap_or_else(|said| panic!("{said}"));
}

#[test]
fn the_schema_takes_the_keys_that_are_documented_and_the_plugin_knows_them_all() {
    const HEADINGS: [&str; 2] = ["## Keys of every CNI configuration", "## Keys of genie-host"];
    let schema = schema();
    let known = schema["properties"]["config"]["properties"].as_object().expect("the keys of config");
    for key in HEADINGS.iter().flat_map(|heading| first_column("docs/configuration.md", heading)) {
        assert!(known.contains_key(&key), "config.{key} is documented, and the chart's schema refuses it");
    }
    assert_eq!(unknown_keys(known), [""; 0], "the schema takes what the plugin ignores");
    assert!(approve::read(&node::by_hand()).is_ok());
}

#[test]
fn every_value_is_documented_and_what_is_documented_is_a_value() {
    let documented = first_column("docs/deployment.md", "### Values of the chart");
    let mut top = BTreeSet::new();
    let mut last = String::new();
    for name in documented {
        // A row names `image.repository` and then only `.tag`.
        let name = if name.starts_with('.') { format!("{last}{name}") } else { name };
        last = name.split('.').next().unwrap_or_default().to_owned();
        let mut at = &schema()["properties"];
        for part in name.split('.') {
            let inner = if at[part]["properties"].is_object() { &at[part]["properties"] } else { &at[part] };
            assert!(!inner.is_null(), "{name} is documented and is no value of the chart");
            at = inner;
        }
        top.insert(last.clone());
    }
    let values = fs::read_to_string(programs::root().join("deploy/chart/values.yaml")).expect("values.yaml");
    let values: Value = serde_saphyr::from_str(&values).expect("YAML");
    for value in values.as_object().expect("values").keys() {
        assert!(top.contains(value), "{value} is a value of the chart and not documented");
        assert!(!schema()["properties"][value].is_null(), "the schema does not know {value}");
    }
}

#[test]
fn the_rights_that_are_documented_are_those_that_are_given() {
    const VERBS: [&str; 8] = ["get", "list", "watch", "create", "update", "patch", "delete", "deletecollection"];
    let mut documented = BTreeSet::new();
    for row in table("docs/deployment.md", "## What it may do") {
        let resources = row[0].replace("its own DaemonSet", "daemonsets");
        for resource in resources.split(", ") {
            let verbs = row[1].split([' ', ',']).filter(|word| VERBS.contains(word));
            documented.extend(verbs.map(|verb| format!("{verb} {resource}")));
        }
    }
    let mut given = BTreeSet::new();
    let manifests = fs::read_to_string(programs::root().join("deploy/genie.yaml")).expect("deploy/genie.yaml");
    let objects = objects(&manifests);
    let rules = objects.iter().filter_map(|object| object["rules"].as_array()).flatten();
    for rule in rules {
        for resource in rule["resources"].as_array().expect("resources") {
            let verbs = rule["verbs"].as_array().expect("verbs").iter();
            given.extend(verbs.map(|verb| format!("{} {}", verb.as_str().unwrap(), resource.as_str().unwrap())));
        }
    }
    assert_eq!(documented, given);
}

#[test]
fn the_directories_of_a_platform_are_those_that_are_documented() {
    for row in table("docs/deployment.md", "### Other directories") {
        let directories: Vec<_> = row[1..3].iter().flat_map(|cell| quoted(cell)).collect();
        for platform in quoted(&row[0]) {
            let rendered = render(NAMESPACE, &format!("platform: {platform}")).unwrap_or_else(|said| panic!("{said}"));
            for (option, directory) in ["conf", "bin"].iter().zip(&directories) {
                let argument = format!("- --{option}-dir={directory}\n");
                assert_eq!(rendered.matches(&argument).count(), 2, "{platform}: {rendered}");
            }
        }
    }
}

#[test]
fn the_charts_directories_are_those_of_the_programs() {
    let rendered = render(NAMESPACE, "{}").expect("the defaults");
    let objects = objects(&rendered);
    let arguments = containers(&objects)["install"]["args"].to_string();
    for (option, usual) in [
        ("conf", genie_core::config::CONF_DIR),
        ("bin", genie_host::install::BIN_DIR),
        ("state", genie_core::config::STATE_DIR),
        ("cache", genie_core::config::CACHE_DIR),
    ] {
        assert!(arguments.contains(&format!("--{option}-dir={usual}\"")), "{arguments}");
    }
}
