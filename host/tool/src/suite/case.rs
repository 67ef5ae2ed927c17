//! A case as it is written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;
use serde_json::{Map, Value};

use crate::selector::named;
use crate::trial::facts::WrittenFacts;

/// A case, with what it shares with others. docs/schema/case.json describes each member.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Case {
    /// What the case shows.
    pub name: String,
    /// A manifest, or its path.
    pub pod: Option<Value>,
    /// The node's name.
    pub node: Option<String>,
    /// The interface that the runtime asks for.
    pub interface: Option<String>,
    /// The module that is asked alone.
    pub module: Option<String>,
    /// Its settings.
    pub settings: Option<Value>,
    /// Its grants.
    pub grant: Option<Value>,
    /// The configuration, or its path.
    pub config: Option<Value>,
    /// The directory of the networks.
    pub conf_dir: Option<String>,
    /// The networks by their files.
    pub networks: Option<Map<String, Value>>,
    /// What selectors may ask.
    pub facts: WrittenFacts,
    /// What was decided before.
    pub decided: Option<Value>,
    /// What the networks' plugins answered.
    pub outcomes: Option<Vec<Value>>,
    /// What is expected.
    pub expect: Expect,
}

/// What is expected.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "camelCase")]
pub struct Expect {
    /// The networks, in order.
    pub plan: Option<Vec<Value>>,
    /// Every selector passes.
    pub pass: bool,
    /// The pod does not start.
    pub refusal: Option<Refused>,
    /// The plan's reason.
    pub reason: Option<String>,
    /// The entry that decided.
    pub decided_by: Option<String>,
    /// What the runtime and the cluster get.
    pub merged: Option<Value>,
    /// All that may be asked.
    pub asks: Option<Vec<Value>>,
    /// The most fuel.
    pub fuel: Option<u64>,
}

/// An expected refusal.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Refused {
    /// Its kind.
    pub kind: Option<String>,
    /// The CNI error code.
    pub code: Option<u32>,
    /// A regular expression that matches in the message.
    pub text: Option<String>,
}

impl Expect {
    /// Whether a plan is expected.
    pub fn is_plan(&self) -> bool {
        self.plan.is_some() || self.reason.is_some() || self.decided_by.is_some() || self.merged.is_some()
    }

    /// The expected outcomes, of which there has to be one.
    pub fn outcomes(&self) -> Vec<&'static str> {
        let all = [(self.is_plan(), "plan"), (self.pass, "pass"), (self.refusal.is_some(), "refusal")];
        all.into_iter().filter(|(expected, _)| *expected).map(|(_, name)| name).collect()
    }
}

impl Case {
    /// The files and directories that the case names. Relative paths start in `dir`.
    pub fn inputs(&self, dir: &Path) -> Vec<PathBuf> {
        let paths = [self.pod.as_ref(), self.config.as_ref()].into_iter().flatten();
        let paths = paths.chain(&self.facts.objects).filter_map(Value::as_str);
        let module = self.module.as_deref().filter(|module| !named::is_built_in(module));
        paths.chain(module).chain(self.conf_dir.as_deref()).map(|path| dir.join(path)).collect()
    }
}

/// A case with what it shares with others, as one object. Of the facts, each member is taken for
/// itself.
pub fn with_defaults(case: &Map<String, Value>, defaults: &[&Map<String, Value>]) -> Value {
    let mut whole = BTreeMap::new();
    for layer in defaults.iter().copied().chain([case]) {
        for (key, value) in layer.iter().filter(|(key, _)| *key != "$schema") {
            match (key.as_str(), whole.get_mut(key), value) {
                ("facts", Some(Value::Object(facts)), Value::Object(more)) => facts.extend(more.clone()),
                _ => _ = whole.insert(key.clone(), value.clone()),
            }
        }
    }
    whole.into_iter().collect::<Map<_, _>>().into()
}
