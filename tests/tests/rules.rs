//! The built-in selector `rules` through the programs: as a whole chain decides, and as `docs/rules.md`
//! shows it. What each condition and action means is tested beside its code.

use std::fs;

use genie_tests::fixture::chain::{entry, makers, with};
use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node, documents};
use serde_json::{Value, json};

const PLAN: Option<i32> = Some(0);
const USAGE: Option<i32> = Some(2);
const REFUSED: Option<i32> = Some(4);
const FAILED: Option<i32> = Some(1);

/// The largest module without a JSON parser, in bytes.
const SMALL: u64 = 100_000;

fn rules(rules: &Value) -> Value {
    json!({"module": "rules", "settings": {"rules": rules}})
}

/// A pod of the namespace `shop`, and the objects that rules may ask for.
fn objects(pod: &Value, namespace: &Value) -> String {
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": pod, "spec": {"serviceAccountName": "backup"}});
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": namespace}});
    json!({"apiVersion": "v1", "kind": "List", "items": [pod, namespace]}).to_string()
}

fn web(cni: Option<&str>) -> Value {
    let annotations = cni.map_or(json!({}), |cni| json!({"cni": cni}));
    json!({"name": "web", "namespace": "shop", "annotations": annotations, "labels": {"app": "web"}})
}

/// Asks a chain for the pod, and returns what is printed as JSON.
fn ask(node: &Node, selectors: &Value, pod: &Value, namespace: &Value) -> (Answer, Value) {
    let mut config = node.config();
    config.insert("selectors".into(), selectors.clone());
    let file = node.dir().join("genie.conf");
    fs::write(&file, Value::Object(config).to_string()).expect("a file can be written");
    let (file, conf_dir) = (file.display().to_string(), node.conf_dir().display().to_string());
    let arguments =
        ["test-selector", "--chain", "--config", &file, "--conf-dir", &conf_dir, "--pod", "-", "-o", "json"];
    let answer = node.genie_host_reads(&arguments, &objects(pod, namespace));
    let told = serde_json::from_str(&answer.stdout).unwrap_or(Value::Null);
    (answer, told)
}

/// The files and interfaces that the pod gets.
fn networks(told: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let attachments = told["attachments"].as_array().cloned().unwrap_or_default();
    attachments.iter().map(|one| (text(&one["file"]), text(&one["interface"]))).collect()
}

#[track_caller]
fn assert_networks(told: &Value, expected: &[(&str, &str)]) {
    let expected: Vec<_> = expected.iter().map(|(file, interface)| ((*file).into(), (*interface).into())).collect();
    assert_eq!(networks(told), expected, "{told:#}");
}

/// The questions of the chain's entry with this place.
fn asked(told: &Value, entry: usize) -> Vec<Value> {
    let asked = told["trace"][entry]["asked"].as_array().cloned().unwrap_or_default();
    asked.into_iter().map(|consulted| consulted["fact"].clone()).collect()
}

#[test]
fn a_table_decides_and_asks_only_for_what_its_rules_mention() {
    let node = reference_node();
    let table = json!([
        {"when": {"namespace": {"names": ["kube-*"]}, "node": {"matchLabels": {"zone": "west"}}}, "pass": true},
        {"name": "labelled", "when": {"namespace": {"matchLabels": {"tier": "gold"}}}, "networks": ["weave", "calico@net1"]},
        {"name": "accounts", "when": {"serviceAccount": ["back*"]}, "networks": "flannel"},
    ]);
    let chain = json!([rules(&table), {"module": "default-plugin"}]);
    let (answer, told) = ask(&node, &chain, &web(None), &json!({"tier": "gold"}));
    assert_eq!(answer.status, PLAN, "{answer:?}");
    assert_networks(&told, &[("10-weave.conf", "eth0"), ("10-calico.conflist", "net1")]);
    assert_eq!(told["reason"], r#"rule "labelled": networks "weave,calico@net1""#);
    assert_eq!(asked(&told, 0), [json!("namespace-labels")]);

    let (_, told) = ask(&node, &chain, &web(None), &json!({}));
    assert_networks(&told, &[("10-flannel.conflist", "eth0")]);
    assert_eq!(asked(&told, 0), [json!("namespace-labels"), json!("service-account")]);

    let silent = json!([rules(&json!([{"when": {"namespace": {"names": ["x"]}, "pod": {"matchLabels": {"a": "b"}}}, "deny": "x"}])), {"module": "default-plugin"}]);
    let (_, told) = ask(&node, &silent, &web(None), &json!({}));
    assert_networks(&told, &[("10-calico.conflist", "eth0")]);
    assert_eq!(asked(&told, 0), Vec::<Value>::new());
}

#[test]
fn without_grant_an_entry_of_rules_has_the_grants_that_are_documented() {
    let node = reference_node();
    let table = json!([{"when": {"namespace": {"matchLabels": {"a": "b"}}}, "networks": "weave"}]);
    let (answer, _) = ask(&node, &json!([rules(&table)]), &web(None), &json!({"a": "b"}));
    assert_eq!(answer.status, PLAN, "{answer:?}");
    let documented = json!(["pod", "node", {"cluster": ["v1/Namespace"]}]);
    let words = |selectors: &Value| {
        let (_, told) = ask(&node, selectors, &web(None), &json!({"a": "b"}));
        told["trace"][0]["may"].clone()
    };
    let by_default = words(&json!([rules(&table)]));
    assert_eq!(by_default, words(&json!([with(rules(&table), "grant", documented.clone())])));
    assert_eq!(by_default, words(&json!([with(rules(&table), "grant", Value::Null)])));
    let document = documents::read("docs/rules.md");
    assert!(document.contains(&format!("\"grant\": {}", r#"["pod", "node", {"cluster": ["v1/Namespace"]}]"#)));

    // An entry's own grant takes the place of all of them.
    for (grant, missing) in [(json!([]), "\"pod\""), (json!(["pod", "node"]), "\"cluster\"")] {
        let (answer, _) = ask(&node, &json!([with(rules(&table), "grant", grant)]), &web(None), &json!({}));
        assert_eq!(answer.status, USAGE, "{answer:?}");
        assert!(answer.stderr.contains(missing) && answer.stderr.contains("not granted"), "{answer:?}");
    }
    let narrow = json!(["pod", "node", {"cluster": ["v1/Namespace"]}, {"networks": ["calico"]}]);
    let (answer, _) = ask(&node, &json!([with(rules(&table), "grant", narrow)]), &web(None), &json!({"a": "b"}));
    assert_eq!(answer.status, FAILED, "{answer:?}");
    // The grant is asked for what it is for: other kinds are not labels of the namespace.
    let other = json!(["pod", "node", {"cluster": ["v1/ConfigMap"]}]);
    let (answer, _) = ask(&node, &json!([with(rules(&table), "grant", other)]), &web(None), &json!({"a": "b"}));
    assert_eq!(answer.status, USAGE, "{answer:?}");
    let line = r#"{"cluster":["v1/ConfigMap"]}, {"cluster":["v1/Namespace"]}] in its"#;
    assert!(answer.stderr.contains(line), "{answer:?}");

    let told = node.genie_host(&["inspect", "rules"]);
    assert!(told.stdout.contains("read the pod's labels, owner and service account; read the node's"), "{told:?}");
    assert!(told.stdout.contains("read objects of the cluster: Namespace (of the pod's own namespace)"), "{told:?}");
}

#[test]
fn mistakes_of_a_table_keep_it_from_being_put_in_force() {
    let node = reference_node();
    let other = json!({"when": {"namespace": {"names": ["other"]}}, "pass": true});
    for (table, expected) in [
        (json!([]), "settings.rules"),
        (json!([{"when": {}}]), "settings.rules[0]"),
        (json!([other, {"networks": "calico", "deny": "no"}]), "settings.rules[1]"),
        (json!([{"network": "calico"}]), "settings.rules[0]: unknown key \"network\": did you mean \"networks\"?"),
        (
            json!([{"when": {"pods": {}}, "pass": true}]),
            "settings.rules[0].when: unknown key \"pods\": did you mean \"pod\"?",
        ),
        (
            json!([{"when": {"pod": {"matchExpressions": [{"key": "a", "operator": "Gt"}]}}, "pass": true}]),
            "settings.rules[0].when.pod.matchExpressions[0].operator",
        ),
        (
            json!([{"when": {"pod": {"matchExpressions": [{"key": "a", "operator": "In"}]}}, "pass": true}]),
            "settings.rules[0].when.pod.matchExpressions[0]",
        ),
    ] {
        let (answer, _) = ask(&node, &json!([rules(&table)]), &web(None), &json!({}));
        assert_eq!(answer.status, USAGE, "{table}: {answer:?}");
        assert!(answer.stderr.contains(expected), "{table}\n{}", answer.stderr);
        // A node that has it anyway tells a pod that needs it the same place.
        let error = node.add().key("selectors", json!([rules(&table)])).run().error_code(7);
        let place = expected.split(':').next().unwrap_or_default().trim_start_matches("settings.");
        let place = place.trim_end_matches(".operator");
        error.says(&["configuration of selector \"rules\": settings", place]);
    }
}

#[test]
fn the_plugin_guards_and_adds_with_the_facts_of_a_real_call() {
    let node = reference_node();
    let manifests = node.dir().join("pods");
    fs::create_dir(&manifests).expect("a new directory");
    let write =
        |labels: Value| fs::write(manifests.join("all.json"), objects(&web(None), &labels)).expect("it can be written");
    let table = json!([
        {"name": "free", "when": {"namespace": {"matchLabels": {"networks": "any"}}}, "pass": true},
        {"name": "calico-only", "when": {"decided": {"otherThan": ["calico"]}}, "deny": "calico only"},
        {"name": "backup", "when": {"serviceAccount": ["backup"]}, "add": "weave@net1"},
    ]);
    let guard = with(rules(&table), "run", json!("always"));
    let node = node
        .with("pods", json!(["runtime", {"manifests": manifests}]))
        .with("selectors", json!([{"module": "annotation"}, {"module": "default-plugin"}, guard]));
    let add = |container: &str, cni: &str| {
        let args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web";
        node.add().container(container).cni(cni).args(args).run()
    };
    write(json!({}));
    add("refused", "calico,flannel")
        .error_code(102)
        .says(&["selector \"rules\" denies: rule \"calico-only\": calico only"]);
    assert_eq!(makers(&node), Vec::<String>::new());
    add("added", "calico").ok();
    assert_eq!(makers(&node), ["ADD calico@eth0", "ADD weave-net@net1"]);
    let reason = node.record("added", "eth0")[0]["decision"]["plan"]["reason"].to_string();
    assert!(reason.contains(r#"rule \"backup\" adds \"weave@net1\""#), "{reason}");
    write(json!({"networks": "any"}));
    add("free", "flannel").ok();
    assert_eq!(makers(&node), ["ADD flannel@eth0"]);
}

#[test]
fn the_examples_of_rules_md_do_what_they_say() {
    let node = reference_node();
    node.network("10-macvlan.conf", &json!({"cniVersion": "0.4.0", "name": "macvlan", "type": "macvlan"}));
    node.recorders(&["macvlan"]);
    let example = |heading: &str| documents::example("docs/rules.md", heading)["selectors"].clone();

    let tenant = example("## A tenant's network");
    let (_, told) = ask(&node, &tenant, &web(Some("weave")), &json!({"network": "flannel"}));
    assert_networks(&told, &[("10-flannel.conflist", "eth0")]);
    assert_eq!(told["reason"], r#"rule "tenant": label network of namespace shop: "flannel""#);
    let (_, told) = ask(&node, &tenant, &web(Some("weave")), &json!({}));
    assert_networks(&told, &[("10-weave.conf", "eth0")]);
    let (answer, told) = ask(&node, &tenant, &web(None), &json!({"network": "calcio"}));
    assert_eq!(answer.status, REFUSED);
    assert!(told.to_string().contains("label network of namespace shop"), "{told:#}");

    let guard = example("## Nothing but calico");
    let (_, told) = ask(&node, &guard, &web(None), &json!({}));
    assert_networks(&told, &[("10-calico.conflist", "eth0")]);
    for cni in ["flannel", "calico,weave"] {
        let (answer, told) = ask(&node, &guard, &web(Some(cni)), &json!({}));
        assert_eq!(answer.status, REFUSED, "{cni}");
        assert!(told.to_string().contains("pods of this namespace may use calico only"), "{told:#}");
    }
    let (_, told) = ask(&node, &guard, &web(Some("flannel")), &json!({"networks": "any"}));
    assert_networks(&told, &[("10-flannel.conflist", "eth0")]);

    let second = example("## A second network for a service account");
    let (_, told) = ask(&node, &second, &web(Some("flannel")), &json!({}));
    assert_networks(&told, &[("10-flannel.conflist", "eth0"), ("10-macvlan.conf", "net1")]);
}

#[test]
fn a_module_that_asks_for_namespace_labels_stays_small_and_gets_them() {
    let node = reference_node();
    let module = node.guest("namespaced");
    let bytes = fs::metadata(&module).expect("it is there").len();
    assert!(bytes < SMALL, "{bytes} bytes");
    let of = |grant: Value| json!([with(entry(&module), "grant", grant)]);
    let granted = of(json!([{"cluster": ["v1/Namespace"]}]));
    let (answer, told) = ask(&node, &granted, &web(None), &json!({"network": "weave", "a": "1"}));
    assert_networks(&told, &[("10-weave.conf", "eth0")]);
    let answered = json!({"fact": "namespace-labels", "answer": [["a", "1"], ["network", "weave"]]});
    assert_eq!(told["trace"][0]["asked"], json!([answered]), "{answer:?}");

    // A plain "cluster" means other kinds. That is found before a pod asks, and when one does.
    let other = of(json!(["cluster"]));
    let (answer, _) = ask(&node, &other, &web(None), &json!({"network": "weave"}));
    assert_eq!(answer.status, USAGE, "{answer:?}");
    assert!(answer.stderr.contains("may not read the pod's namespace"), "{answer:?}");
    let args = "IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web";
    let refused = node.add().key("selectors", other).args(args).run();
    refused.error_code(7).says(&["asked for Namespace shop of v1, which is not granted to it"]);
    // A call that names no pod has no namespace.
    node.add().key("selectors", granted).args("").run().error_code(11).says(&["the runtime names no pod"]);
}

/// As `docs/rules.md` says: the manifests may hold the Node, too.
#[test]
fn the_only_node_of_the_manifests_is_the_pods() {
    let node = reference_node();
    let table = json!({"rules": [{"when": {"node": {"matchLabels": {"zone": "west"}}}, "networks": "weave"}]});
    let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}});
    let of_zone = |name: &str| json!({"apiVersion": "v1", "kind": "Node", "metadata": {"name": name, "labels": {"zone": "west"}}});
    let ask = |nodes: &[Value], more: &[&str]| {
        let file = node.dir().join("pod.yaml");
        let all: Vec<_> = [&pod].into_iter().chain(nodes).map(Value::to_string).collect();
        fs::write(&file, all.join("\n---\n")).unwrap();
        let (file, conf_dir) = (file.display().to_string(), node.conf_dir().display().to_string());
        let settings = table.to_string();
        let arguments = ["test-selector", "--conf-dir", &conf_dir, "--settings", &settings, "--pod", &file, "rules"];
        node.genie_host(&[&arguments[..], more].concat())
    };
    let told = ask(&[of_zone("n1")], &[]);
    assert!(told.status == PLAN && told.stdout.contains("10-weave.conf"), "{told:?}");
    let both = [of_zone("n1"), of_zone("n2")];
    let told = ask(&both, &["--node", "n2"]);
    assert!(told.status == PLAN && told.stdout.contains("10-weave.conf"), "{told:?}");
    let told = ask(&both, &[]);
    assert_eq!(told.status, REFUSED, "{told:?}");
    for part in ["the node's name is not known: set \"nodename\"", "--node NAME", "code 11"] {
        assert!(told.stdout.contains(part), "{part}: {told:?}");
    }
}
