//! Runs of cases.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::case::{NAMESPACE, NETNS};
use super::world::POD;
use super::{Case, World, observe};
use crate::recorder;
use crate::{Answer, Node};

/// The container of every call.
pub const CONTAINER: &str = "c1";

/// Who does the work.
pub trait Contender {
    /// A call of the runtime.
    fn call(&self, turn: &Turn<'_>, verb: &str) -> Answer;

    /// The status that an ADD has published.
    fn status(&self, turn: &Turn<'_>) -> Option<String>;
}

/// A case that is running.
pub struct Turn<'w> {
    /// The case.
    pub case: &'w Case,
    /// Its world.
    pub world: &'w World,
    /// A node with the delegates. Its conf dir has the default network and the case's files.
    pub node: Node,
    /// The pod's uid at the API server.
    pub uid: String,
    /// Whether the API server is to be reached.
    pub api: bool,
}

/// The runs of one contender.
pub struct Runs<'w, C> {
    world: &'w World,
    contender: C,
    uids: BTreeMap<String, String>,
}

impl<'w, C: Contender> Runs<'w, C> {
    /// The cases must have been created.
    pub fn new(world: &'w World, contender: C) -> Self {
        Self { world, contender, uids: world.uids().into_iter().collect() }
    }

    /// Runs a case and tells what was observed.
    ///
    /// # Panics
    /// When something that is no part of the contender fails.
    pub fn observe(&self, case: &Case) -> Value {
        let uid = self.uids.get(&case.namespace()).cloned().unwrap_or_default();
        let mut turn = Turn { case, world: self.world, node: node(case, self.world), uid, api: true };
        let steps: Vec<_> = case.steps().iter().filter_map(|step| self.step(&mut turn, step)).collect();
        let left = self.world.netns.interfaces();
        assert_eq!(left, ["lo"], "{}: the delegates have left something", case.name());
        observe::without_the_run(&json!({ "steps": steps }), &turn)
    }

    fn step(&self, turn: &mut Turn<'_>, step: &Value) -> Option<Value> {
        if let Some(verb) = step.as_str() {
            let answer = self.contender.call(turn, verb);
            let done = answer.status == Some(0);
            let mut seen = observe::answer(verb, &answer, turn);
            if verb == "ADD" && done {
                seen["status"] = self.contender.status(turn).into();
                if turn.case.value()["routes"] == true {
                    seen["routes"] = turn.world.default_routes();
                }
            }
            return Some(seen);
        }
        if let Some(arguments) = step["kubectl"].as_array() {
            let namespace = turn.case.namespace();
            let words = arguments.iter().map(|word| word.as_str().unwrap_or_default().replace(NAMESPACE, &namespace));
            let words: Vec<_> = words.collect();
            let words: Vec<_> =
                ["--namespace", &namespace].into_iter().chain(words.iter().map(String::as_str)).collect();
            turn.world.server.kubectl(&words);
        }
        if step["api"] == "down" {
            turn.api = false;
        }
        if let Some(script) = step.get("script") {
            let kind = script["kind"].as_str().unwrap_or_default();
            write_script(turn.node.bin().as_path(), turn.world, kind, |scripts| {
                scripts[script["verb"].as_str().unwrap_or_default()] = script["does"].clone();
            });
        }
        None
    }
}

impl Turn<'_> {
    /// `CNI_ARGS` as the runtime hands it over.
    pub fn args(&self) -> String {
        let (more, namespace) = (self.case.text("args"), self.case.namespace());
        let args =
            format!("{more};K8S_POD_NAMESPACE={namespace};K8S_POD_NAME={POD};K8S_POD_INFRA_CONTAINER_ID={CONTAINER}");
        match self.case.text("uid") {
            "" => args,
            uid => args + ";K8S_POD_UID=" + &uid.replace("UID", &self.uid),
        }
    }

    /// The kubeconfig by which the API server is asked.
    pub fn kubeconfig(&self) -> PathBuf {
        if self.api { self.world.server.kubeconfig() } else { self.world.dead_kubeconfig() }
    }

    /// The configuration of thin Multus as its entrypoint writes it, with directories of the case's own.
    pub fn multus(&self) -> Value {
        let mut config = json!({
            "cniVersion": "1.0.0", "name": "multus-cni-network", "type": "multus", "kubeconfig": self.kubeconfig(),
            "delegates": [default_network()], "cniDir": self.node.dir().join("multus"),
            "confDir": self.node.conf_dir(), "binDir": self.node.bin(),
            "multusNamespace": format!("{}-system", self.case.namespace()),
            "namespaceIsolation": self.case.is_isolated(),
        });
        let runtime = self.case.members("runtimeConfig");
        if !runtime.is_empty() {
            config["capabilities"] = json!({"portMappings": true});
            config["runtimeConfig"] = Value::Object(runtime);
        }
        config
    }
}

/// The network that every pod gets.
pub fn default_network() -> Value {
    json!({
        "cniVersion": "1.0.0", "name": "defnet",
        "plugins": [{"type": "main", "capabilities": {"portMappings": true}, "own": {"key": "of the plugin"}}],
    })
}

fn node(case: &Case, world: &World) -> Node {
    let node = Node::new();
    node.recorders(&["main", "mac1", "mac2", "mac3"]);
    node.network("10-defnet.conflist", &default_network());
    for (name, config) in case.members("files") {
        node.network(&name, &config);
    }
    for (kind, of) in case.members("scripts") {
        write_script(&node.bin(), world, &kind, |scripts| *scripts = of);
    }
    node
}

fn write_script(bin: &Path, world: &World, kind: &str, change: impl FnOnce(&mut Value)) {
    let file = recorder::script_file(bin, kind);
    let text = std::fs::read_to_string(&file).unwrap_or_else(|_| "{}".into());
    let mut scripts = serde_json::from_str(&text).expect("a script is JSON");
    change(&mut scripts);
    let netns = world.netns.path();
    let text = scripts.to_string().replace(NETNS, &netns.display().to_string());
    std::fs::write(file, text).expect("the directory is ours");
}
