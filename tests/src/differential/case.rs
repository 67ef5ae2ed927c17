//! A case: a pod, the definitions that there are, and the calls that the runtime makes for it.

use serde_json::{Map, Value, json};

use crate::{Script, Verb};

/// The annotation that selects definitions.
pub const NETWORKS: &str = "k8s.v1.cni.cncf.io/networks";
/// The annotation that selects another default network.
pub const DEFAULT_NETWORK: &str = "v1.multus-cni.io/default-network";
/// The annotation that both publish.
pub const STATUS: &str = "k8s.v1.cni.cncf.io/network-status";

/// What stands for the pod's namespace in the texts of a case.
pub const NAMESPACE: &str = "NAMESPACE";
/// What stands for the path of the pod's network namespace.
pub const NETNS: &str = "NETNS";
/// What stands for a text of 2^20 bytes, so that no recording holds it.
pub const MEBIBYTE: &str = "MEBIBYTE";
/// What stands for ten thousand objects inside each other.
pub const DEEP: &str = "DEEP";

/// A case is kept as JSON, so that a recording can hold it as it was.
#[derive(Clone, Debug, PartialEq)]
pub struct Case(Value);

/// A `NetworkAttachmentDefinition`.
#[derive(Clone, Debug)]
pub struct Definition {
    /// What its namespace has behind the pod's namespace: nothing, or `-other`.
    pub suffix: String,
    /// The object's name.
    pub name: String,
    /// `spec.config`, if it has any.
    pub config: Option<String>,
}

impl Case {
    /// A pod without annotations, in a namespace without definitions, that comes and goes.
    pub fn new(name: &str) -> Self {
        Self(json!({
            "name": name, "annotations": {}, "definitions": [], "files": {}, "runtimeConfig": {}, "scripts": {},
            "args": "IgnoreUnknown=true", "uid": "UID", "isolated": false, "steps": [],
        }))
    }

    /// A case as a recording has it.
    pub fn read(value: Value) -> Self {
        Self(value)
    }

    /// The case as a recording holds it.
    pub fn value(&self) -> &Value {
        &self.0
    }

    /// Its name. The pod's namespace has it, too.
    pub fn name(&self) -> &str {
        self.0["name"].as_str().unwrap_or_default()
    }

    /// The pod's namespace.
    pub fn namespace(&self) -> String {
        format!("d-{}", self.name())
    }

    /// Sets an annotation of the pod.
    #[must_use]
    pub fn annotated(mut self, key: &str, value: &str) -> Self {
        self.0["annotations"][key] = value.into();
        self
    }

    /// Selects networks, in either form of the annotation.
    #[must_use]
    pub fn networks(self, value: &str) -> Self {
        self.annotated(NETWORKS, value)
    }

    /// Selects networks in the form that is JSON.
    #[must_use]
    pub fn elements(self, elements: &Value) -> Self {
        self.networks(&elements.to_string())
    }

    /// Adds a definition in the pod's own namespace.
    #[must_use]
    pub fn definition(self, name: &str, config: &Value) -> Self {
        self.raw_definition("", name, Some(&config.to_string()))
    }

    /// Adds a definition; `suffix` is what its namespace has behind the pod's, `config` any text.
    #[must_use]
    pub fn raw_definition(mut self, suffix: &str, name: &str, config: Option<&str>) -> Self {
        self.push("definitions", json!({"suffix": suffix, "name": name, "config": config}));
        self
    }

    /// Adds a file of the directory in which a definition without a configuration is looked for.
    #[must_use]
    pub fn file(mut self, name: &str, config: &Value) -> Self {
        self.0["files"][name] = config.clone();
        self
    }

    /// Sets a member of the `runtimeConfig` of the runtime.
    #[must_use]
    pub fn runtime_config(mut self, capability: &str, value: Value) -> Self {
        self.0["runtimeConfig"][capability] = value;
        self
    }

    /// Sets what `CNI_ARGS` has beside the pod's name.
    #[must_use]
    pub fn args(mut self, args: &str) -> Self {
        self.0["args"] = args.into();
        self
    }

    /// Sets the pod's uid as the runtime has it. `UID` is the right one, an empty one is left out.
    #[must_use]
    pub fn uid(mut self, uid: &str) -> Self {
        self.0["uid"] = uid.into();
        self
    }

    /// A pod may only use definitions of its own namespace.
    #[must_use]
    pub fn isolated(mut self) -> Self {
        self.0["isolated"] = true.into();
        self
    }

    /// Sets what a delegate does on a verb, from the beginning.
    #[must_use]
    pub fn script(mut self, kind: &str, verb: Verb, script: Script) -> Self {
        self.0["scripts"][kind][verb.as_str()] = script.into_value();
        self
    }

    /// What a delegate answers to ADD.
    #[must_use]
    pub fn answers(self, kind: &str, result: &Value) -> Self {
        self.script(kind, Verb::Add, Script::new().json(result))
    }

    /// The pod's default routes are looked at after its ADD.
    #[must_use]
    pub fn routes(mut self) -> Self {
        self.0["routes"] = true.into();
        self
    }

    /// Calls of the runtime: `ADD`, `DEL`, `CHECK`. Without any there is an ADD and a DEL.
    #[must_use]
    pub fn calls(mut self, verbs: &[&str]) -> Self {
        for verb in verbs {
            self.push("steps", json!(verb));
        }
        self
    }

    /// Runs kubectl between two calls.
    #[must_use]
    pub fn kubectl(mut self, arguments: &[&str]) -> Self {
        self.push("steps", json!({"kubectl": arguments}));
        self
    }

    /// From here on the API server is not to be reached.
    #[must_use]
    pub fn api_down(mut self) -> Self {
        self.push("steps", json!({"api": "down"}));
        self
    }

    /// From here on a delegate does something else on a verb.
    #[must_use]
    pub fn then_script(mut self, kind: &str, verb: Verb, script: Script) -> Self {
        self.push("steps", json!({"script": {"kind": kind, "verb": verb.as_str(), "does": script.into_value()}}));
        self
    }

    /// The steps in order.
    pub fn steps(&self) -> Vec<Value> {
        let steps = self.0["steps"].as_array().cloned().unwrap_or_default();
        if steps.is_empty() { vec!["ADD".into(), "DEL".into()] } else { steps }
    }

    /// The annotations, with the pod's namespace in place.
    pub fn annotations(&self) -> Map<String, Value> {
        let deep = || "{\"a\":".repeat(9_999) + "1" + &"}".repeat(9_999);
        let written = |text: &Value| {
            let text = text.as_str().unwrap_or_default().replace(NAMESPACE, &self.namespace());
            if text.contains(DEEP) { text.replace(DEEP, &deep()) } else { text }
        };
        self.members("annotations").iter().map(|(key, text)| (key.clone(), written(text).into())).collect()
    }

    /// The definitions.
    pub fn definitions(&self) -> Vec<Definition> {
        let all = self.0["definitions"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().map(ToOwned::to_owned);
        let one = |value: &Value| Definition {
            suffix: text(&value["suffix"]).unwrap_or_default(),
            name: text(&value["name"]).unwrap_or_default(),
            config: text(&value["config"]).map(|config| config.replace(MEBIBYTE, &"x".repeat(1 << 20))),
        };
        all.map(one).collect()
    }

    /// A member that is an object: `files`, `runtimeConfig`, `scripts`.
    pub fn members(&self, name: &str) -> Map<String, Value> {
        self.0[name].as_object().cloned().unwrap_or_default()
    }

    /// A member that is a text: `args`, `uid`.
    pub fn text(&self, name: &str) -> &str {
        self.0[name].as_str().unwrap_or_default()
    }

    /// Whether a pod may only use definitions of its own namespace.
    pub fn is_isolated(&self) -> bool {
        self.0["isolated"] == true
    }

    fn push(&mut self, list: &str, value: Value) {
        if let Some(list) = self.0[list].as_array_mut() {
            list.push(value);
        }
    }
}
