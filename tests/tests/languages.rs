//! Projects of `genie-host new`, in each language: the steps of their own workflow build and test them,
//! with tools that come from the registries, and the plugin attaches pods with what they have built.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use genie_tests::fixture::chain::{entry, with};
use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node, programs};
use serde_json::{Value, json};

/// What each project is called.
const NAME: &str = "tenant-net";

#[test]
fn rust() {
    attaches("rust");
}

#[test]
fn javascript() {
    attaches("js");
}

#[test]
fn python() {
    attaches("python");
}

#[test]
fn go() {
    attaches("go");
}

/// A script is no module: `tests/script.rs` attaches pods with scripts.
#[test]
fn script() {
    built("script");
}

#[test]
fn a_project_is_made_whole_or_not_at_all() {
    let node = Node::new();
    let directory = node.dir().join("policies/tenant");
    let written = directory.display().to_string();
    let told = node.genie_host(&["new", &written]);
    assert_eq!(told.status, Some(0), "{told:?}");
    assert!(told.stdout.contains(&format!("cd {written}")), "{told:?}");
    assert!(fs::read_to_string(directory.join("Cargo.toml")).unwrap().contains("name = \"tenant\""));

    let again = node.genie_host(&["new", &written]);
    assert!(again.status == Some(1) && again.stderr.contains("exists already"), "{again:?}");
    let other = node.dir().join("policies/Tenant_2");
    let wrong = node.genie_host(&["new", &other.display().to_string()]);
    assert!(wrong.status == Some(1) && wrong.stderr.contains("\"Tenant_2\" is no name"), "{wrong:?}");
    assert!(!other.exists());
}

/// Makes a project, and builds and tests it by its workflow. Returns its directory.
fn built(language: &str) -> PathBuf {
    let folder = programs::target().join("languages").join(language);
    let project = folder.join(NAME);
    if project.exists() {
        fs::remove_dir_all(&project).unwrap();
    }
    fs::create_dir_all(&folder).unwrap();
    let node = Node::new();
    let told = node.genie_host(&["new", &project.display().to_string(), "--lang", language]);
    assert_eq!(told.status, Some(0), "{told:?}");

    let steps = steps(&project);
    for step in &steps {
        let (succeeds, said) = run(&project, step);
        assert!(succeeds, "{language}: {step}: {said}");
    }
    // A case that is wrong fails the workflow, with a line that marks it in the source.
    let cases = project.join(format!("cases/{NAME}.yaml"));
    let text = fs::read_to_string(&cases).unwrap();
    fs::write(
        &cases,
        format!(
            "{}\n  - name: wrong\n    facts: {{namespaceLabels: {{}}}}\n    expect: {{plan: [blue]}}\n",
            text.trim_end()
        ),
    )
    .unwrap();
    let (succeeds, said) = run(&project, steps.last().unwrap());
    assert!(!succeeds && said.contains("::error file="), "{language}: {said}");
    project
}

/// What the steps of the project's workflow run, but for the one that needs Docker: it brings
/// `genie-host`, which is here.
fn steps(project: &Path) -> Vec<String> {
    let file = project.join(".github/workflows/test.yaml");
    let workflow: Value = serde_saphyr::from_str(&fs::read_to_string(file).unwrap()).unwrap();
    let jobs = workflow["jobs"].as_object().unwrap();
    let steps = jobs.values().flat_map(|job| job["steps"].as_array().unwrap());
    let (docker, steps): (Vec<_>, Vec<_>) =
        steps.filter_map(|step| step["run"].as_str()).map(ToOwned::to_owned).partition(|run| run.contains("docker"));
    assert_eq!(docker.len(), 1, "{docker:?}");
    assert!(!steps.is_empty());
    steps
}

/// Runs a step, and returns whether it succeeds and what it prints.
fn run(project: &Path, step: &str) -> (bool, String) {
    // Where the step that needs Docker leaves the program.
    let temp = tempfile::tempdir().unwrap();
    symlink(programs::dist("genie-host").parent().unwrap(), temp.path().join("genie-host")).unwrap();
    let output = Command::new("bash")
        .args(["-euo", "pipefail", "-c", step])
        .current_dir(project)
        .env("RUNNER_TEMP", temp.path())
        // Dependencies are built once for all runs.
        .env("CARGO_TARGET_DIR", programs::target().join("languages/target"))
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .output()
        .unwrap();
    (output.status.success(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

/// Checks that the plugin decides with the project's module as the suite's cases say, on the facts of a
/// call.
fn attaches(language: &str) {
    let module = format!("{NAME}.wasm");
    let node = reference_node();
    let installed = node.dir().join("modules").join(&module);
    fs::create_dir_all(installed.parent().unwrap()).unwrap();
    fs::copy(built(language).join(module), &installed).unwrap();
    let cache = node.dir().join("cache").display().to_string();
    let compiled = node.genie_host(&["compile", "--cache-dir", &cache, &installed.display().to_string()]);
    assert_eq!(compiled.status, Some(0), "{compiled:?}");

    let manifests = node.dir().join("pods");
    fs::create_dir(&manifests).unwrap();
    let label = |labels: Value| {
        let namespace =
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "labels": labels}});
        let pod = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "namespace": "shop"}});
        let list = json!({"apiVersion": "v1", "kind": "List", "items": [namespace, pod]});
        fs::write(manifests.join("all.json"), list.to_string()).unwrap();
    };
    let entry = with(entry(&installed), "grant", json!([{"cluster": ["v1/Namespace"]}]));
    let node = node
        .with("pods", json!(["runtime", {"manifests": manifests}]))
        .with("selectors", json!([entry, {"module": "default-plugin"}]));
    let add = |container: &str| -> Answer {
        node.add().container(container).args("IgnoreUnknown=1;K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web").run()
    };

    label(json!({"network": "weave"}));
    add("tenant").ok();
    assert_eq!(node.trace(), ["ADD weave-net@eth0"]);
    let decision = &node.record("tenant", "eth0")[0]["decision"];
    assert_eq!(decision["plan"]["reason"], "label network of namespace shop: weave");
    let logs = decision["trace"][0]["logs"].as_array().unwrap();
    assert!(logs.iter().any(|log| log["message"].as_str().unwrap().contains("weave")), "{logs:?}");

    label(json!({}));
    add("nobody").ok();
    assert_eq!(node.trace(), ["ADD calico@eth0", "ADD portmap@eth0"]);

    label(json!({"network": "nosuch"}));
    add("wrong").error_code(101).says(&["label network of namespace shop", "\"nosuch\"", "no such network"]);
    assert_eq!(node.trace(), Vec::<String>::new());
}
