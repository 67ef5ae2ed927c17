//! `genie-host test-selector` accepts what people have, reports everything that it leaves out, and
//! says what the node would do.

use std::fs;
use std::path::Path;

use genie_tests::fixture::chain::{entry, puppet, sha256, with};
use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node};
use serde_json::{Value, json};

const PLAN: Option<i32> = Some(0);
const USAGE: Option<i32> = Some(2);
const REFUSED: Option<i32> = Some(4);

fn write(node: &Node, file: &str, text: &str) -> String {
    let path = node.dir().join(file);
    fs::write(&path, text).unwrap();
    path.display().to_string()
}

/// Runs `test-selector` with the node's conf dir.
fn ask(node: &Node, more: &[&str]) -> Answer {
    let conf_dir = node.conf_dir().display().to_string();
    let mut arguments = vec!["test-selector", "--conf-dir", &conf_dir];
    arguments.extend(more);
    node.genie_host(&arguments)
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.stdout).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

fn pod(name: &str, cni: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "annotations": {"cni": cni}}})
}

/// All values in one file of several documents.
fn documents(all: &[Value]) -> String {
    all.iter().map(Value::to_string).collect::<Vec<_>>().join("\n---\n")
}

#[test]
fn every_pod_of_a_file_is_asked_for_and_what_is_none_is_named() {
    let node = reference_node();
    let service = json!({"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}});
    let all = [pod("one", "calico"), service.clone(), pod("two", "weave"), json!({"a": 1})];
    let file = write(&node, "pods.yaml", &documents(&all));
    let told = ask(&node, &["--chain", "--pod", &file]);
    assert_eq!(told.status, PLAN, "{told:?}");
    let parts =
        ["pod default/one gets 1 network", "10-calico.conflist", "pod default/two gets 1 network", "10-weave.conf"];
    says(&told.stdout, &parts);
    says(
        &told.stdout,
        &["Service web of the manifest is no pod", "a document without a kind of the manifest is no pod"],
    );
    let told = json_of(&ask(&node, &["--chain", "--pod", &file, "--output", "json"]));
    let names: Vec<_> = told.as_array().unwrap().iter().map(|one| one["pod"]["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["one", "two"]);

    // The exit status is that of the worst pod.
    let file = write(&node, "pods.yaml", &documents(&[pod("one", "nosuch"), pod("two", "weave")]));
    let told = ask(&node, &["--chain", "--pod", &file]);
    assert_eq!(told.status, REFUSED, "{told:?}");
    says(&told.stdout, &["pod default/one is refused", "pod default/two gets 1 network"]);

    let file = write(&node, "pods.yaml", &documents(&[service]));
    let told = ask(&node, &["--chain", "--pod", &file]);
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stderr, &["holds no pod", "it holds Service web"]);
}

#[test]
fn pods_come_from_the_standard_input_too() {
    let node = reference_node();
    let conf_dir = node.conf_dir().display().to_string();
    let arguments = ["test-selector", "--chain", "--conf-dir", &conf_dir, "--pod", "-"];
    let told = node.genie_host_reads(&arguments, &documents(&[pod("one", "calico"), pod("two", "weave")]));
    assert_eq!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &["pod default/one gets 1 network", "pod default/two gets 1 network"]);
    let told = node.genie_host_reads(&arguments, "");
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stderr, &["standard input", "holds no pod"]);
}

#[test]
fn a_workload_stands_for_the_pods_that_it_makes() {
    let node = reference_node();
    let curious = node.guest("curious").display().to_string();
    let template = json!({
        "metadata": {"labels": {"network": "weave"}, "annotations": {"cni": "weave"}},
        "spec": {"serviceAccountName": "robot"},
    });
    let object = |kind: &str, body: Value| {
        let mut object = body;
        object["kind"] = kind.into();
        object["metadata"] = json!({"name": "web", "namespace": "shop"});
        object.to_string()
    };
    let spec = |template: &Value| json!({"spec": {"template": template}});
    let kinds = ["Deployment", "StatefulSet", "DaemonSet", "ReplicaSet", "ReplicationController", "Job"];
    let mut workloads: Vec<_> = kinds.iter().map(|kind| (*kind, object(kind, spec(&template)))).collect();
    workloads.push(("CronJob", object("CronJob", json!({"spec": {"jobTemplate": spec(&template)}}))));
    workloads.push(("PodTemplate", object("PodTemplate", json!({"template": template}))));
    for (kind, manifest) in workloads {
        let file = write(&node, "workload.yaml", &manifest);
        let told = ask(&node, &["--chain", "--pod", &file]);
        assert_eq!(told.status, PLAN, "{told:?}");
        says(&told.stdout, &[&format!("a pod of {kind} shop/web gets 1 network"), "10-weave.conf"]);
        // The pod's labels are those of the template.
        let told = ask(&node, &[&curious, "--pod", &file]);
        assert_eq!(told.status, PLAN, "{told:?}");
        says(&told.stdout, &["weave", "labels"]);
        let told = json_of(&ask(&node, &["--chain", "--pod", &file, "--output", "json"]));
        assert_eq!(told["pod"], json!({"namespace": "shop", "name": "web", "workload": kind}));
    }
}

#[test]
fn what_kubectl_prints_is_read_by_everybody() {
    let node = reference_node();
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [pod("one", "calico"), pod("p", "weave")]});
    let file = write(&node, "pods.yaml", &list.to_string());
    let told = ask(&node, &["--chain", "--pod", &file]);
    assert_eq!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &["pod default/one gets 1 network", "pod default/p gets 1 network"]);

    // The node itself decides the same.
    let manifests = node.dir().join("manifests");
    fs::create_dir(&manifests).unwrap();
    fs::write(manifests.join("pods.yaml"), list.to_string()).unwrap();
    let call = node.add().key("pods", json!({"manifests": manifests}));
    call.args("K8S_POD_NAMESPACE=default;K8S_POD_NAME=p").run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);

    // Selectors ask for these objects of the cluster.
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "default"}});
    let list = json!({"apiVersion": "v1", "kind": "List", "items": [namespace]});
    fs::write(manifests.join("pods.yaml"), list.to_string()).unwrap();
    fs::write(manifests.join("notes.txt"), "a: [").unwrap();
    let asking = node.guest("asking").display().to_string();
    let settings =
        json!({"ask": [{"api-version": "v1", "kind": "Namespace", "name": "default"}], "networks": ["weave"]});
    let more = ["--settings", &settings.to_string(), "--objects", &manifests.display().to_string()].map(String::from);
    let grant = r#"{"cluster": ["v1/Namespace"]}"#;
    let arguments: Vec<_> = [asking.as_str(), "--pod", &file, "--grant", grant]
        .into_iter()
        .chain(more.iter().map(String::as_str))
        .collect();
    let told = ask(&node, &arguments);
    assert_eq!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &[r#"\"kind\":\"Namespace\""#, "notes.txt is not read"]);
}

#[test]
fn a_grant_says_kinds_and_namespaces() {
    let node = reference_node();
    let asking = node.guest("asking").display().to_string();
    let object = json!({"api-version": "v1", "kind": "Namespace", "name": "other"});
    let settings = json!({"ask": [object], "networks": ["weave"]}).to_string();
    let objects = node.dir().join("objects");
    fs::create_dir(&objects).unwrap();
    let file = write(&node, "pod.yaml", &pod("p", "").to_string());
    let with_grant = |grant: &str| {
        let objects = objects.display().to_string();
        ask(&node, &[&asking, "--settings", &settings, "--pod", &file, "--objects", &objects, "--grant", grant])
    };
    let told = with_grant(r#"{"cluster": {"kinds": ["v1/Namespace"], "namespaces": ["other"]}}"#);
    assert_eq!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &["Namespace (of the pod's own namespace and other)"]);
    let told = with_grant(r#"{"cluster": ["v1/Namespace"]}"#);
    assert_ne!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &["not granted"]);
}

#[test]
fn networks_of_every_ending_and_a_plugin_of_another_name_are_known() {
    let node = reference_node();
    node.network("05-json.json", &json!({"cniVersion": "0.4.0", "name": "of-json", "type": "bridge"}));
    let told = ask(&node, &["default-plugin"]);
    assert_eq!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &["05-json.json", "of-json"]);

    // With `--type` this file is ours: it is no network, and its chain is asked.
    let mut config = node.config();
    config.insert("type".into(), "net-chooser".into());
    config.insert("default_plugin".into(), "weave".into());
    node.network("00-genie.conf", &Value::Object(config));
    let told = ask(&node, &["--chain", "--type", "net-chooser"]);
    assert_eq!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &["10-weave.conf"]);
    assert!(!told.stdout.contains("warning"), "{}", told.stdout);
    let told = ask(&node, &["--chain"]);
    says(&told.stdout, &["holds no configuration of genie", "write --type net-chooser"]);
    let file = node.conf_dir().join("00-genie.conf").display().to_string();
    let told = ask(&node, &["--chain", "--config", &file]);
    assert_eq!(told.status, USAGE, "{told:?}");
    says(&told.stderr, &["no configuration of genie", "write --type net-chooser"]);
    assert_eq!(ask(&node, &["--chain", "--config", &file, "--type", "net-chooser"]).status, PLAN);
}

#[test]
fn a_module_that_was_built_anew_is_asked_as_its_entry_says_where_that_is_wanted() {
    let node = reference_node();
    let module = node.guest("puppet");
    let old = with(puppet(&module, json!({"act": "plan", "networks": ["weave"]})), "sha256", json!("0".repeat(64)));
    let node = node.with("selectors", json!([old]));
    let path = module.display().to_string();

    let told = ask(&node, &["--chain"]);
    assert_eq!(told.status, USAGE, "{told:?}");
    let told = ask(&node, &["--chain", "--any-digest"]);
    assert_eq!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &["warning: ", &sha256(&module), &"0".repeat(64), "a node would refuse it", "10-weave.conf"]);

    let told = ask(&node, &[&path, "--any-digest"]);
    assert_eq!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &["warning: ", "a node would refuse it", "10-weave.conf"]);
    // Without settings the puppet cannot act. What is not used is reported.
    let told = ask(&node, &[&path, "--settings", r#"{"act": "pass"}"#]);
    assert_eq!(told.status, Some(3), "{told:?}");
    says(&told.stdout, &["warning: ", "settings, grants and limits of that entry are not used", "--any-digest"]);
    // A module that is being developed is in another place.
    let elsewhere = node.dir().join("puppet.wasm");
    fs::copy(&module, &elsewhere).unwrap();
    let told = ask(&node, &[&elsewhere.display().to_string(), "--any-digest"]);
    assert_eq!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &["10-weave.conf"]);
}

#[test]
fn of_two_networks_with_one_name_the_file_that_is_meant_is_told() {
    let node = reference_node();
    node.network(
        "20-flannelsecond.conflist",
        &json!({"cniVersion": "0.3.1", "name": "cbr0", "plugins": [{"type": "ptp"}]}),
    );
    let file = write(&node, "pod.yaml", &pod("p", "flannelsecond").to_string());
    let told = json_of(&ask(&node, &["--chain", "--pod", &file, "--output", "json"]));
    assert_eq!(told["attachments"][0]["file"], "20-flannelsecond.conflist", "{told}");
    assert_eq!(told["attachments"][0]["plugins"], json!(["ptp"]));
}

/// A host's root directory with a selector from the ConfigMap, where the installation puts it.
fn host(node: &Node) -> String {
    let root = node.dir().join("host");
    let conf_dir = root.join("etc/cni/net.d");
    fs::create_dir_all(&conf_dir).unwrap();
    fs::copy(node.conf_dir().join("10-weave.conf"), conf_dir.join("10-weave.conf")).unwrap();
    let module = node.guest("puppet");
    let inside = Path::new("/var/lib/genie/selectors").join(sha256(&module)).join("puppet.wasm");
    let outside = root.join(inside.strip_prefix("/").unwrap());
    fs::create_dir_all(outside.parent().unwrap()).unwrap();
    fs::copy(&module, &outside).unwrap();
    let mut chain = puppet(&module, json!({"act": "plan", "networks": ["weave"]}));
    chain["module"] = json!(inside);
    let config = json!({"cniVersion": "1.0.0", "name": "g", "type": "genie", "selectors": [chain]});
    fs::write(conf_dir.join("00-genie.conf"), config.to_string()).unwrap();
    root.display().to_string()
}

#[test]
fn a_host_is_looked_at_from_the_agents_pod() {
    let node = reference_node();
    let root = host(&node);
    let told = node.genie_host_reads(
        &["test-selector", "--chain", "--host-root", &root, "--pod", "-"],
        &pod("p", "weave").to_string(),
    );
    assert_eq!(told.status, PLAN, "{told:?}");
    says(&told.stdout, &["pod default/p gets 1 network, decided by puppet.wasm", "10-weave.conf"]);
    assert!(!told.stdout.contains("/var/lib/genie/selectors"), "{}", told.stdout);
    // What the node lacks is reported, even if no directory was named.
    fs::remove_file(Path::new(&root).join("etc/cni/net.d/00-genie.conf")).unwrap();
    let told = node.genie_host(&["test-selector", "--chain", "--host-root", &root]);
    says(&told.stdout, &["/etc/cni/net.d holds no configuration of genie, so the default chain is asked"]);
}

#[test]
fn a_selector_is_called_by_its_files_name_unless_two_have_it() {
    let node = reference_node();
    let module = node.guest("puppet");
    let denied = json!({"act": "denied", "text": "not today"});
    let error = node.add().key("selectors", json!([puppet(&module, denied.clone())])).run().error_code(102);
    error.says(&["selector \"puppet.wasm\" denies: not today"]);
    assert!(!error.text().contains("/modules/"), "{error:?}");

    let other = node.dir().join("puppet.wasm");
    let mut bytes = fs::read(&module).unwrap();
    // The bytes are a custom section without a name: another module that does the same.
    bytes.extend([0, 1, 0]);
    fs::write(&other, bytes).unwrap();
    let chain = json!([puppet(&other, json!({"act": "pass"})), puppet(&module, denied)]);
    let error = node.add().key("selectors", chain).run().error_code(102);
    error.says(&[&format!("selector {:?} denies", module.display().to_string())]);
}

#[test]
fn who_merges_is_still_named_as_the_entry_is_written() {
    let node = reference_node();
    let (puppet_module, merging) = (node.guest("puppet"), node.guest("merging"));
    let merges = with(entry(&merging), "grant", json!([{"annotations": ["example.org/*"]}]));
    let decides = puppet(&puppet_module, json!({"act": "plan", "networks": ["weave"]}));
    let node = node.with("selectors", json!([decides, merges])).with("merge", json!(merging));
    assert_eq!(ask(&node, &["--chain"]).status, PLAN);
    node.add().run().ok();
    let node = node.with("merge", json!("merging.wasm"));
    node.add().container("c2").run().error_code(7).says(&["merge", "\"module\" of one of the \"selectors\""]);
}

#[test]
fn networks_that_nobody_reads_and_limits_of_a_pod_are_told() {
    const KEY: &str = "k8s.v1.cni.cncf.io/networks";
    let node = reference_node().with("selectors", json!([{"module": "annotation"}, {"module": "default-plugin"}]));
    let mut both = pod("both", "weave");
    both["metadata"]["annotations"][KEY] = json!("macvlan-a");
    let many = pod("many", "weave,weave,weave,weave,weave");
    let file = write(&node, "pods.yaml", &documents(&[both, many]));
    let told = ask(&node, &["--chain", "--pod", &file]);
    assert_eq!(told.status, REFUSED, "{told:?}");
    says(
        &told.stdout,
        &["warning: the annotation", KEY, "macvlan-a", "pod default/many is refused", "limits.same_network"],
    );
    let json = json_of(&ask(&node, &["--chain", "--pod", &file, "-o", "json"]));
    assert!(json[0]["warnings"][0].as_str().unwrap().contains(KEY), "{json}");
    assert_eq!((&json[1]["warnings"], &json[1]["error"]["code"]), (&json!([]), &json!(102)));
}
