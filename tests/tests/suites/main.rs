//! `genie-host test`: suites of cases, what fails them, and how that is told.

mod expected;
mod given;
mod output;
mod runs;
mod test_selector;
mod written;

use std::fs;
use std::path::PathBuf;

use genie_tests::fixture::reference_node;
use genie_tests::{Answer, Node};
use serde_json::{Value, json};

const PASSED: Option<i32> = Some(0);
const FAILED: Option<i32> = Some(1);
const USAGE: Option<i32> = Some(2);

/// A node and a directory of cases in it.
struct Suite {
    node: Node,
    dir: PathBuf,
}

impl Suite {
    /// A suite whose cases share the networks of the reference node, and this.
    fn new(shared: &Value) -> Self {
        let node = reference_node();
        let dir = node.dir().join("suite");
        fs::create_dir(&dir).unwrap();
        let mut all = shared.clone();
        all["confDir"] = json!(node.conf_dir());
        fs::write(dir.join("suite.yaml"), all.to_string()).unwrap();
        Self { node, dir }
    }

    /// A suite that asks the puppet.
    fn puppet() -> Self {
        let suite = Self::new(&json!({}));
        let module = suite.node.guest("puppet");
        suite.share(&json!({"module": module}));
        suite
    }

    fn share(&self, shared: &Value) {
        let mut all = shared.clone();
        all["confDir"] = json!(self.node.conf_dir());
        self.write("suite.yaml", &all.to_string());
    }

    fn write(&self, file: &str, text: &str) -> PathBuf {
        let path = self.dir.join(file);
        fs::write(&path, text).unwrap();
        path
    }

    fn case(&self, case: &Value) {
        self.write("case.json", &case.to_string());
    }

    fn run(&self, more: &[&str]) -> Answer {
        let dir = self.dir.display().to_string();
        let mut arguments = vec!["test", &dir];
        arguments.extend(more);
        self.node.genie_host(&arguments)
    }

    /// Runs this one case.
    fn with_case(&self, case: &Value) -> Answer {
        self.case(case);
        self.run(&[])
    }
}

#[track_caller]
fn says(text: &str, parts: &[&str]) {
    for part in parts {
        assert!(text.contains(part), "{part:?} is not in: {text}");
    }
}

fn plan(networks: &[&str]) -> Value {
    json!({"act": "plan", "networks": networks})
}

fn pod(cni: &str) -> Value {
    json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "web", "annotations": {"cni": cni}}})
}
