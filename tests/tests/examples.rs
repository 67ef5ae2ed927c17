//! The examples of the SDK pass their suites, in each language that they are written in.

use std::fs;
use std::path::PathBuf;
use std::process::Command;

use genie_tests::{Node, guests, programs};

/// An example: one file of source.
struct Example {
    name: String,
    is_script: bool,
}

impl Example {
    /// The file that its suite asks.
    fn module(&self) -> String {
        format!("{}.{}", self.name, if self.is_script { "js" } else { "wasm" })
    }

    /// The directory of its suite in `suites`.
    fn suite(&self) -> String {
        format!("{}{}", self.name, if self.is_script { "_js" } else { "" })
    }
}

fn directory() -> PathBuf {
    programs::root().join("guest-sdk/examples")
}

/// All examples, those in Rust first.
fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for entry in fs::read_dir(directory()).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap().to_owned();
        match path.extension().and_then(|extension| extension.to_str()) {
            Some("rs") => examples.push(Example { name, is_script: false }),
            Some("js") => examples.push(Example { name, is_script: true }),
            _ => {}
        }
    }
    examples.sort_by_key(|example| (example.is_script, example.name.clone()));
    examples
}

#[test]
fn each_example_passes_its_suite() {
    let node = Node::new();
    // Beside the sources are their modules, as the suites name them.
    let dir = node.dir().join("examples");
    let copied = Command::new("cp").arg("-rL").args([&directory(), &dir]).status().unwrap();
    assert!(copied.success());
    let mut wrong = Vec::new();
    for example in examples() {
        if !example.is_script {
            fs::copy(guests::sdk_example(&example.name), dir.join(example.module())).unwrap();
        }
        let suite = dir.join("suites").join(example.suite());
        let shared = fs::read_to_string(suite.join("suite.yaml")).unwrap_or_default();
        if !shared.contains(&format!("module: ../../{}", example.module())) {
            wrong.push(format!("suites/{} is no suite of {}", example.suite(), example.module()));
            continue;
        }
        let told = node.genie_host(&["test", suite.to_str().unwrap()]);
        if told.status != Some(0) {
            wrong.push(format!("{}: {}{}", example.suite(), told.stdout, told.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn an_example_in_two_languages_has_the_same_cases() {
    let suites = directory().join("suites");
    let scripts: Vec<_> = examples().into_iter().filter(|example| example.is_script).collect();
    assert!(!scripts.is_empty(), "where have the scripts gone?");
    for script in scripts {
        let cases = format!("{}.yaml", script.name);
        let [rust, js] = [suites.join(&script.name).join(&cases), suites.join(script.suite()).join(&cases)];
        assert_eq!(js.canonicalize().ok(), rust.canonicalize().ok(), "{} is no link to the other", js.display());
        assert!(rust.is_file(), "{} is missing", rust.display());
    }
}

#[test]
fn no_suite_is_left_of_an_example_that_is_gone() {
    let mut expected: Vec<_> = examples().iter().map(Example::suite).chain(["net.d".to_owned()]).collect();
    let names = fs::read_dir(directory().join("suites")).unwrap().map(|entry| entry.unwrap().file_name());
    let mut found: Vec<_> = names.map(|name| name.into_string().unwrap()).collect();
    expected.sort();
    found.sort();
    assert_eq!(found, expected);
}
