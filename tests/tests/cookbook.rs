//! The recipes of docs/cookbook.md: each section with a configuration is a suite, whose policy and cases are
//! the section's blocks. And the guard of docs/script.md.

use std::fs;
use std::path::Path;

use genie_tests::{Node, documents, guests, programs};
use serde_json::{Value, json};

/// A section of the page.
struct Section<'a> {
    heading: &'a str,
    text: &'a str,
}

impl<'a> Section<'a> {
    /// All sections, in order.
    fn all(page: &'a str) -> Vec<Self> {
        let sections = page.split("\n## ").skip(1);
        sections.map(|text| Self { heading: text.lines().next().unwrap_or_default(), text }).collect()
    }

    /// The content of the section's only block in a language, if it has one.
    fn block(&self, language: &str) -> Option<&'a str> {
        let fence = format!("\n```{language}\n");
        let mut blocks = self.text.split(&fence).skip(1);
        let block = blocks.next()?.split("\n```").next();
        assert!(blocks.next().is_none(), "{}: two blocks of {language}", self.heading);
        block
    }

    /// Writes the suite into a directory: the configuration, the policy and the cases.
    fn write(&self, dir: &Path) {
        let members = self.block("json").expect("a recipe has a configuration");
        let mut config: Value =
            serde_json::from_str(&format!("{{{members}}}")).unwrap_or_else(|error| panic!("{}: {error}", self.heading));
        config["name"] = json!("k8s-pod-network");
        config["type"] = json!("genie");
        fs::write(dir.join("00-genie.conf"), config.to_string()).unwrap();
        let cases = self.block("yaml").unwrap_or_else(|| panic!("{}: no case", self.heading));
        fs::write(dir.join("cases.yaml"), cases).unwrap();

        let modules = config["selectors"].as_array().into_iter().flatten();
        let modules: Vec<_> = modules.filter_map(|entry| entry["module"].as_str()).collect();
        let files: Vec<_> = modules.into_iter().filter(|module| module.contains('.')).collect();
        let script = self.block("js");
        assert!(script.is_none() || files.len() == 1, "{}: which of {files:?} is the script?", self.heading);
        for file in files {
            let path = dir.join(file);
            match (script, file.strip_suffix(".wasm")) {
                (Some(script), _) => fs::write(path, script).unwrap(),
                (None, Some(example)) => _ = fs::copy(guests::sdk_example(example), path).unwrap(),
                (None, None) => {
                    let example = programs::root().join("guest-sdk/examples").join(file);
                    _ = fs::copy(example, path).unwrap();
                }
            }
        }
    }
}

#[test]
fn each_recipe_of_the_cookbook_passes_its_cases() {
    let page = documents::read("docs/cookbook.md");
    let sections = Section::all(&page);
    let (shared, recipes): (Vec<_>, Vec<_>) = sections.iter().partition(|section| section.block("json").is_none());
    let [shared] = shared[..] else { panic!("the node of all recipes is one section") };
    let suite = shared.block("yaml").expect("the suite's file");
    assert!(recipes.len() > 12, "{} recipes", recipes.len());
    let listed = page.lines().filter(|line| line.starts_with("| [")).count();
    assert_eq!(listed, recipes.len(), "rows of the table and recipes");

    let node = Node::new();
    let mut wrong = Vec::new();
    for (index, recipe) in recipes.iter().enumerate() {
        let dir = node.dir().join(format!("recipe-{index}"));
        fs::create_dir(&dir).unwrap();
        fs::write(dir.join("suite.yaml"), suite).unwrap();
        recipe.write(&dir);
        let told = node.genie_host(&["test", dir.to_str().unwrap()]);
        if told.status != Some(0) {
            wrong.push(format!("{}: {}{}", recipe.heading, told.stdout, told.stderr));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn the_guard_of_script_md_finds_a_network_by_file_and_by_name() {
    let page = documents::read("docs/script.md");
    let guard = page.split("\n```js\n").find(|block| block.contains("decided === null")).expect("the guard");
    let node = Node::new();
    let write = |file: &str, text: &str| fs::write(node.dir().join(file), text).unwrap();
    write("guard.js", guard.split("\n```").next().unwrap_or_default());
    let networks = json!({
        "10-calico.conflist": {"cniVersion": "1.0.0", "name": "k8s-pod-network", "plugins": [{"type": "calico"}]},
        "20-blue.conflist": {"cniVersion": "1.0.0", "name": "blue", "plugins": [{"type": "bridge"}]},
    });
    let case =
        |decided: Value, expect: Value| json!({"name": decided.to_string(), "decided": decided, "expect": expect});
    let denied = json!({"refusal": {"kind": "denied", "text": "calico only"}});
    let suite = json!({
        "defaults": {"networks": networks, "module": "guard.js"},
        "cases": [
            case(json!([{"network": "10-calico.conflist"}]), json!({"plan": ["calico"]})),
            case(json!([{"network": "k8s-pod-network"}]), json!({"plan": ["calico"]})),
            case(json!([{"network": "blue"}]), denied.clone()),
            case(json!([{"network": "10-calico.conflist"}, {"network": "20-blue.conflist"}]), denied.clone()),
            case(json!([{"inline": {"cniVersion": "1.0.0", "name": "own", "type": "bridge"}}]), denied.clone()),
            case(json!([{"definition": {"namespace": "shop", "name": "calico"}}]), denied),
        ],
    });
    write("cases.json", &suite.to_string());
    let told = node.genie_host(&["test", node.dir().to_str().unwrap()]);
    assert_eq!(told.status, Some(0), "{}{}", told.stdout, told.stderr);
}
