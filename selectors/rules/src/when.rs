//! Whether a rule's conditions hold.

use std::fmt;

use genie_selector::serde::Deserialize;
use genie_selector::serde::de::{DeserializeSeed, Deserializer, SeqAccess, Visitor};
use genie_selector::{Network, Refusal, Request, log};

use crate::act::Named;
use crate::facts::Facts;
use crate::failure::Failure;
use crate::glob::{self, MatchesOneOf};
use crate::label::{MatchLabels, Requirement};
use crate::place::{List, Pairs};
use crate::settings::{Selected, When};
use crate::text::Text;
use crate::unread::Unread;

impl When<'_> {
    /// Whether all conditions hold. What costs nothing is looked at first, and a fact is asked for
    /// only when all before it holds.
    pub fn holds(&self, facts: &Facts<'_>, named: &Named<'_>) -> Result<bool, Failure> {
        Ok(self.holds_free(facts.request, named)?
            && self.holds_pod(facts)?
            && holds_labels(&self.namespace, ".when.namespace", |key, met| Ok(met(facts.namespace_label(key)?)))?
            && holds_labels(&self.node, ".when.node", |key, met| facts.is_node_label(key, met))?)
    }

    /// What the request itself tells.
    fn holds_free(&self, request: &Request, named: &Named<'_>) -> Result<bool, Failure> {
        if ![&self.namespace, &self.pod, &self.node].into_iter().all(|selected| selected.is_named) {
            return Ok(false);
        }
        if let Some(annotations) = self.annotations
            && !holds_annotations(annotations, request)?
        {
            return Ok(false);
        }
        let Some(decided) = self.decided else { return Ok(true) };
        Ok(decided.read::<Decided<'_>>(".when.decided")?.holds(request, named))
    }

    fn holds_pod(&self, facts: &Facts<'_>) -> Result<bool, Failure> {
        if !holds_labels(&self.pod, ".when.pod", |key, met| Ok(met(facts.label(key)?)))? {
            return Ok(false);
        }
        if let Some(globs) = self.service_account
            && !globs.read_with(MatchesOneOf(Some(facts.service_account()?)), ".when.serviceAccount")?
        {
            return Ok(false);
        }
        let Some(globs) = self.owner else { return Ok(true) };
        Ok(globs.read_with(MatchesOneOf(facts.owner_kind()?), ".when.owner")?)
    }
}

/// The test of a label's value, which gets none when there is no such label.
type Met<'a> = &'a dyn Fn(Option<&str>) -> bool;

fn holds_labels(
    selected: &Selected<'_>,
    place: &str,
    label: impl Fn(&str, Met<'_>) -> Result<bool, Refusal>,
) -> Result<bool, Failure> {
    if let Some(labels) = selected.match_labels {
        let MatchLabels(labels) = labels.read(format_args!("{place}.matchLabels"))?;
        for (key, wanted) in labels {
            if !label(&key, &|value| value == Some(&*wanted))? {
                return Ok(false);
            }
        }
    }
    if let Some(requirements) = selected.match_expressions {
        let List(requirements) =
            requirements.read::<List<Requirement<'_>>>(format_args!("{place}.matchExpressions"))?;
        for requirement in requirements {
            if !label(&requirement.key, &|value| requirement.is_met(value))? {
                return Ok(false);
            }
        }
    }
    Ok(true)
}

const ANNOTATIONS: &str = ".when.annotations";

fn holds_annotations(annotations: Unread<'_>, request: &Request) -> Result<bool, Failure> {
    let Pairs(annotations) = annotations.read::<Pairs<'_, Unread<'_>>>(ANNOTATIONS)?;
    for (key, wanted) in annotations {
        if !wanted.read_with(Annotation(request.annotation(&key)), ANNOTATIONS)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Reads the condition of an annotation, and tells whether the annotation meets it.
struct Annotation<'t>(Option<&'t str>);

impl<'de> DeserializeSeed<'de> for Annotation<'_> {
    type Value = bool;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<bool, D::Error> {
        reader.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Annotation<'_> {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value such as \"gold-*\", a list of values, or true or false for whether there is one")
    }

    fn visit_bool<E>(self, is_there: bool) -> Result<bool, E> {
        Ok(self.0.is_some() == is_there)
    }

    fn visit_str<E>(self, wanted: &str) -> Result<bool, E> {
        Ok(self.0.is_some_and(|value| glob::matches(wanted, value)))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, wanted: A) -> Result<bool, A::Error> {
        MatchesOneOf(self.0).visit_seq(wanted)
    }
}

/// The condition of an earlier decision.
#[derive(Deserialize)]
#[serde(crate = "genie_selector::serde", rename_all = "camelCase")]
enum Decided<'a> {
    /// There is none.
    None,
    /// There is one.
    Any,
    /// It has at least one of these networks.
    Networks(#[serde(borrow)] Vec<Text<'a>>),
    /// It has at least one network beside these.
    OtherThan(#[serde(borrow)] Vec<Text<'a>>),
}

impl Decided<'_> {
    fn holds(&self, request: &Request, named: &Named<'_>) -> bool {
        let Some(plan) = &request.decided else { return matches!(self, Self::None) };
        match self {
            Self::None => false,
            Self::Any => true,
            Self::Networks(these) => {
                let listed = listed(these, request, named);
                plan.networks(request).any(|network| network.is_some_and(|network| listed.contains(&network)))
            }
            Self::OtherThan(these) => {
                let listed = listed(these, request, named);
                plan.networks(request).any(|network| network.is_none_or(|network| !listed.contains(&network)))
            }
        }
    }
}

/// The networks of these names. Not every node has every network, so that one is missing is no
/// mistake.
fn listed<'a>(these: &[Text<'_>], request: &'a Request, named: &Named<'_>) -> Vec<&'a Network> {
    let find = |name: &Text<'_>| {
        let found = request.find_network(name);
        if found.is_none() {
            log::warn!("{named}: decided names {:?}, which is not installed here", &**name);
        }
        found
    };
    these.iter().filter_map(find).collect()
}
