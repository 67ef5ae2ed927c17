//! What a rule does when its conditions hold.

use std::fmt;

use genie_selector::serde::de::Error as _;
use genie_selector::{Plan, Refusal, Request, Verdict, plugin_list};

use crate::facts::Facts;
use crate::failure::Failure;
use crate::label::check_key;
use crate::settings::{Action, Origin};
use crate::text::Text;
use crate::unread::Unread;

/// A rule as messages name it: `rule "tenants"`, or `rules[3]`.
pub struct Named<'a> {
    /// Its place in the settings.
    pub index: usize,
    /// Its name.
    pub name: Option<&'a str>,
}

impl fmt::Display for Named<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.name {
            Some(name) => write!(f, "rule {name:?}"),
            None => write!(f, "rules[{}]", self.index),
        }
    }
}

impl Named<'_> {
    /// The name of one of its members in messages.
    fn member(&self, key: &str) -> String {
        format!("settings.rules[{}].{key}", self.index)
    }

    /// The refusal with the rule's name in it.
    pub fn explain(&self, refusal: Refusal) -> Refusal {
        match refusal {
            Refusal::Invalid(mut mistake) => {
                mistake.message = format!("{} ({self})", mistake.message);
                Refusal::Invalid(mistake)
            }
            Refusal::Denied(sentence) => Refusal::Denied(format!("{self}: {sentence}")),
            Refusal::Unavailable(why) => Refusal::Unavailable(format!("{self}: {why}")),
            Refusal::Internal(why) => Refusal::Internal(format!("{self}: {why}")),
        }
    }
}

/// The verdict of an action. None when what should name the networks is not there: the next rule is
/// tried.
pub fn act(action: &Action<'_>, facts: &Facts<'_>, named: &Named<'_>) -> Result<Option<Verdict>, Failure> {
    let verdict = match action {
        Action::Networks(list) => {
            let list = listed(*list, ".networks")?;
            let mut plan = plugin_list::plan(facts.request, &named.member("networks"), &list)?;
            plan.reason = format!("{named}: networks {list:?}");
            plan.into()
        }
        Action::Add(list) => add(facts.request, &listed(*list, ".add")?, named)?,
        Action::NetworksFrom(origin) => match networks_from(&origin.read(".networksFrom")?, facts, named)? {
            Some(plan) => plan.into(),
            None => return Ok(None),
        },
        Action::Deny(sentence) => {
            let sentence: Text<'_> = sentence.read(".deny")?;
            if sentence.trim().is_empty() {
                return Err(mistake("deny: is empty: write a sentence for the pod's owner"));
            }
            return Err(Refusal::denied(&*sentence).into());
        }
        Action::Pass(pass) => {
            if !pass.read(".pass")? {
                return Err(mistake("pass: write true, or leave it out"));
            }
            Verdict::Pass
        }
    };
    Ok(Some(verdict))
}

fn mistake(what: impl fmt::Display) -> Failure {
    Failure::Mistake(serde_json::Error::custom(what))
}

/// A list of networks, which names at least one.
fn listed(list: Unread<'_>, place: &str) -> Result<String, Failure> {
    let plugin_list::Written(list) = list.read(place)?;
    if list.trim().is_empty() { Err(mistake("names no network")) } else { Ok(list) }
}

/// The plan so far with further networks behind it. A network that the pod has already is not added
/// again.
fn add(request: &Request, list: &str, named: &Named<'_>) -> Result<Verdict, Refusal> {
    let key = named.member("add");
    let Some(decided) = &request.decided else {
        let message = "there is no decision to add to: write \"run\": \"always\" in this entry, and put it behind \
                       the one that decides";
        return Err(Refusal::invalid(key, list, message));
    };
    let mut added = plugin_list::attachments(request, &key, list)?;
    let has = |wanted| decided.networks(request).flatten().any(|network| Some(network) == wanted);
    added.retain(|attachment| !has(request.network_of(attachment)));
    if added.is_empty() {
        return Ok(Verdict::Pass);
    }
    let attachments = decided.attachments.iter().cloned().chain(added).collect();
    Ok(Plan::new(format!("{}; {named} adds {list:?}", decided.reason), attachments).into())
}

/// The plan that a label or annotation names. A missing or blank one names nothing.
fn networks_from(origin: &Origin<'_>, facts: &Facts<'_>, named: &Named<'_>) -> Result<Option<Plan>, Failure> {
    if let Origin::Label(key) | Origin::NamespaceLabel(key) = origin {
        check_key(key).map_err(mistake)?;
    }
    let (place, written) = match origin {
        Origin::Annotation(key) => (format!("annotation {}", &**key), facts.request.annotation(key)),
        Origin::Label(key) => (format!("label {}", &**key), facts.label(key)?),
        Origin::NamespaceLabel(key) => {
            (format!("label {} of namespace {}", &**key, facts.request.pod.namespace), facts.namespace_label(key)?)
        }
    };
    let Some(written) = written.filter(|written| !written.trim().is_empty()) else { return Ok(None) };
    let mut plan = plugin_list::plan(facts.request, &place, written)?;
    plan.reason = format!("{named}: {}", plan.reason);
    Ok(Some(plan))
}
