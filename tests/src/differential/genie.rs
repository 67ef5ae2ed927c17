//! genie as it stands where Multus stood.

use std::cell::RefCell;
use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::case::STATUS;
use super::runs::CONTAINER;
use super::{Contender, Turn};
use crate::call::ANNOTATIONS;
use crate::{Answer, Verb};

/// The built plugin, with the configuration that `genie-host import multus` makes of Multus' own.
#[derive(Debug, Default)]
pub struct Genie {
    /// What was made, by what it was made of.
    imported: RefCell<BTreeMap<String, Map<String, Value>>>,
}

impl Contender for Genie {
    fn call(&self, turn: &Turn<'_>, verb: &str) -> Answer {
        let verb = match verb {
            "ADD" => Verb::Add,
            "DEL" => Verb::Del,
            _ => Verb::Check,
        };
        let world = turn.world;
        let configuration = self.configuration(turn);
        let mut call = turn.node.call(verb).container(CONTAINER).args(&turn.args()).netns(world.netns.path());
        for (key, value) in &configuration {
            call = call.key(key, value.clone());
        }
        call = call
            .key("cache_dir", json!(world.directory("cache")))
            // The agent makes one of its own.
            .key("kubernetes", json!({"kubeconfig": turn.kubeconfig()}));
        let annotations = (ANNOTATIONS.to_owned(), Value::Object(turn.case.annotations()));
        for (capability, value) in turn.case.members("runtimeConfig").into_iter().chain([annotations]) {
            // A runtime hands over what is declared.
            if configuration["capabilities"][&capability] == true {
                call = call.runtime_config(&capability, value);
            }
        }
        call.run()
    }

    fn status(&self, turn: &Turn<'_>) -> Option<String> {
        let record = turn.node.record(CONTAINER, "eth0");
        let done = record.iter().find_map(|line| line.get("done"))?;
        done["annotations"][STATUS].as_str().map(ToOwned::to_owned)
    }
}

impl Genie {
    /// What `genie-host import multus` makes of the configuration that Multus has in this case.
    fn configuration(&self, turn: &Turn<'_>) -> Map<String, Value> {
        let multus = turn.multus().to_string();
        self.imported.borrow_mut().entry(multus).or_insert_with_key(|multus| import(turn, multus)).clone()
    }
}

fn import(turn: &Turn<'_>, multus: &str) -> Map<String, Value> {
    let [conf_dir, bin_dir] = [turn.node.conf_dir(), turn.node.bin()].map(|dir| dir.display().to_string());
    let arguments = ["import", "multus", "-", "--networks", &conf_dir, "--conf-dir", &conf_dir, "--bin-dir", &bin_dir];
    let answer = turn.node.genie_host_reads(&arguments, multus);
    assert_eq!(answer.status, Some(0), "all of it is carried over: {answer:?}");
    let imported: Value = serde_json::from_str(&answer.stdout).expect("a configuration is printed");
    imported.as_object().expect("a configuration is an object").clone()
}
