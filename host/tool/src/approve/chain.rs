//! Whether a chain may be put in force: what is wrong with it, and what is probably a mistake.

use std::time::Instant;

use serde_json::json;

use super::finding::{Finding, Level};
use super::settings;
use super::written;
use crate::script;
use genie_core::cni::CniError;
use genie_core::selector::chain::{Chain, Entry, Run};
use genie_core::selector::module::Module;
use genie_core::selector::module::loaded::LoadedSelector;
use genie_core::text::one_line;

/// The selector that always decides.
const LAST: Module = Module::BuiltIn("default-plugin");

/// Loads a module. The result is none when the module cannot be looked at here.
pub type Load<'a> = dyn Fn(&Module) -> Option<Result<LoadedSelector, CniError>> + 'a;

/// Finds everything that is wrong: modules that do not load, imports that are not granted, settings
/// that do not fit, scripts that cannot be evaluated, and an order and a `wake` that cannot be meant.
pub fn chain(chain: &Chain, load: &Load<'_>, deadline: Instant) -> Vec<Finding> {
    let mut found: Vec<_> = chain.entries.iter().flat_map(|entry| loaded(chain, entry, load, deadline)).collect();
    found.extend(of_entries(&chain.entries));
    found
}

/// Finds what is probably a mistake in the entries themselves, whatever their modules are: an order and a
/// `wake` that cannot be meant.
pub fn of_entries(entries: &[Entry]) -> Vec<Finding> {
    let mut found = order(entries);
    found.extend(asleep(entries));
    found
}

fn loaded(chain: &Chain, entry: &Entry, load: &Load<'_>, deadline: Instant) -> Vec<Finding> {
    let selector = match load(&entry.module) {
        None => return Vec::new(),
        Some(Err(error)) => return vec![error.into()],
        Some(Ok(selector)) => selector,
    };
    let mut found: Vec<_> = imports(entry, &selector).into_iter().collect();
    if chain.merge.as_ref() == Some(&entry.name) && !selector.merges() {
        let what =
            format!("\"merge\" is {:?}, which exports no merge: name one that does, or leave it out", entry.name);
        found.push(Finding::error(what));
    }
    match selector.describe(deadline) {
        Ok(about) => {
            found.extend(settings_of(entry, &about.settings_schema));
            if found.iter().all(|finding| finding.level == Level::Warning) {
                found.extend(script::check(&selector, &about.name, entry, deadline).err().map(Finding::error));
                found.extend(written::findings(entry));
            }
        }
        Err(error) => found.push(error.context("it cannot be asked what it is").into()),
    }
    found
}

/// Imports that are not granted, and a grant of the cluster that does not hold what is asked of it.
fn imports(entry: &Entry, selector: &LoadedSelector) -> Option<Finding> {
    let Entry { name, grants, .. } = entry;
    if let Err(error) = grants.check_imports(name, selector.imports()) {
        return Some(error.into());
    }
    // Which rules ask is known, and looked at with them. A script's engine imports everything.
    if entry.module == written::RULES || grants.permits_any_import() || !selector.imports().has_namespace_labels() {
        return None;
    }
    let what = format!(
        "selector {name:?} imports namespace-labels of cluster, and may not read the pod's namespace, so that each \
         pod that it asks for is refused (error 7): {}",
        grants.advice(&[grants.lacks_own_namespace()?])
    );
    // One that can ask for other objects, too, may be granted these alone.
    Some(if selector.imports().has_get() { Finding::warning(what) } else { Finding::error(what) })
}

fn settings_of(entry: &Entry, schema: &str) -> Vec<Finding> {
    let name = &entry.name;
    let empty = json!({});
    let settings = &entry.settings.to_value();
    if schema.trim().is_empty() {
        let what = format!("selector {name:?} has settings, but publishes no schema of any: they are not checked");
        return if *settings == empty { Vec::new() } else { vec![Finding::warning(what)] };
    }
    match settings::check_settings(schema, settings) {
        Ok(mistakes) => {
            let told = mistakes.into_iter().map(|mistake| Finding::error(format!("selector {name:?}: {mistake}")));
            told.collect()
        }
        Err(reason) => {
            let reason = one_line(&reason);
            let what =
                format!("selector {name:?}: its settings are not checked, since its schema cannot be used: {reason}");
            vec![Finding::warning(what)]
        }
    }
}

/// Finds orders in which an entry is never asked, or a guard does not see what is decided after it.
fn order(entries: &[Entry]) -> Vec<Finding> {
    let reached = entries.iter().position(|entry| entry.module == LAST).map_or(entries.len(), |last| last + 1);
    let (asked, behind) = entries.split_at(reached);
    let mut found: Vec<_> = behind.iter().filter(|entry| entry.run == Run::UntilDecided).map(never_asked).collect();
    for (index, guard) in asked.iter().enumerate().filter(|(_, entry)| entry.run == Run::Always) {
        let later = asked.iter().skip(index).find(|entry| entry.run == Run::UntilDecided);
        found.extend(later.map(|later| {
            Finding::warning(format!(
                "selector {:?} (\"run\": \"always\") does not see what {:?} decides, which comes after it: put it last",
                guard.name, later.name
            ))
        }));
    }
    found
}

fn never_asked(entry: &Entry) -> Finding {
    Finding::warning(format!(
        "selector {:?} is never asked: it comes after default-plugin, which always decides; put it before that, or \
         write \"run\": \"always\"",
        entry.name
    ))
}

/// Finds built-in selectors that sleep although a pod has the annotation that they read: with a `wake` of
/// the entry's own that leaves the annotation out. Another entry of the same selector may wake for it.
fn asleep(entries: &[Entry]) -> Vec<Finding> {
    let asked = || entries.iter().filter(|entry| entry.run != Run::Shadow);
    let wakes = |module: &Module, key: &String| {
        let same = |entry: &&Entry| entry.module == *module;
        asked().filter(same).any(|entry| entry.wake.as_ref().is_none_or(|wake| wake.contains(key)))
    };
    let of = |entry: &Entry| {
        let usual = entry.module.default_wake().unwrap_or_default();
        let missing: Vec<_> = usual.iter().filter(|key| !wakes(&entry.module, key)).map(|key| json!(key)).collect();
        let written: Vec<_> = missing.iter().map(ToString::to_string).collect();
        (!missing.is_empty()).then(|| {
            Finding::warning(format!(
                "selector {:?} reads the annotation {}, and its \"wake\" leaves that out: it is not asked for a pod \
                 that has no other one of \"wake\", and the pod does not get what it asks for; add it to \"wake\", or \
                 leave \"wake\" out",
                entry.name,
                written.join(" and ")
            ))
        })
    };
    asked().filter_map(of).collect()
}
