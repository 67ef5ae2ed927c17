//! The settings: `{"rules": [{"when": {…}, "networks": "calico"}]}`. docs/rules.md describes them.

use std::fmt;

use genie_selector::plugin_list;
use genie_selector::serde::Deserialize;
use genie_selector::serde::de::{self, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::glob::Globs;
use crate::label::{self, MatchLabels, Requirement};
use crate::place::{List, Pairs, at, each, members};
use crate::text::Text;

/// Reads the whole table and hands out its rules, with their indices, in the order in which they are
/// tried. Each is dropped before the next one is read: a table may be long, and every page of memory
/// that it takes costs the pod time.
pub struct Table<F>(pub F);

impl<'de, F: FnMut(usize, Rule<'de>)> DeserializeSeed<'de> for Table<F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_map(self)
    }
}

impl<'de, F: FnMut(usize, Rule<'de>)> Visitor<'de> for Table<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object with rules")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut members: A) -> Result<(), A::Error> {
        let mut is_read = false;
        while let Some(key) = members.next_key::<Text<'de>>()? {
            if &*key != "rules" {
                return Err(Error::unknown_field(&key, &["rules"]));
            }
            if is_read {
                return Err(Error::duplicate_field("rules"));
            }
            is_read = true;
            members.next_value_seed(Rules(&mut self.0)).map_err(|error| at("rules", error))?;
        }
        if is_read { Ok(()) } else { Err(Error::missing_field("rules")) }
    }
}

struct Rules<'f, F>(&'f mut F);

impl<'de, F: FnMut(usize, Rule<'de>)> DeserializeSeed<'de> for Rules<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<(), D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de, F: FnMut(usize, Rule<'de>)> Visitor<'de> for Rules<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<(), A::Error> {
        match each(elements, self.0)? {
            0 => Err(Error::custom("is empty: write at least one rule")),
            _ => Ok(()),
        }
    }
}

/// One rule.
pub struct Rule<'a> {
    /// The name for messages.
    pub name: Option<Text<'a>>,
    /// All of this has to hold.
    pub when: Box<When<'a>>,
    /// What happens then.
    pub action: Action<'a>,
}

#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase", deny_unknown_fields)]
struct Written<'a> {
    #[serde(borrow, default, deserialize_with = "name")]
    name: Option<Text<'a>>,
    #[serde(borrow, default, deserialize_with = "when")]
    when: Box<When<'a>>,
    #[serde(default, deserialize_with = "networks")]
    networks: Option<plugin_list::Written>,
    #[serde(default, deserialize_with = "add")]
    add: Option<plugin_list::Written>,
    #[serde(borrow, default, deserialize_with = "networks_from")]
    networks_from: Option<Origin<'a>>,
    #[serde(borrow, default, deserialize_with = "deny")]
    deny: Option<Text<'a>>,
    #[serde(default, deserialize_with = "pass")]
    pass: Option<bool>,
}

/// What a rule does.
pub enum Action<'a> {
    /// The pod gets these networks.
    Networks(String),
    /// The pod gets these networks beside those that are decided.
    Add(String),
    /// The pod gets the networks that this text names.
    NetworksFrom(Origin<'a>),
    /// The pod is refused, with this sentence.
    Deny(Text<'a>),
    /// The next selector decides, or what is decided stands.
    Pass,
}

/// The key of a text that names networks.
#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase")]
pub enum Origin<'a> {
    /// An annotation of the pod.
    Annotation(#[serde(borrow)] Text<'a>),
    /// A label of the pod.
    Label(#[serde(borrow)] Text<'a>),
    /// A label of the pod's namespace.
    NamespaceLabel(#[serde(borrow)] Text<'a>),
}

impl<'de: 'a, 'a> Deserialize<'de> for Rule<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        Self::checked(Written::deserialize(reader)?).map_err(Error::custom)
    }
}

impl<'a> Rule<'a> {
    fn checked(written: Written<'a>) -> Result<Self, String> {
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
#[derive(Default, Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase", deny_unknown_fields)]
pub struct When<'a> {
    /// The pod's namespace.
    #[serde(borrow, default, deserialize_with = "namespace")]
    pub namespace: Selected<'a>,
    /// The pod.
    #[serde(borrow, default, deserialize_with = "pod")]
    pub pod: Selected<'a>,
    /// The pod's node.
    #[serde(borrow, default, deserialize_with = "node")]
    pub node: Selected<'a>,
    /// The name of the pod's service account.
    #[serde(borrow, default, deserialize_with = "service_account")]
    pub service_account: Option<Globs<'a>>,
    /// The kind of the pod's controlling owner.
    #[serde(borrow, default, deserialize_with = "owner")]
    pub owner: Option<Globs<'a>>,
    /// The pod's annotations.
    #[serde(borrow, default, deserialize_with = "annotations")]
    pub annotations: Pairs<'a, Annotation<'a>>,
    /// What an earlier selector decided.
    #[serde(borrow, default, deserialize_with = "decided")]
    pub decided: Option<Decided<'a>>,
}

/// The conditions of something with a name and labels.
#[derive(Default, Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase", deny_unknown_fields)]
pub struct Selected<'a> {
    /// Its name.
    #[serde(borrow, default, deserialize_with = "names")]
    pub names: Option<Globs<'a>>,
    #[serde(borrow, default, deserialize_with = "match_labels")]
    match_labels: MatchLabels<'a>,
    #[serde(borrow, default, deserialize_with = "match_expressions")]
    match_expressions: List<Requirement<'a>>,
}

impl<'a> Selected<'a> {
    /// What its labels have to meet.
    pub fn requirements(&self) -> impl Iterator<Item = &Requirement<'a>> {
        self.match_labels.0.iter().chain(&self.match_expressions.0)
    }
}

/// The condition of an annotation.
pub enum Annotation<'a> {
    /// Whether there has to be one.
    There(bool),
    /// Its value.
    Value(Globs<'a>),
}

/// The condition of an earlier decision.
#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase")]
pub enum Decided<'a> {
    /// There is none.
    None,
    /// There is one.
    Any,
    /// It has at least one of these networks.
    Networks(#[serde(borrow)] Vec<Text<'a>>),
    /// It has at least one network beside these.
    OtherThan(#[serde(borrow)] Vec<Text<'a>>),
}

members! {
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

impl<'de: 'a, 'a> Deserialize<'de> for Annotation<'a> {
    fn deserialize<D: Deserializer<'de>>(reader: D) -> Result<Self, D::Error> {
        struct Value;
        impl<'de> Visitor<'de> for Value {
            type Value = Annotation<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value such as \"gold-*\", a list of values, or true or false for whether there is one")
            }

            fn visit_bool<E>(self, there: bool) -> Result<Annotation<'de>, E> {
                Ok(Annotation::There(there))
            }

            fn visit_borrowed_str<E>(self, glob: &'de str) -> Result<Annotation<'de>, E> {
                Ok(Annotation::Value(Globs::one(Text(glob.into()))))
            }

            fn visit_str<E>(self, glob: &str) -> Result<Annotation<'de>, E> {
                Ok(Annotation::Value(Globs::one(Text(glob.to_owned().into()))))
            }

            fn visit_seq<A: SeqAccess<'de>>(self, elements: A) -> Result<Annotation<'de>, A::Error> {
                Globs::deserialize(de::value::SeqAccessDeserializer::new(elements)).map(Annotation::Value)
            }
        }
        reader.deserialize_any(Value)
    }
}
