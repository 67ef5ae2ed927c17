//! Whether a rule's conditions hold.

use genie_selector::{Network, Refusal, Request, log};

use crate::act::Named;
use crate::facts::Facts;
use crate::glob::Globs;
use crate::settings::{Annotation, Decided, Selected, When};
use crate::text::Text;

impl When<'_> {
    /// Whether all conditions hold. What costs nothing is looked at first, and a fact is asked for
    /// only when all before it holds.
    pub fn holds(&self, facts: &Facts<'_>, named: &Named<'_>) -> Result<bool, Refusal> {
        Ok(self.holds_free(facts.request, named)
            && self.holds_pod(facts)?
            && holds_labels(&self.namespace, |key, met| Ok(met(facts.namespace_label(key)?)))?
            && holds_labels(&self.node, |key, met| facts.is_node_label(key, met))?)
    }

    /// What the request itself tells.
    fn holds_free(&self, request: &Request, named: &Named<'_>) -> bool {
        let pod = &request.pod;
        is_named(self.namespace.names.as_ref(), &pod.namespace)
            && is_named(self.pod.names.as_ref(), &pod.name)
            && is_named(self.node.names.as_ref(), &request.node)
            && self.annotations.0.iter().all(|(key, wanted)| match (wanted, request.annotation(key)) {
                (Annotation::There(wanted), found) => *wanted == found.is_some(),
                (Annotation::Value(globs), found) => found.is_some_and(|value| globs.matches(value)),
            })
            && self.decided.as_ref().is_none_or(|decided| decided.holds(request, named))
    }

    fn holds_pod(&self, facts: &Facts<'_>) -> Result<bool, Refusal> {
        if !holds_labels(&self.pod, |key, met| Ok(met(facts.label(key)?)))? {
            return Ok(false);
        }
        if let Some(globs) = &self.service_account
            && !globs.matches(facts.service_account()?)
        {
            return Ok(false);
        }
        let Some(globs) = &self.owner else { return Ok(true) };
        Ok(facts.owner_kind()?.is_some_and(|kind| globs.matches(kind)))
    }
}

fn is_named(globs: Option<&Globs<'_>>, name: &str) -> bool {
    globs.is_none_or(|globs| globs.matches(name))
}

/// The test of a label's value, which gets none when there is no such label.
type Met<'a> = &'a dyn Fn(Option<&str>) -> bool;

fn holds_labels(
    selected: &Selected<'_>,
    label: impl Fn(&str, Met<'_>) -> Result<bool, Refusal>,
) -> Result<bool, Refusal> {
    for requirement in selected.requirements() {
        if !label(&requirement.key, &|value| requirement.is_met(value))? {
            return Ok(false);
        }
    }
    Ok(true)
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
