//! The selector `rules`: policy without code. Its settings are a table of rules, and the first rule
//! whose conditions all hold decides. When none does, the selector passes.
//!
//! With `"run": "always"` the same table is a guard: it sees what was decided before.

use genie_selector::settings::Text;
use genie_selector::{About, Refusal, Request, Selector, Verdict, log};

mod act;
mod facts;
mod glob;
mod label;
mod place;
mod settings;
#[cfg(test)]
mod tests;
mod text;
mod when;

use act::Named;
use facts::Facts;
use settings::{Rule, Table};

/// The selector.
pub struct Rules;

impl Selector for Rules {
    type Settings = Text;

    fn about() -> About {
        About::new(
            "rules",
            env!("CARGO_PKG_VERSION"),
            "decides by the first rule of its settings that matches the pod, its namespace and its node",
        )
        .with_settings(include_str!("settings.schema.json"))
    }

    fn select(request: &Request, settings: &Text) -> Result<Verdict, Refusal> {
        let facts = Facts::of(request);
        let mut decided = None;
        // The rules behind the one that decides are read, too: a mistake is told whichever pod comes.
        settings.read(Table(|index, rule| {
            if decided.is_none() {
                decided = decide(&facts, index, &rule).transpose();
            }
        }))?;
        decided.unwrap_or(Ok(Verdict::Pass))
    }
}

/// What a rule decides. None when it leaves the pod to the next one.
fn decide(facts: &Facts<'_>, index: usize, rule: &Rule<'_>) -> Result<Option<Verdict>, Refusal> {
    let named = Named { index, name: rule.name.as_deref() };
    let holds = rule.when.holds(facts, &named);
    let decided = holds.and_then(|holds| if holds { act::act(&rule.action, facts, &named) } else { Ok(None) });
    let decided = decided.map_err(|refusal| named.explain(refusal))?;
    if decided.is_some() {
        log::debug!("{named} decides");
    }
    Ok(decided)
}

genie_selector::export!(Rules);
