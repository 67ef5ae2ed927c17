//! The settings: `{"rules": [{"when": {…}, "networks": "calico"}]}`. docs/rules.md describes them.

use std::collections::BTreeMap;
use std::fmt;

use genie_selector::plugin_list;
use genie_selector::serde::Deserialize;
use genie_selector::serde::de::{self, Deserializer, SeqAccess, Visitor};

use crate::glob::Globs;
use crate::label::{self, MatchLabels, Requirement};
use crate::place::{List, members};

/// The whole table.
#[derive(Debug, Deserialize)]
#[serde(crate = "genie_selector::serde", try_from = "Table")]
pub struct Settings {
    /// The rules, in the order in which they are tried. Never empty.
    pub rules: Vec<Rule>,
}

#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", deny_unknown_fields)]
struct Table {
    #[serde(deserialize_with = "rules")]
    rules: List<Rule>,
}

impl TryFrom<Table> for Settings {
    type Error = &'static str;

    fn try_from(Table { rules: List(rules) }: Table) -> Result<Self, Self::Error> {
        if rules.is_empty() { Err("rules: is empty: write at least one rule") } else { Ok(Self { rules }) }
    }
}

/// One rule.
#[derive(Debug, Deserialize)]
#[serde(crate = "genie_selector::serde", try_from = "Written")]
pub struct Rule {
    /// The name for messages.
    pub name: Option<String>,
    /// All of this has to hold.
    pub when: When,
    /// What happens then.
    pub action: Action,
}

#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase", deny_unknown_fields)]
struct Written {
    #[serde(default, deserialize_with = "name")]
    name: Option<String>,
    #[serde(default, deserialize_with = "when")]
    when: When,
    #[serde(default, deserialize_with = "networks")]
    networks: Option<plugin_list::Written>,
    #[serde(default, deserialize_with = "add")]
    add: Option<plugin_list::Written>,
    #[serde(default, deserialize_with = "networks_from")]
    networks_from: Option<Origin>,
    #[serde(default, deserialize_with = "deny")]
    deny: Option<String>,
    #[serde(default, deserialize_with = "pass")]
    pass: Option<bool>,
}

/// What a rule does.
#[derive(Debug)]
pub enum Action {
    /// The pod gets these networks.
    Networks(String),
    /// The pod gets these networks beside those that are decided.
    Add(String),
    /// The pod gets the networks that this text names.
    NetworksFrom(Origin),
    /// The pod is refused, with this sentence.
    Deny(String),
    /// The next selector decides, or what is decided stands.
    Pass,
}

/// The key of a text that names networks.
#[derive(Debug, Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase")]
pub enum Origin {
    /// An annotation of the pod.
    Annotation(String),
    /// A label of the pod.
    Label(String),
    /// A label of the pod's namespace.
    NamespaceLabel(String),
}

impl TryFrom<Written> for Rule {
    type Error = String;

    fn try_from(written: Written) -> Result<Self, String> {
        let Written { name, when, networks, add, networks_from, deny, pass } = written;
        let actions = [
            networks.map(|list| Action::Networks(list.0)),
            add.map(|list| Action::Add(list.0)),
            networks_from.map(Action::NetworksFrom),
            deny.map(Action::Deny),
            pass.map(|_| Action::Pass),
        ];
        let mut actions = actions.into_iter().flatten();
        let (Some(action), None) = (actions.next(), actions.next()) else {
            return Err("has to say exactly one of networks, add, networksFrom, deny, pass".to_owned());
        };
        match &action {
            Action::Networks(list) | Action::Add(list) if list.trim().is_empty() => {
                return Err("names no network".to_owned());
            }
            Action::Deny(sentence) if sentence.trim().is_empty() => {
                return Err("deny: is empty: write a sentence for the pod's owner".to_owned());
            }
            Action::Pass if pass == Some(false) => return Err("pass: write true, or leave it out".to_owned()),
            Action::NetworksFrom(Origin::Label(key) | Origin::NamespaceLabel(key)) => label::check_key(key)?,
            _ => {}
        }
        Ok(Self { name, when, action })
    }
}

/// The conditions of a rule. What is left out always holds.
#[derive(Debug, Default, Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase", deny_unknown_fields)]
pub struct When {
    /// The pod's namespace.
    #[serde(default, deserialize_with = "namespace")]
    pub namespace: Selected,
    /// The pod.
    #[serde(default, deserialize_with = "pod")]
    pub pod: Selected,
    /// The pod's node.
    #[serde(default, deserialize_with = "node")]
    pub node: Selected,
    /// The name of the pod's service account.
    #[serde(default, deserialize_with = "service_account")]
    pub service_account: Option<Globs>,
    /// The kind of the pod's controlling owner.
    #[serde(default, deserialize_with = "owner")]
    pub owner: Option<Globs>,
    /// The pod's annotations.
    #[serde(default, deserialize_with = "annotations")]
    pub annotations: BTreeMap<String, Annotation>,
    /// What an earlier selector decided.
    #[serde(default, deserialize_with = "decided")]
    pub decided: Option<Decided>,
}

/// The conditions of something with a name and labels.
#[derive(Debug, Default, Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase", deny_unknown_fields)]
pub struct Selected {
    /// Its name.
    #[serde(default, deserialize_with = "names")]
    pub names: Option<Globs>,
    #[serde(default, deserialize_with = "match_labels")]
    match_labels: MatchLabels,
    #[serde(default, deserialize_with = "match_expressions")]
    match_expressions: List<Requirement>,
}

impl Selected {
    /// What its labels have to meet.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement> {
        self.match_labels.0.iter().chain(&self.match_expressions.0)
    }
}

/// The condition of an annotation.
#[derive(Debug)]
pub enum Annotation {
    /// Whether there has to be one.
    There(bool),
    /// Its value.
    Value(Globs),
}

/// The condition of an earlier decision.
#[derive(Debug, Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase")]
pub enum Decided {
    /// There is none.
    None,
    /// There is one.
    Any,
    /// It has at least one of these networks.
    Networks(Vec<String>),
    /// It has at least one network beside these.
    OtherThan(Vec<String>),
}

members! {
    rules = "rules";
    name = ".name";
    when = ".when";
    networks = ".networks";
    add = ".add";
    networks_from = ".networksFrom";
    deny = ".deny";
    pass = ".pass";
    namespace = ".namespace";
    pod = ".pod";
    node = ".node";
    service_account = ".serviceAccount";
    owner = ".owner";
    annotations = ".annotations";
    decided = ".decided";
    names = ".names";
    match_labels = ".matchLabels";
    match_expressions = ".matchExpressions";
}

impl<'de> Deserialize<'de> for Annotation {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Value;
        impl<'de> Visitor<'de> for Value {
            type Value = Annotation;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value such as \"gold-*\", a list of values, or true or false for whether there is one")
            }

            fn visit_bool<E>(self, there: bool) -> Result<Annotation, E> {
                Ok(Annotation::There(there))
            }

            fn visit_str<E>(self, glob: &str) -> Result<Annotation, E> {
                Ok(Annotation::Value(Globs::one(glob.to_owned())))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Annotation, A::Error> {
                Globs::deserialize(de::value::SeqAccessDeserializer::new(elements)).map(Annotation::Value)
            }
        }
        reader.deserialize_any(Value)
    }
}
