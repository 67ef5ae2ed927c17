//! What the settings of built-in selectors say that only a pod would find out: lists of networks that
//! cannot be read, rules that are never reached, and rules that ask what is not granted.

use genie_selector::{Refusal, plugin_list};
use serde::Deserialize as _;
use serde_json::{Value, json};

use super::finding::Finding;
use genie_core::selector::chain::{Entry, Run};
use genie_core::selector::grants::{Grants, Plain};
use genie_core::selector::module::Module;

/// The selector of tables of rules.
pub(super) const RULES: Module = Module::BuiltIn("rules");
/// The selector of pods that ask for nothing.
const DEFAULT: Module = Module::BuiltIn("default-plugin");
/// The interface that runtimes ask for, unless an operator has seen to another one.
const USUAL: &str = "eth0";

/// What is wrong in an entry whose settings fit their schema.
pub(super) fn findings(entry: &Entry) -> Vec<Finding> {
    let settings = entry.settings.to_value();
    let found = if entry.module == RULES {
        let rules = settings["rules"].as_array().into_iter().flatten().enumerate();
        rules.flat_map(|(index, rule)| of_rule(entry, &format!("settings.rules[{index}]"), rule)).collect()
    } else if entry.module == DEFAULT {
        let written = Some(&settings["networks"]).filter(|written| !is_blank(written));
        written.and_then(|written| of_list("settings.networks", written, true)).into_iter().collect()
    } else {
        Vec::new()
    };
    let name = &entry.name;
    found
        .into_iter()
        .map(|Finding { level, what }| Finding { level, what: format!("selector {name:?}: {what}") })
        .collect()
}

/// Whether the list is as good as left out.
fn is_blank(list: &Value) -> bool {
    list.as_str().is_some_and(|text| text.trim().is_empty()) || list.as_array().is_some_and(Vec::is_empty)
}

fn of_rule(entry: &Entry, place: &str, rule: &Value) -> Vec<Finding> {
    let place = match rule["name"].as_str() {
        Some(name) => format!("{place} ({name:?})"),
        None => place.to_owned(),
    };
    let mut found = Vec::new();
    found.extend(of_list(&format!("{place}.networks"), &rule["networks"], true));
    found.extend(of_list(&format!("{place}.add"), &rule["add"], false));
    found.extend(ungranted(&entry.grants, &place, rule));
    found.extend(no_kinds(&place, &rule["when"]["owner"]));
    if entry.run == Run::UntilDecided {
        found.extend(undecided(&place, rule));
    }
    found
}

/// Rules that only something decided would reach, in an entry that is asked while nothing is.
fn undecided(place: &str, rule: &Value) -> Option<Finding> {
    const WHEN: &str = "this entry is asked only while nothing is decided: write \"run\": \"always\" in it, and put it \
                        behind the entry that decides";
    let decided = &rule["when"]["decided"];
    if !decided.is_null() && decided != "none" {
        return Some(Finding::warning(format!("{place}.when.decided never holds, since {WHEN}")));
    }
    let refuses = || Finding::error(format!("{place}.add refuses each pod that the rule matches, since {WHEN}"));
    (!rule["add"].is_null()).then(refuses)
}

/// A list of networks that cannot be read, or that leaves the runtime's interface without a network.
fn of_list(place: &str, written: &Value, is_whole: bool) -> Option<Finding> {
    let list = plugin_list::Written::deserialize(written).ok().filter(|_| !written.is_null())?.0;
    let wanted = match plugin_list::parse(place, &list) {
        Ok(wanted) => wanted,
        Err(Refusal::Invalid(mistake)) => {
            let what = format!("{}: {:?}: {}", mistake.key, mistake.value, mistake.message);
            return Some(Finding::error(what));
        }
        Err(_) => return None,
    };
    let elsewhere = wanted.iter().all(|wanted| wanted.interface.is_some_and(|interface| interface != USUAL));
    (is_whole && elsewhere).then(|| {
        let example = wanted.first().map_or("NETWORK", |wanted| wanted.name);
        Finding::warning(format!(
            "{place}: {list:?}: no network is on {USUAL}, so that a pod would have no address there and is refused: \
             write one of them without `@`, or as {example}@{USUAL}"
        ))
    })
}

/// Kinds of owners that no object has.
fn no_kinds(place: &str, owner: &Value) -> Vec<Finding> {
    let kinds = owner.as_array().into_iter().flatten().filter_map(Value::as_str);
    let wrong = kinds.filter(|kind| kind.starts_with(|first: char| !first.is_ascii_uppercase() && first != '*'));
    let told = |kind| {
        let what = "no pod's owner is of such a kind: kinds begin with a capital letter, as in ReplicaSet";
        Finding::warning(format!("{place}.when.owner: {kind:?}: {what}"))
    };
    wrong.map(told).collect()
}

/// What a rule asks and the entry's grants do not hold.
fn ungranted(grants: &Grants, place: &str, rule: &Value) -> Vec<Finding> {
    let when = &rule["when"];
    let is_there = |value: &Value| !value.is_null();
    let some = |list: &Value| {
        list.as_object().is_some_and(|list| !list.is_empty()) || list.as_array().is_some_and(|list| !list.is_empty())
    };
    let labels = |of: &Value| some(&of["matchLabels"]) || some(&of["matchExpressions"]);
    let pod = || (!grants.has(Plain::Pod)).then(|| json!("pod"));
    let node = || (!grants.has(Plain::Node)).then(|| json!("node"));
    let namespace = || grants.lacks_own_namespace();
    let asked = [
        (labels(&when["pod"]), ".when.pod", "labels of the pod", pod()),
        (is_there(&when["serviceAccount"]), ".when.serviceAccount", "the pod's service account", pod()),
        (is_there(&when["owner"]), ".when.owner", "the pod's owner", pod()),
        (is_there(&rule["networksFrom"]["label"]), ".networksFrom", "a label of the pod", pod()),
        (labels(&when["namespace"]), ".when.namespace", "labels of the pod's namespace", namespace()),
        (
            is_there(&rule["networksFrom"]["namespaceLabel"]),
            ".networksFrom",
            "a label of the pod's namespace",
            namespace(),
        ),
        (labels(&when["node"]), ".when.node", "labels of the node", node()),
    ];
    let told = |(asks, member, what, lacks): (bool, &str, &str, Option<Value>)| {
        let lacks = lacks.filter(|_| asks)?;
        let advice = grants.advice(&[lacks]);
        Some(Finding::error(format!("{place}{member} asks for {what}, which is not granted to it: {advice}")))
    };
    asked.into_iter().filter_map(told).collect()
}

#[cfg(test)]
mod tests;
