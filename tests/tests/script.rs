//! Policies that are one file of JavaScript: what they decide, what they may ask, how they fail, and
//! how they come to a node.

use std::fs;

use genie_tests::fixture::chain::with;
use genie_tests::fixture::reference_node;
use genie_tests::fixture::script::{entry, with_engine};
use genie_tests::installing::{Pod, succeeds};
use genie_tests::{Answer, Node};
use serde_json::{Value, json};

/// A node with this script before the default.
fn node_of(source: &str) -> Node {
    with_script(&entry("policy.js", source))
}

fn with_script(entry: &Value) -> Node {
    with_engine(reference_node()).with("selectors", json!([entry, {"module": "default-plugin"}]))
}

/// A script that answers an expression.
fn answering(expression: &str) -> String {
    format!("export function select(request, facts) {{\n  return {expression};\n}}\n")
}

/// The error of an ADD with this script.
fn failure(source: &str) -> String {
    let node = node_of(source);
    let failure = node.add().cni("weave").run().error();
    assert_eq!(node.trace(), [""; 0], "something was attached");
    failure.text()
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

#[test]
fn a_script_answers_networks_in_several_forms() {
    for (answer, made) in [
        ("null", "calico@eth0"),
        ("undefined", "calico@eth0"),
        (r#""weave""#, "weave-net@eth0"),
        (r#"["weave"]"#, "weave-net@eth0"),
        (r#"{networks: "weave", reason: "so"}"#, "weave-net@eth0"),
        (r#"{networks: ["weave"]}"#, "weave-net@eth0"),
        (r#"{attachments: [{network: "weave", interface: "eth0"}]}"#, "weave-net@eth0"),
        (r#"Promise.resolve("weave")"#, "weave-net@eth0"),
    ] {
        let node = node_of(&answering(answer));
        node.add().run().ok();
        assert_eq!(node.trace().first().map(String::as_str), Some(format!("ADD {made}").as_str()), "{answer}");
    }
    let node = node_of(&answering(r#""weave@eth1,calico""#));
    node.add().run().ok();
    let made: Vec<_> = node.trace().into_iter().filter(|call| !call.contains("portmap")).collect();
    assert_eq!(made, ["ADD weave-net@eth1", "ADD calico@eth0"]);
}

#[test]
fn a_script_sees_the_request_and_its_settings() {
    let source = r#"export function select(request) {
  const { pod, annotations, networks, settings, attributes, decided } = request;
  if (decided !== null || attributes.unusable !== undefined) throw new Error("odd request");
  if (networks.find((network) => network.file === "10-weave.conf").plugins[0] !== "weave-net") return "calico";
  return settings[annotations.cni + pod.namespace + request.interface];
}
"#;
    let mut entry = entry("policy.js", source);
    entry["settings"]["settings"] = json!({"golddemoeth0": "weave"});
    let node = with_script(&entry);
    node.add().args("K8S_POD_NAMESPACE=demo;K8S_POD_NAME=p").cni("gold").run().ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
}

#[test]
fn a_guard_sees_what_was_decided_and_may_return_it() {
    let source = r#"export function select(request) {
  const { attachments } = request.decided;
  if (attachments.some(({ network }) => network === "10-weave.conf")) deny("weave is for others");
  return { ...request.decided, reason: "guarded" };
}
"#;
    let guard = with(entry("guard.js", source), "run", json!("always"));
    let node = with_engine(reference_node()).with("selectors", json!([{"module": "annotation"}, guard]));
    node.add().cni("calico").run().ok();
    node.trace();
    node.add().container("c2").cni("weave").run().error_code(102).says(&["guard.js", "weave is for others"]);
    assert_eq!(node.trace(), [""; 0]);
}

#[test]
fn refusals_have_the_code_of_their_kind() {
    for (call, code, words) in [
        (r#"deny("not yours")"#, 102, &["\"policy.js\" denies: not yours"][..]),
        (r#"invalid("label tier", "golf", "no such tier")"#, 101, &["label tier", "golf", "no such tier"]),
        (r#"invalid("settings.tier", "golf", "no such tier")"#, 7, &["settings.tier", "no such tier"]),
        (r#"unavailable("the moon is not up")"#, 11, &["cannot decide now: the moon is not up"]),
        (r#"request.requireNetwork("label net", "weav")"#, 101, &["label net", "did you mean weave?"]),
        ("facts.labels()", 11, &["the pod's labels"]),
    ] {
        let granted = with(entry("policy.js", &answering(call)), "grant", json!(["pod"]));
        let node = with_script(&granted);
        node.add().run().error_code(code).says(words);
        // A script may catch it.
        let source = format!("export function select(request, facts) {{\n  try {{ {call} }} catch {{}}\n}}\n");
        let granted = with(entry("policy.js", &source), "grant", json!(["pod"]));
        with_script(&granted).add().run().ok();
    }
}

#[test]
fn an_error_has_its_place_and_those_who_called() {
    let source = "function inner(pod) {\n  return pod.labels.tier;\n}\nexport function select(request) {\n  return inner(request.pod);\n}\n";
    let parts = [
        "\"policy.js\" failed: policy.js:2:10: TypeError: cannot read property 'tier' of undefined",
        "select (policy.js:5:16)",
    ];
    says(&failure(source), &parts);
    says(
        &failure("export function select() {\n  throw new RangeError('too far');\n}\n"),
        &["policy.js:2:13: RangeError: too far"],
    );
    says(
        &failure("const limit = undefinedLimit;\nexport function select() {}\n"),
        &["policy.js:1:15: ReferenceError: undefinedLimit"],
    );
    says(&failure("export function select() {\n  throw 'up';\n}\n"), &["policy.js threw \"up\"", "throw new Error"]);
    says(&failure("export function select() {\n  return {;\n}\n"), &["policy.js:2:11: SyntaxError"]);
    says(&failure("function select() {}\n"), &["policy.js exports no function `select`"]);
    says(&failure("import fs from 'fs';\nexport function select() {}\n"), &["could not load module 'fs'", "one file"]);
    says(&failure("export async function select() {\n  await new Promise(() => {});\n}\n"), &["nothing settles"]);
}

#[test]
fn a_wrong_answer_says_what_was_answered_and_what_would_be_right() {
    for (answer, words) in [
        ("true", &["answered true", "answer null to pass", "networks or attachments"][..]),
        ("7", &["answered 7", "answer null to pass"]),
        ("() => 1", &["answered a function", "answer null to pass"]),
        (r#""weav""#, &["\"weav\"", "no such network; did you mean weave?"]),
        (r#""calico,""#, &["element 2 of the list is empty"]),
        (r#"{network: "weave"}"#, &["unknown field `network`", "`networks`"]),
        ("{reason: 'none'}", &["write networks or attachments"]),
        (r#"{attachments: [{network: "calico"}, {network: "weav"}]}"#, &["attachments[1]", "did you mean weave?"]),
        (r#"{attachments: [{network: "calico", ip: "10.0.0.1"}]}"#, &["attachments[0]: unknown field `ip`", "`ips`"]),
        ("[]", &["answered []", "answer null to pass"]),
        ("facts.trafficRate(7)", &["policy.js:2:", "facts.trafficRate: prefix is int: write a text"]),
        ("facts.nodeLabel(7)", &["policy.js:2:", "facts.nodeLabel: key is int: write a text"]),
    ] {
        says(&failure(&answering(answer)), words);
    }
}

#[test]
fn a_loop_ends_within_its_limits_with_its_line() {
    let source = "export function select(request) {\n  let turns = 0;\n  // while it lasts\n  while (request) {\n    turns += 1;\n  }\n}\n";
    says(&failure(source), &["runs for too long", "limits.fuel", "the next loop is at policy.js:4:3"]);
    // Not even a catch helps, and calls count as well.
    let source = "function again(n) {\n  return n;\n}\nexport function select() {\n  try {\n    for (;;) again(1);\n  } catch {\n    return null;\n  }\n}\n";
    says(&failure(source), &["runs for too long", "policy.js:6"]);
    let source = answering(r#"/^(a+)+$/.test("a".repeat(64) + "b") ? "weave" : null"#);
    says(&failure(&source), &["runs for too long", "policy.js:2"]);
    // A call of the engine's own that takes long ends by the host's limit.
    let source = answering("Array.from({length: 1e7}, (_, index) => -index).sort().length");
    says(&failure(&source), &["limits."]);
}

#[test]
fn a_memory_bomb_ends_within_its_limits_with_its_line() {
    let source =
        "export function select() {\n  const all = [];\n  for (;;) {\n    all.push(new Uint8Array(1 << 20));\n  }\n}\n";
    says(&failure(source), &["policy.js:4:", "take too much memory", "limits.memory"]);
    // To write texts takes fuel, of which there is less than memory.
    let source = "export function select() {\n  const all = [];\n  for (;;) {\n    all.push('x'.repeat(100000) + all.length);\n  }\n}\n";
    says(&failure(source), &["policy.js:4:", "limits.fuel"]);
    let source = "export function select() {\n  const all = [0];\n  for (;;) {\n    all.push(...all);\n  }\n}\n";
    says(&failure(source), &["policy.js:4:"]);
}

#[test]
fn a_deep_recursion_is_an_error_with_its_line() {
    let source = "function deeper(n) {\n  return deeper(n + 1) + 1;\n}\nexport const select = () => deeper(0);\n";
    says(&failure(source), &["policy.js:2:", "RangeError: Maximum call stack size exceeded"]);
    // The engine's own functions take more of the stack.
    let source = "const deeper = (n) => [n].map(deeper);\nexport const select = () => deeper(0);\n";
    says(&failure(source), &["policy.js:1:", "RangeError: Maximum call stack size exceeded"]);
}

#[test]
fn the_same_request_gets_the_same_decision() {
    let source = r#"export function select(request) {
  const absent = ["Date", "WeakRef", "performance", "fetch", "setTimeout", "process", "require"];
  const there = absent.filter((name) => name in globalThis);
  if (there.length > 0 || "random" in Math) throw new Error(`there is ${there}`);
  return "weave";
}
"#;
    let node = node_of(source);
    node.add().run().ok();
    // A call leaves nothing for the next one.
    let source = "globalThis.calls = (globalThis.calls ?? 0) + 1;\nexport function select() {\n  if (calls > 1) throw new Error('again');\n}\n";
    let twice = entry("policy.js", source);
    let node = with_engine(reference_node()).with("selectors", json!([twice, twice, {"module": "default-plugin"}]));
    node.add().run().ok();
}

#[test]
fn an_ungranted_fact_is_refused_with_the_line_to_paste() {
    for (ask, line) in [
        ("facts.labels()", r#""grant": ["pod"]"#),
        ("facts.owner()", r#""grant": ["pod"]"#),
        ("facts.nodeLabel('zone')", r#""grant": ["node"]"#),
        ("facts.trafficRate('weav')", r#""grant": ["node"]"#),
        ("facts.freeAddresses('10-weave.conf')", r#""grant": ["node"]"#),
        ("facts.namespaceLabels()", "v1/Namespace"),
        ("facts.object('v1', 'ConfigMap', 'demo', 'x')", r#""grant": [{"cluster":["v1/ConfigMap"]}]"#),
    ] {
        // Catching does not help: whether it may ask is not the script's to decide.
        let source = format!("export function select(request, facts) {{\n  try {{ {ask} }} catch {{}}\n}}\n");
        let node = node_of(&source);
        node.add().args("K8S_POD_NAMESPACE=demo;K8S_POD_NAME=p").run().error_code(7).says(&["policy.js", line]);
        assert_eq!(node.trace(), [""; 0]);
    }
    // Without the entry's consent, an import that is not granted is refused as that of any module.
    let mut strict = entry("policy.js", &answering("null"));
    strict["imports"] = json!("granted");
    with_script(&strict).add().run().error_code(7).says(&["imports genie:selector/", "not granted"]);
}

#[test]
fn a_granted_fact_is_answered() {
    let source = r#"export function select(request, facts) {
  const labels = facts.labels();
  console.log("labels", labels, "of", facts.serviceAccount(), facts.owner());
  return "constructor" in labels ? "calico" : labels.network;
}
"#;
    let manifests = tempfile::tempdir().unwrap();
    let pod = "kind: Pod\nmetadata:\n  name: p\n  labels:\n    network: weave\nspec:\n  serviceAccountName: robot\n";
    fs::write(manifests.path().join("pod.yaml"), pod).unwrap();
    let granted = with(entry("policy.js", source), "grant", json!(["pod"]));
    let node =
        with_script(&granted).with("pods", json!([{"manifests": manifests.path()}])).with("log_level", json!("debug"));
    let answer = node.add().run();
    answer.ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
    says(&answer.stderr, &["labels {", "weave", "of robot null"]);
}

/// Runs `test-selector` in a directory with these files.
fn ask(node: &Node, files: &[(&str, &str)], arguments: &[&str]) -> Answer {
    for (file, text) in files {
        fs::write(node.dir().join(file), text).unwrap();
    }
    let conf_dir = node.conf_dir().display().to_string();
    let mut all = vec!["test-selector", "--conf-dir", &conf_dir];
    all.extend(arguments);
    node.genie_host(&all)
}

#[test]
fn test_selector_takes_a_script_as_it_is() {
    let node = with_engine(reference_node());
    let file = node.dir().join("policy.js").display().to_string();
    let source = "export function select(request, facts) {\n  console.warn('asked', request.settings);\n  return facts.labels().network ?? 'weave';\n}\n";
    let pod = node.dir().join("pod.yaml").display().to_string();
    let manifest = "kind: Pod\nmetadata:\n  name: p\n  labels: {}\n";
    let told = ask(
        &node,
        &[("policy.js", source), ("pod.yaml", manifest)],
        &["--settings", r#"{"a":1}"#, "--pod", &pod, &file],
    );
    assert_eq!(told.status, Some(0), "{told:?}");
    says(&told.stdout, &["decided by policy.js", "10-weave.conf", r#"asked {"a":1}"#]);
    // With other grants it has those alone.
    let told = ask(&node, &[], &["--grant", "node", "--pod", &pod, &file]);
    assert_eq!(told.status, Some(1), "{told:?}");
    says(&told.stdout, &[r#""grant": ["node", "pod"]"#]);
    // A mistake in the syntax keeps it from any node.
    let told = ask(&node, &[("policy.js", "export function select() {\n  return {;\n}\n")], &[&file]);
    assert_eq!(told.status, Some(2), "{told:?}");
    says(&told.stderr, &["policy.js:2:11: SyntaxError"]);
    let told = ask(&node, &[], &["/nonexistent/policy.js"]);
    says(&told.stderr, &["/nonexistent/policy.js cannot be read"]);
}

#[test]
fn what_cannot_be_shown_refuses_no_pod() {
    let node = with_engine(reference_node());
    let file = node.dir().join("policy.js").display().to_string();
    let source = r#"export function select() {
  const circle = {};
  circle.circle = circle;
  const hostile = {toJSON() { throw new Error("no"); }, toString() { throw new Error("no"); }};
  const values = [1n, {a: 1n}, circle, Symbol("a"), Symbol(), {get a() { throw new Error("no"); }}, hostile, "\ud800", undefined];
  for (const value of values) console.log("shown:", value);
  return "weave";
}
"#;
    let told = ask(&node, &[("policy.js", source)], &[&file]);
    assert_eq!(told.status, Some(0), "{told:?}");
    let shown = [
        "shown: 1",
        "shown: [object Object]",
        "shown: Symbol(a)",
        "shown: Symbol()",
        "shown: [object]",
        "shown: undefined",
    ];
    says(&told.stdout, &shown);
    // What never ends is ended nonetheless, and not by console.
    let endless = "export function select() {\n  console.log({get a() { for (;;); }});\n  return 'weave';\n}\n";
    let told = ask(&node, &[("policy.js", endless)], &[&file]);
    assert_eq!(told.status, Some(1), "{told:?}");
}

#[test]
fn test_selector_finds_the_scripts_of_a_configuration_beside_it() {
    let node = with_engine(reference_node());
    let node = node.with(
        "selectors",
        json!([{"module": "policy.js", "settings": {"network": "weave"}}, {"module": "default-plugin"}]),
    );
    let source = "export function select(request) {\n  return request.settings.network;\n}\n";
    fs::write(node.conf_dir().join("policy.js"), source).unwrap();
    let told = ask(&node, &[], &["--chain"]);
    assert_eq!(told.status, Some(0), "{told:?}");
    says(&told.stdout, &["decided by policy.js", "10-weave.conf"]);
    // The entry's settings are those of the script, wherever the script is; another text takes a word.
    let changed = source.replace("return", "return  ");
    let file = node.dir().join("policy.js").display().to_string();
    let told = ask(&node, &[("policy.js", &changed)], &[&file]);
    says(&told.stdout, &["--any-digest"]);
    let told = ask(&node, &[], &["--any-digest", &file]);
    assert_eq!(told.status, Some(0), "{told:?}");
    says(&told.stdout, &["decided by policy.js", "10-weave.conf", "a node would refuse it"]);
    // The plugin itself completes nothing: it would have to read and check the engine in every call.
    node.add().run().error_code(7).says(&["policy.js", "is a script", "genie-host install"]);
}

#[test]
fn scripts_of_the_config_map_share_one_compiled_engine() {
    let pod = Pod::new();
    pod.engine();
    fs::write(pod.at("config/one.js"), "export function select() {}\n").unwrap();
    fs::write(pod.at("config/two.js"), "export function select() { return 'own'; }\n").unwrap();
    let selectors = json!([{"module": "one.js", "grant": ["pod"]}, {"module": "two.js"}, {"module": "annotation"}]);
    pod.config(&json!({"name": "g", "type": "genie", "selectors": selectors}));
    succeeds(&pod.run("install"));
    let conf = pod.conf();
    let [one, two] = [&conf["selectors"][0], &conf["selectors"][1]];
    assert_eq!((&one["name"], &two["name"]), (&json!("one.js"), &json!("two.js")));
    assert_eq!((&one["grant"], &one["module"], &one["sha256"]), (&json!(["pod"]), &two["module"], &two["sha256"]));
    let mut expected = entry("two.js", "export function select() { return 'own'; }\n");
    expected["module"] = two["module"].clone();
    assert_eq!(*two, expected, "the tests' own entry is the installer's");
    let engines = fs::read_dir(pod.at("host/var/cache/genie")).unwrap();
    let artefacts: Vec<_> = engines.flat_map(|engine| fs::read_dir(engine.unwrap().path()).unwrap()).collect();
    let compiled =
        artefacts.iter().filter(|file| file.as_ref().unwrap().path().extension().is_some_and(|end| end == "cwasm"));
    assert_eq!(compiled.count(), 1, "{artefacts:?}");

    // A mistake changes nothing, and is told with its place.
    for (broken, words) in [
        ("export function select() {\n  return {;\n}\n", "two.js:2:11: SyntaxError"),
        ("const a = b;\nexport function select() {}\n", "two.js:1:11: ReferenceError"),
        ("function select() {}\n", "two.js exports no function `select`"),
        ("for (;;) {}\n", "runs for too long"),
    ] {
        fs::write(pod.at("config/two.js"), broken).unwrap();
        let refused = pod.run("install");
        assert_eq!(refused.status.code(), Some(1), "{broken}");
        says(&String::from_utf8_lossy(&refused.stderr), &[words]);
        assert_eq!(pod.conf(), conf);
    }
    fs::remove_file(pod.at("config/two.js")).unwrap();
    says(&String::from_utf8_lossy(&pod.run("install").stderr), &["two.js", "key of the ConfigMap"]);
}

#[test]
fn an_engine_that_is_missing_is_named_with_what_to_do() {
    let pod = Pod::new();
    fs::write(pod.at("config/policy.js"), "export function select() {}\n").unwrap();
    pod.config(&json!({"name": "g", "type": "genie", "selectors": [{"module": "policy.js"}]}));
    let refused = pod.run("install");
    assert_eq!(refused.status.code(), Some(1));
    says(&String::from_utf8_lossy(&refused.stderr), &["script.wasm", "beside genie-host", "make script"]);
}
